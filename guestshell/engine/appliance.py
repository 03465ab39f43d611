"""One appliance: a handle, and the one thread that owns it.

libguestfs keeps its error handlers per thread, so every call is made by the worker. Callers
wait on a future, which leaves them free to hear Ctrl-C; only `user_cancel` and signals to the
appliance's own process ever come from another thread.
"""

import contextlib
import enum
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from guestshell.engine import boot, processes
from guestshell.engine.boot import Drive
from guestshell.engine.console import about_one_disk
from guestshell.engine.diagnosis import explain_launch_failure
from guestshell.engine.handle import Handle
from guestshell.engine.interruption import Interrupted, result_of
from guestshell.engine.machine import Accelerator
from guestshell.engine.watch import CALL_LIMIT_SECONDS, Watch
from guestshell.engine.worker import CLOSE_SECONDS, Task, Worker, giving_up, has_ended
from guestshell.errors import ApplianceError, GuestError, GuestShellError

_T = TypeVar("_T")

_MOST_COMPLAINTS = 100


class State(enum.Enum):
    """Where an appliance is in its life."""

    NEW = "not started"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"
    CLOSED = "closed"


class Pending(Generic[_T]):
    """A call that was queued; its result may be waited for later."""

    def __init__(self, appliance: "Appliance", task: Task[_T]) -> None:
        self._appliance = appliance
        self._task = task

    def result(self) -> _T:
        """Wait as `Appliance.call` does, Ctrl-C included."""
        return self._appliance._wait(self._task)

    def cancel(self) -> None:
        """Take it back if it has not begun."""
        self._task.future.cancel()


def _do_nothing(_handle: Handle) -> None:
    pass


def _ignore(_message: str) -> None:
    pass


class Appliance:
    """Boots once, answers calls in order, and comes back when it dies.

    `restore` runs in the worker after each restart to mount again what was mounted. `notice`
    gets one line when something happened that the user should know; it is called from the
    worker's thread.
    """

    def __init__(
        self,
        drives: Sequence[Drive],
        *,
        memory: int | None = None,
        restore: Callable[[Handle], None] = _do_nothing,
        notice: Callable[[str], None] = _ignore,
    ) -> None:
        self._drives = tuple(drives)
        self._memory = memory
        self._restore = restore
        self._notice = notice
        self._worker = Worker("appliance", begin=self._begin, end=self._shut_down)
        self._handle: Handle | None = None
        self._failure: GuestShellError | None = None
        self._closing = False
        self._watch = Watch(lambda: self.call_limit(), self._kill)
        self._launching_since = 0.0
        self._starting = threading.Lock()
        self.call_limit: Callable[[], float] = lambda: CALL_LIMIT_SECONDS
        """Gives the seconds after which a call is ended by replacing the appliance; 0 for never."""
        self._past_complaints = 0
        self._complaints: deque[str] = deque(maxlen=_MOST_COMPLAINTS)
        self.state = State.NEW
        self.progress = 0.0
        """How far the launch is, 0 to 1."""
        self.pid: int | None = None
        """The emulator's process; remembered, for asking the handle during a call deadlocks."""
        self.accelerator: Accelerator | None = None

    # -- life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to boot and return at once."""
        with self._starting:
            if self._thread is None:
                self.state = State.STARTING
                self._launching_since = time.monotonic()
                self._worker.start()
                self._watch.start()

    def close(self) -> None:
        """Stop the appliance, in the middle of a launch too. Safe to call twice."""
        self._closing = True
        if self._thread is None:
            self.state = State.CLOSED
            return
        self._watch.end()
        self._worker.finish()
        deadline = time.monotonic() + CLOSE_SECONDS
        while self._worker.is_alive and time.monotonic() < deadline:
            if self.state in (State.STARTING, State.RESTARTING):
                processes.kill_launch(self._worker.thread_id)
            self._worker.join(0.05)
            if self.state is State.READY and time.monotonic() > deadline - CLOSE_SECONDS + 1:
                self._kill()
        self.state = State.CLOSED

    @property
    def _thread(self) -> threading.Thread | None:
        return self._worker.thread

    @property
    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._closing

    @property
    def waited(self) -> float:
        """Seconds since the launch or restart under way began."""
        return time.monotonic() - self._launching_since

    def _kill(self) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)

    # -- calls -------------------------------------------------------------------------------

    def submit(self, call: Callable[[Handle], _T]) -> Pending[_T]:
        """Queue a call whose result is wanted later, as `call` would make it."""
        return Pending(self, self._enqueue(call))

    def background(self, call: Callable[[Handle], _T]) -> Future[_T]:
        """Queue a call that Ctrl-C does not end: only waiting for it does."""
        return self._enqueue(call).future

    def call(self, call: Callable[[Handle], _T], *, stream: bool = False, retry: bool = True) -> _T:
        """Run a call in the worker and give its result.

        Ctrl-C (KeyboardInterrupt) ends the call: a `stream` by cancelling the transfer, any
        other after a second's grace by killing the appliance, which restarts by itself. A
        call that met a dead appliance is made once more after the restart unless not `retry`.
        """
        return self._wait(self._enqueue(call, stream, retry))

    def _enqueue(
        self, call: Callable[[Handle], _T], stream: bool = False, retry: bool = True
    ) -> Task[_T]:
        if self._closing:
            raise ApplianceError("the guest is closed")
        self.start()
        task: Task[_T] = Task(lambda task: self._attempt(call, task, retry), stream)
        self._worker.put(task)
        return task

    def _wait(self, task: Task[_T]) -> _T:
        try:
            return result_of(task.future)
        except Interrupted:
            self._abandon(task)
            raise
        except KeyboardInterrupt:
            try:
                self._abandon(task)
            except KeyboardInterrupt:  # a second one means: now
                if not task.future.done():
                    self._kill()
            raise

    def _abandon(self, task: Task[Any]) -> None:
        if self.state is not State.READY:
            task.abandoned = True
            task.future.cancel()
            return
        for seconds in giving_up(task, self._cancel_transfer, self._kill):
            has_ended(task, seconds)

    def _cancel_transfer(self) -> None:
        if self._handle is not None:
            self._handle.raw.user_cancel()

    # -- the worker --------------------------------------------------------------------------

    def _begin(self) -> None:
        try:
            self._launch()
        except GuestShellError as error:
            self._fail(error)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self._fail(explain_launch_failure(reason, self._memory))
        except Exception as error:  # the worker must live to tell each caller
            self._fail(ApplianceError(f"the appliance could not be started: {error!r}"))

    def _attempt(self, call: Callable[[Handle], _T], task: Task[_T], retry: bool) -> _T:
        if self._failure is not None:
            raise self._failure
        if self._handle is None:
            raise ApplianceError("the guest is closed")
        limit = self.call_limit()
        try:
            return self._made(call)
        except GuestError:
            if self._handle.raw.is_ready():
                raise
        if self._closing:
            raise ApplianceError("the guest is closed")
        overdue = self._watch.overdue
        self._restart()
        if overdue:
            raise ApplianceError(
                f"no answer in {limit:g} s, so the appliance was replaced",
                "set call_limit SECONDS waits longer",
            )
        if task.abandoned or not retry:
            raise ApplianceError("the appliance stopped during the call", "run it again")
        try:
            return self._made(call)
        except GuestError:
            if self._handle.raw.is_ready():
                raise
        raise ApplianceError("the appliance stops whenever this is asked of it")

    def _made(self, call: Callable[[Handle], _T]) -> _T:
        assert self._handle is not None
        try:
            with self._watch.over():
                return call(self._handle)
        finally:
            self._complaints.extend(self._handle.console.take())

    @property
    def complaint_count(self) -> int:
        """How many times its kernel complained of what it read."""
        handle = self._handle
        return self._past_complaints + (handle.console.count if handle is not None else 0)

    def take_complaints(self) -> list[str]:
        """Give what its kernel complained of and nobody took yet, the last hundred at most."""
        taken = []
        with contextlib.suppress(IndexError):
            while True:
                taken.append(self._complaints.popleft())
        return list(map(about_one_disk, taken)) if len(self._drives) == 1 else taken

    def _restart(self) -> None:
        self.state = State.RESTARTING
        self._notice("The appliance stopped; starting a new one and mounting as before.")
        self._shut_down()
        self.state = State.RESTARTING
        try:
            self._launch()
            assert self._handle is not None
            with self._watch.over():
                self._restore(self._handle)
        except GuestShellError as error:
            self._fail(error)
            raise
        except Exception as error:
            self._fail(ApplianceError(f"the appliance could not be restarted: {error!r}"))
            raise

    def _fail(self, error: GuestShellError) -> None:
        self._failure = error
        self.state = State.FAILED

    def _launch(self) -> None:
        self._launching_since = time.monotonic()
        self.progress = 0.0
        launched = boot.launch(
            self._drives,
            memory=self._memory,
            progress=self._show_progress,
            notice=self._notice,
            wanted=lambda: not self._closing,
        )
        self._handle = launched.handle
        self.accelerator = launched.accelerator
        self.pid = launched.pid
        self.state = State.READY

    def _show_progress(self, share: float) -> None:
        self.progress = share

    def _shut_down(self) -> None:
        if self._handle is not None:
            self._past_complaints += self._handle.console.count
        handle, self._handle, self.pid = self._handle, None, None
        if handle is not None:
            with contextlib.suppress(RuntimeError):
                handle.raw.close()
        self.state = State.CLOSED
