"""Say how many of many things are done, and when the rest will be: a bar on standard error."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from guestshell.output.safe import safe_line

_REMEMBERED = 24 * 3600.0
"""Seconds over which the speed is taken: one image may take minutes."""

_LONGEST_LABEL = 40


class CountBar:
    """Shows a count of `total` and the time left. It hides while something else is written."""

    def __init__(self, console: Console, total: int) -> None:
        columns = (
            BarColumn(20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        self._progress = Progress(
            *columns, console=console, transient=True, speed_estimate_period=_REMEMBERED
        )
        self._task = self._progress.add_task("", total=total)
        self._shown = False

    def __enter__(self) -> Self:
        self._show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def _show(self) -> None:
        if not self._shown:
            self._progress.start()
            self._shown = True

    def hide(self) -> None:
        """Take it off the screen until more is said."""
        if self._shown:
            self._progress.stop()
            self._shown = False

    def say(self, label: str) -> None:
        """Name what is at work."""
        text = escape(safe_line(label)[-_LONGEST_LABEL:])
        self._progress.update(self._task, description=text)
        self._show()

    def advance(self) -> None:
        """Count one more."""
        self._progress.advance(self._task)
        self._show()
