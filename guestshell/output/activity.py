"""Say on the terminal that something is under way: a spinner, or a bar where there is a measure.

Both go to standard error, both only where it is a terminal.
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.status import Status

_PATIENCE = 0.4
"""Seconds of silence before a spinner says why."""

_SHORT = 1.0
"""Seconds of work that need no bar."""


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


class ProgressBar:
    """Shows rate and time left of work that takes over a second; `advance` counts bytes."""

    def __init__(
        self, console: "Console", label: str, total: int, before: Callable[[], None]
    ) -> None:
        """`before` is called when the bar appears."""
        self._console = console
        self._label = label
        self._total = total
        self._before = before
        self._started = time.monotonic()
        self._done = 0
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def advance(self, count: int) -> None:
        """Say that so many bytes more are done."""
        self._done += count
        if self._progress is None and time.monotonic() - self._started > _SHORT:
            self._before()
            self._begin()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._done)

    def _begin(self) -> None:
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
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._task = self._progress.add_task(escape(self._label), total=self._total)
        self._progress.start()
