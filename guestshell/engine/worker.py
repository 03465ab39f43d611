"""One thread that makes every call of a libguestfs handle, and how its callers give up.

libguestfs keeps its error handlers per thread, so a handle is made, called and closed in one
thread. Callers wait on a future, which leaves them free to hear Ctrl-C or to run an event loop.
"""

import functools
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")

GRACE_SECONDS = 1.0
CANCEL_EVERY = 0.5
CLOSE_SECONDS = 10.0


@dataclass
class Task(Generic[_T]):
    """A call for the worker. A `stream` can be ended by cancelling the transfer.

    `call` is given the task, for it to see that it was abandoned; if it held it by itself, results
    of megabytes would wait for the collector of cycles.
    """

    call: Callable[["Task[_T]"], _T]
    stream: bool = False
    future: Future[_T] = field(default_factory=Future)
    abandoned: bool = False
    """Nobody waits for the result any more."""


def _do_nothing() -> None:
    pass


class Worker:
    """A thread that runs tasks in the order in which they came.

    `begin` and `end` run in it before the first task and after the last; neither may raise.
    """

    def __init__(
        self,
        name: str,
        *,
        begin: Callable[[], None] = _do_nothing,
        end: Callable[[], None] = _do_nothing,
    ) -> None:
        self._name = name
        self._begin = begin
        self._end = end
        self._queue: queue.SimpleQueue[Task[Any] | None] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._wanted = False
        self._ended = threading.Event()
        self.thread: threading.Thread | None = None
        """The thread, once it was started."""

    def start(self) -> None:
        """Start the thread if it was not."""
        with self._starting:
            self._wanted = True
            if self.thread is None:
                self.thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self.thread.start()

    def start_soon(self) -> None:
        """Have the thread started by another, for to start one is to wait until it runs."""
        if not self._wanted:
            self._wanted = True
            _starter().put(Task(lambda task: self.start()))

    def put(self, task: Task[Any]) -> None:
        """Queue a task."""
        self._queue.put(task)

    def finish(self) -> None:
        """Let the thread end behind what is queued."""
        self._queue.put(None)

    @property
    def thread_id(self) -> int:
        """The kernel's number of the thread, 0 when there is none."""
        return (self.thread.native_id or 0) if self.thread is not None else 0

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs or is about to."""
        return self._wanted and not self._ended.is_set()

    @property
    def is_current(self) -> bool:
        """Whether the caller is in the worker's own thread, as callbacks of events are."""
        return self.thread is threading.current_thread()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, at most so long."""
        # a signal can come before the thread is started, and join fails then
        if self._ended.wait(seconds) and self.thread is not None:
            self.thread.join(seconds)

    def _work(self) -> None:
        self._begin()
        while (task := self._queue.get()) is not None:
            if task.future.set_running_or_notify_cancel():
                self.run(task)
            del task
        self._end()
        self._ended.set()

    @staticmethod
    def run(task: Task[Any]) -> None:
        """Make a call that is marked as running and keep its result; in the worker's thread."""
        try:
            task.future.set_result(task.call(task))
        except BaseException as error:
            task.future.set_exception(error)


@functools.cache
def _starter() -> Worker:
    starter = Worker("starter")
    starter.start()
    return starter


os.register_at_fork(after_in_child=_starter.cache_clear)  # a child has none of our threads


def giving_up(
    task: Task[Any],
    cancel: Callable[[], None],
    kill: Callable[[], None],
    *,
    patience: float = float("inf"),
) -> Iterator[float]:
    """End a call that nobody wants: each step gives the seconds to wait for it before the next.

    A queued call is taken back. A stream is cancelled until it ends, and killed when that takes
    longer than `patience` seconds; any other call gets a grace and is killed.
    """
    task.abandoned = True
    if task.future.cancel():
        return
    waited = 0.0
    while task.stream and waited < patience and not task.future.done():
        # one that comes before the stream has begun is lost: say it until it is heard
        cancel()
        waited += CANCEL_EVERY
        yield CANCEL_EVERY
    if not task.stream:
        yield GRACE_SECONDS
    if not task.future.done():
        kill()


def has_ended(task: Task[Any], seconds: float) -> bool:
    """Wait for a task to end, at most so long, and say whether it did."""
    try:
        task.future.exception(timeout=seconds)
    except FutureTimeoutError:
        return False
    return True
