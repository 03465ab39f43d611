"""Where everything goes that a person or program reads: the one writer of both streams."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from guestshell.errors import GuestShellError
from guestshell.output import pager
from guestshell.output.bytes import highlighted_lines, is_binary, peek, safe_lines
from guestshell.output.results import Blob, ClearScreen, Layout, Records, Result, Text
from guestshell.output.safe import safe_line, safe_name
from guestshell.output.style import paint

if TYPE_CHECKING:
    from rich.console import Console

    from guestshell.output.activity import Spinner

_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  lives as we do


class Sink:
    """Shows results on `stdout`, and everything else on `stderr`.

    On a terminal guest data is made safe and tall output is paged if `interactive`; elsewhere
    bytes go out as they are.
    """

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        *,
        interactive: bool = False,
        verbose: bool = False,
    ) -> None:
        # a stream that the caller has closed is None
        self._out = stdout or sys.stdout or _nowhere()
        self._err = stderr or sys.stderr or _nowhere()
        self._interactive = interactive
        self.verbose = verbose
        self._spinner: Spinner | None = None
        self.terminal = self._out.isatty()
        self.stderr_terminal = self._err.isatty()
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        self.color = self.terminal and not plain
        self._err_color = self.stderr_terminal and not plain

    @cached_property
    def _console(self) -> "Console":
        from rich.console import Console

        return Console(file=self._err, markup=True, highlight=False, no_color=not self._err_color)

    def size(self) -> os.terminal_size:
        """Give the terminal's columns and lines, 80×24 where there is none."""
        try:
            return os.get_terminal_size(self._out.fileno())
        except (OSError, ValueError):
            return os.terminal_size((80, 24))

    # -- results -------------------------------------------------------------------------------

    def show(self, result: Result) -> None:
        """Write a result. Errors of rows still being found are raised here."""
        if isinstance(result, Records):
            self._show_records(result)
        elif isinstance(result, Text):
            lines = (safe_line(line) for line in result.lines) if self.terminal else result.lines
            self._show_lines(lines, paged=False, page=True)
        elif isinstance(result, Blob):
            self._show_blob(result)
        elif isinstance(result, ClearScreen) and self.terminal:
            self._write(_CLEAR)

    def _show_records(self, records: Records[object]) -> None:
        # rich's width tables are not loaded before there is something to lay out
        from guestshell.output.text import render

        width = self.size().columns
        lines = render(records, color=self.color, width=width, terminal=self.terminal)
        self._show_lines(
            lines, paged=False, page=records.layout not in (Layout.LINES, Layout.CHECKSUMS)
        )

    def _show_lines(self, lines: Iterable[str], *, paged: bool, page: bool) -> None:
        if page and self._interactive and self.terminal:
            height = self.size().lines
            pager.show_if_tall(
                self._quietly(lines),
                height=height,
                always=paged,
                stream=self._out,
                command=pager.pager_command(),
            )
        else:
            for line in lines:
                self._write(line + "\n")
                if self.terminal:
                    self._out.flush()
        self._out.flush()

    def _quietly(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.stop_spinner()
            yield line

    def _show_blob(self, blob: Blob) -> None:
        if blob.raw or not self.terminal:
            self._out.flush()
            for block in blob.blocks:
                self.stop_spinner()
                self._out.buffer.write(block)
            self._out.flush()
            return
        head, blocks = peek(blob.blocks)
        if is_binary(head):
            self.notice(f"{safe_name(blob.name)} is binary: {blob.describe()}")
            self.notice("hexdump and strings show it; cat --raw sends it to the terminal as it is")
            return
        if blob.color and self.color:
            lines = highlighted_lines(blocks, blob.name)
        else:
            lines = safe_lines(blocks)
        self._show_lines(lines, paged=blob.paged, page=blob.paged)

    def _write(self, text: str) -> None:
        self.stop_spinner()
        if self.terminal:
            encoding = self._out.encoding or "utf-8"
            self._out.write(text.encode(encoding, "backslashreplace").decode(encoding))
        else:
            self._out.flush()
            self._out.buffer.write(text.encode("utf-8", "surrogateescape"))

    # -- everything else -----------------------------------------------------------------------

    def notice(self, message: str) -> None:
        """Write a line for the person, not for the pipe."""
        self._say(message, "")

    def warn(self, message: str) -> None:
        """Write a line about something that is not as it should be."""
        self._say(f"warning: {message}", "yellow")

    def error(self, error: GuestShellError, message: str = "") -> None:
        """Write what went wrong in one line, `message` or its own; the trace when verbose."""
        self._say(message or str(error), "red")
        if self.verbose:
            for line in "".join(traceback.format_exception(error)).splitlines():
                self._say(line, "")

    def _say(self, message: str, style: str) -> None:
        self.stop_spinner()
        with contextlib.suppress(OSError, ValueError):
            self._out.flush()
        with contextlib.suppress(OSError, ValueError):
            encoding = self._err.encoding or "utf-8"
            text = safe_line(message).encode(encoding, "backslashreplace").decode(encoding)
            self._err.write(paint(text, style, color=self._err_color) + "\n")
            self._err.flush()

    @contextlib.contextmanager
    def waiting(self, message: Callable[[], str]) -> Iterator[None]:
        """Spin while inside, until something is shown. Only on a terminal."""
        if self.stderr_terminal and self._interactive:
            from guestshell.output.activity import Spinner

            self._spinner = Spinner(self._console, lambda: safe_line(message()))
        try:
            yield
        finally:
            self.stop_spinner()

    def stop_spinner(self) -> None:
        """Take the spinner off the screen."""
        if self._spinner is not None:
            spinner, self._spinner = self._spinner, None
            spinner.stop()

    @contextlib.contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar of `total` bytes while inside; gives what advances it."""
        if not self.stderr_terminal:
            yield lambda count: None
            return
        from guestshell.output.activity import progress_bar

        self.stop_spinner()
        with progress_bar(self._console, safe_line(label), total) as advance:
            yield advance
