"""Ending what one thread waits for from another, as Ctrl-C does for the main thread."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TypeVar

_T = TypeVar("_T")


class Interrupted(BaseException):
    """What a thread waited for is not wanted any more. No Exception: nothing recovers from it."""


class Interruption:
    """What may end the waiting of the thread that heeds it, now and later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._happened = False
        self._wake: threading.Event | None = None

    def interrupt(self) -> None:
        """End what the heeding thread waits for, or will wait for next. From any thread."""
        with self._lock:
            self._happened = True
            if self._wake is not None:
                self._wake.set()

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """Have what this thread waits for inside end by `interrupt`."""
        token = _heeded.set(self)
        try:
            yield
        finally:
            _heeded.reset(token)

    def wait(self, future: "Future[_T]") -> _T:
        """Give a future's result. Raises Interrupted, or what the future holds."""
        wake = threading.Event()
        with self._lock:
            if self._happened:
                raise Interrupted
            self._wake = wake
        future.add_done_callback(lambda _: wake.set())
        wake.wait()
        if not future.done():
            raise Interrupted
        return future.result()


_heeded: ContextVar[Interruption | None] = ContextVar("interruption", default=None)


def result_of(future: "Future[_T]") -> _T:
    """Wait for a future's result; an interruption that this thread heeds ends that."""
    interruption = _heeded.get()
    return future.result() if interruption is None else interruption.wait(future)
