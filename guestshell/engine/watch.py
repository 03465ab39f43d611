"""A limit to how long one call may take, for a guest can hold up the kernel that reads it."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

CALL_LIMIT_SECONDS = 300.0
"""How long one call may take where nobody says otherwise."""

_GLANCE_SECONDS = 0.5


class Watch(threading.Thread):
    """Ends the call of a worker that takes longer than its limit."""

    def __init__(self, limit: Callable[[], float], kill: Callable[[], None]) -> None:
        super().__init__(name="watch", daemon=True)
        self._limit = limit
        self._kill = kill
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._began: float | None = None
        self.overdue = False
        """Whether the last call was ended."""

    @contextlib.contextmanager
    def over(self) -> Iterator[None]:
        """Watch over the call inside."""
        self.overdue = False
        self._began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:  # a call that is about to be ended is this one
                self._began = None

    def run(self) -> None:
        """Look now and then until the end."""
        while not self._ended.wait(_GLANCE_SECONDS):
            with self._lock:
                began, limit = self._began, self._limit()
                if began is not None and limit and time.monotonic() - began > limit:
                    self.overdue = True
                    self._kill()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
