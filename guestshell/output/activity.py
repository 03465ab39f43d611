"""Say on the terminal that something is under way: a spinner, or a bar where there is a measure.

Both go to standard error, both only where it is a terminal.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

_PATIENCE = 0.4
"""Seconds of silence before a spinner says why."""


class Spinner:
    """Appears when nothing has been shown for a moment; `stop` before anything is written."""

    def __init__(self, console: "Console", message: Callable[[], str]) -> None:
        self._console = console
        self._message = message
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._status: Status | None = None
        self._thread = threading.Thread(target=self._run, name="spinner", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        if self._stopped.wait(_PATIENCE):
            return
        with self._lock:
            if self._stopped.is_set():
                return
            self._status = self._console.status(self._text(), spinner="dots")
            self._status.start()
        while not self._stopped.wait(0.2):
            with self._lock:
                if self._status is not None:
                    self._status.update(self._text())

    def _text(self) -> str:
        from rich.markup import escape

        return escape(self._message())

    def stop(self) -> None:
        """Take it off the screen; safe to call twice."""
        self._stopped.set()
        with self._lock:
            if self._status is not None:
                self._status.stop()
                self._status = None


@contextlib.contextmanager
def progress_bar(console: "Console", label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with rate and time left while inside; gives what advances it, in bytes."""
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(escape(label), total=total or None)
        yield lambda count: progress.advance(task, count)
