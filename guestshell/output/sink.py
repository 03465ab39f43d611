"""Where everything goes that a person or program reads: the one writer of both streams."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

from guestshell.errors import GuestShellError, HostError
from guestshell.output import pager
from guestshell.output.bytes import highlighted_lines, is_binary, peek, safe_lines
from guestshell.output.encoded import encoded
from guestshell.output.formats import data_lines
from guestshell.output.results import Blob, ClearScreen, Layout, Records, Result, Text
from guestshell.output.safe import safe_line, safe_name
from guestshell.output.style import paint
from guestshell.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from guestshell.output.activity import Spinner
    from guestshell.output.counting import CountBar

_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  lives as we do


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Say of an error inside where it was; a reader that left is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise HostError(f"standard output: {(error.strerror or str(error)).lower()}") from error


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
        settings: Settings | None = None,
    ) -> None:
        # a stream that the caller has closed is None
        self._out = stdout or sys.stdout or _nowhere()
        self._err = stderr or sys.stderr or _nowhere()
        self._interactive = interactive
        self.settings = settings or Settings()
        self.verbose = verbose
        self._spinner: Spinner | None = None
        self._count: CountBar | None = None
        self.terminal = self._out.isatty()
        self.stderr_terminal = self._err.isatty()

    @property
    def color(self) -> bool:
        """Whether results are coloured."""
        return self._colored(self.terminal)

    def _colored(self, terminal: bool) -> bool:
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        return terminal and not plain and self.settings["color"] != "never"

    @property
    def _err_color(self) -> bool:
        return self._colored(self.stderr_terminal)

    @property
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
        if isinstance(result, ClearScreen):
            if self.terminal:
                self._write_text(_CLEAR)
        elif not self.terminal:
            self._write_bytes(result)
        elif isinstance(result, Records):
            self._show_records(result)
        elif isinstance(result, Text):
            self._show_lines(map(safe_line, result.lines), paged=False, page=True)
        elif isinstance(result, Blob):
            self._show_blob(result)

    def _write_bytes(self, result: Result) -> None:
        with _writing():
            self._out.flush()
        size = result.size if isinstance(result, Blob) else None
        with self.progress("Writing", size or 0) as advance:
            for block in encoded(result, self.settings.text("output")):
                self.stop_spinner()
                with _writing():
                    self._out.buffer.write(block)
                advance(len(block))
        with _writing():
            self._out.flush()

    def _show_records(self, records: Records[Any]) -> None:
        form = records.format or self.settings.text("output")
        if form == "table":
            # rich's width tables are not loaded before there is something to lay out
            from guestshell.output.text import render

            width = self.size().columns
            lines = render(records, color=self.color, width=width, terminal=True)
            page = records.layout not in (Layout.LINES, Layout.CHECKSUMS)
        else:
            data = data_lines(records, form)
            lines = (safe_line(line) for text in data for line in text.split("\n"))
            page = True
        self._show_lines(lines, paged=False, page=page)

    def _show_lines(self, lines: Iterable[str], *, paged: bool, page: bool) -> None:
        if page and self._interactive:
            height = self.size().lines
            pager.show_if_tall(
                self._quietly(lines),
                height=height,
                always=paged,
                stream=self._out,
                command=pager.pager_command(self.settings.text("pager")),
            )
        else:
            for line in lines:
                self._write_text(line + "\n")
                with _writing():
                    self._out.flush()
        with _writing():
            self._out.flush()

    def _quietly(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.stop_spinner()
            yield line

    def _show_blob(self, blob: Blob) -> None:
        if blob.raw:
            self._write_bytes(blob)
            return
        head, blocks = peek(blob.blocks)
        if is_binary(head):
            self.notice(f"{safe_name(blob.name)} is binary: {blob.describe()}")
            self.notice("hexdump and strings show it; cat --raw sends it to the terminal as it is")
            return
        if blob.color and self.color:
            lines = highlighted_lines(blocks, blob.name, self.settings.text("theme"))
        else:
            lines = safe_lines(blocks)
        self._show_lines(lines, paged=blob.paged, page=blob.paged)

    def _write_text(self, text: str) -> None:
        self.stop_spinner()
        encoding = self._out.encoding or "utf-8"
        with _writing():
            self._out.write(text.encode(encoding, "backslashreplace").decode(encoding))

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

    def complain(self, data: bytes) -> None:
        """Write what a program of this host said on standard error."""
        for line in data.decode("utf-8", "surrogateescape").splitlines():
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
        if self.stderr_terminal:
            from guestshell.output.activity import Spinner

            self.stop_spinner()  # that of a line which runs this one
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
        if self._count is not None:
            self._count.hide()

    @contextlib.contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar of `total` bytes once that takes over a second; gives what advances it."""
        if not self.stderr_terminal or total <= 0:
            yield lambda count: None
            return
        from guestshell.output.activity import ProgressBar

        with ProgressBar(self._console, safe_line(label), total, self.stop_spinner) as bar:
            yield bar.advance

    @contextlib.contextmanager
    def counting(self, total: int) -> Iterator["CountBar | None"]:
        """Show how many of `total` things are done while inside; None where nobody looks."""
        if not self.stderr_terminal or total < 2:
            yield None
            return
        from guestshell.output.counting import CountBar

        with CountBar(self._console, total) as self._count:
            try:
                yield self._count
            finally:
                self._count = None
