"""One libguestfs handle for a program of its own: every method, one thread, no restarts.

`Appliance` is for our guest, whose drives and mounts it knows and makes anew. Here they are the
caller's: an appliance that stops stays stopped, and the calls after it say so.
"""

import atexit
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from guestshell.engine import boot, machine, processes
from guestshell.engine.bytesafe import ByteSafeMethods
from guestshell.engine.diagnosis import explain_launch_failure
from guestshell.engine.lean import store
from guestshell.engine.machine import Accelerator
from guestshell.engine.methods import methods
from guestshell.engine.overlays import is_overlay
from guestshell.engine.streams import STREAMS
from guestshell.engine.worker import CLOSE_SECONDS, GRACE_SECONDS, Task, Worker, giving_up
from guestshell.errors import ApplianceError, GuestError, GuestShellError

AcceleratorChoice = Literal["auto", "kvm", "tcg"]
ApplianceChoice = Literal["stock", "lean"]

_STUCK_SECONDS = 10.0
"""A transfer that does not end when cancelled waits for something that never comes."""

_adding = threading.Lock()
"""A read-only drive is added by starting qemu-img, and while many threads start programs no other
thread gets on, an event loop's included: 120 ms for twenty at once, 30 to 60 one by one."""

_STOPPING = frozenset({"kill_subprocess", "shutdown"})


def _accelerator(choice: AcceleratorChoice) -> Accelerator:
    if choice == "tcg":
        return Accelerator(False, "emulation was asked for")
    verdict = machine.choose_accelerator()
    if choice == "kvm" and not verdict.kvm:
        raise ApplianceError(f"KVM was asked for: {verdict.reason}", "accelerator='auto' emulates")
    return verdict


def _directory(choice: ApplianceChoice) -> Path | None:
    if choice == "stock":
        return None
    directory = store.chosen()
    if directory is None:
        standing = store.standing()
        raise ApplianceError(f"no lean appliance: {standing.why}", standing.remedy)
    return directory


@contextlib.contextmanager
def _in_turn() -> Iterator[None]:
    # a second at most: a callback of this call may be what the others wait for
    taken = _adding.acquire(timeout=1)
    try:
        yield
    finally:
        if taken:
            _adding.release()


class OwnedHandle:
    """A binding handle that one thread makes, calls and closes."""

    def __init__(self, accelerator: AcceleratorChoice, appliance: ApplianceChoice) -> None:
        self._accelerator_choice: AcceleratorChoice = accelerator
        self._appliance_choice: ApplianceChoice = appliance
        self._worker = Worker("guestfs", begin=self._make, end=self._unmake)
        self._raw: Any = None
        self._bytes: ByteSafeMethods | None = None
        self._failure: GuestShellError | None = None
        self._raw_lock = threading.Lock()
        self._running: Task[Any] | None = None
        self._overlays: list[int] = []
        self._launching = False
        self._launched = False
        self._closing = False
        self.accelerator: Accelerator | None = None
        """What it boots with, once the handle is made."""
        self.pid: int | None = None
        """The emulator's process while it runs; asking the handle during a call deadlocks."""

    # -- callers -----------------------------------------------------------------------------

    def submit(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Task[Any]:
        """Queue a call of the method `name`.

        Raises TypeError and GuestError for arguments that do not fit, ApplianceError when closed.
        """
        given = methods()[name].check(arguments, options)
        return self._submit(lambda task: self._run(task, name, given), name in STREAMS)

    def ready(self) -> Task[None]:
        """Queue nothing: the task ends when the handle is made, or has why it could not be."""
        return self._submit(lambda task: self._usable())

    def _submit(self, call: Callable[[Task[Any]], Any], stream: bool = False) -> Task[Any]:
        if self._closing:
            raise ApplianceError("the handle is closed")
        task: Task[Any] = Task(call, stream)
        if self._worker.is_current:  # an event's callback: the worker itself waits for it
            task.future.set_running_or_notify_cancel()
            self._worker.run(task)
            return task
        self._worker.start_soon()
        self._worker.put(task)
        return task

    def user_cancel(self) -> None:
        """End the transfer under way, if there is one, with errno EINTR. From any thread."""
        with self._raw_lock:
            if self._raw is not None:
                self._raw.user_cancel()

    def giving_up(self, task: Task[Any]) -> Iterator[float]:
        """End a call as `worker.giving_up` does, and wait for its end at most ten seconds more."""
        yield from giving_up(
            task, self.user_cancel, lambda: self.kill(task), patience=_STUCK_SECONDS
        )
        waited = 0.0
        while not task.future.done() and waited < CLOSE_SECONDS:
            if self._launching:  # between two programs of a launch there was nothing to kill
                self.kill(task)
            waited += 0.05
            yield 0.05

    def kill(self, task: Task[Any] | None = None) -> None:
        """Stop the emulator at once, launched or launching; for `task` only while that runs."""
        if task is not None and task is not self._running:
            return
        if self._launching:
            processes.kill_launch(self._worker.thread_id)
        elif self.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)

    def release(self) -> None:
        """Begin to close and return at once, for an owner that is gone. Safe to call twice."""
        if self._closing:
            return
        self._closing = True
        self._worker.finish()

    def closing(self) -> Iterator[float]:
        """Close: each step gives the seconds to wait before the next.

        A transfer is cancelled and a launch ended at once; any other call gets a grace, then its
        appliance is killed. Nothing waits longer than ten seconds.
        """
        self.release()
        begun = time.monotonic()
        pause = 0.001  # a handle that was not launched is closed in less
        while self._worker.is_alive and not self._worker.is_current:
            waited = time.monotonic() - begun
            running = self._running
            if waited > CLOSE_SECONDS:
                self.kill()
                return
            if self._launching:
                self.kill()
            elif running is not None and running.stream and waited < GRACE_SECONDS:
                self.user_cancel()
            elif running is not None and waited > GRACE_SECONDS:
                self.kill()
            yield pause
            pause = min(2 * pause, 0.05)
        if not self._worker.is_current:
            self._worker.join(1)

    def close_now(self) -> None:
        """Close and wait for it."""
        for seconds in self.closing():
            time.sleep(seconds)

    # -- the worker --------------------------------------------------------------------------

    def _make(self) -> None:
        # a daemon thread that is in a call when the interpreter ends would take it down
        atexit.register(self.close_now)
        try:
            self.accelerator = _accelerator(self._accelerator_choice)
            directory = _directory(self._appliance_choice)
            raw = boot.bare_handle(self.accelerator, directory)
            self._bytes = ByteSafeMethods(raw)
            self._raw = raw
        except GuestShellError as error:
            self._failure = error
        except Exception as error:  # the worker must live to tell each caller
            self._failure = ApplianceError(f"no handle could be made: {error!r}")

    def _unmake(self) -> None:
        with self._raw_lock:
            raw, self._raw = self._raw, None
        if raw is not None:
            with contextlib.suppress(RuntimeError):
                raw.close()
        self.pid = None
        atexit.unregister(self.close_now)

    def _usable(self) -> None:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._closing:
            raise ApplianceError("the handle is closed")

    def _run(self, task: Task[Any], name: str, given: dict[str, Any]) -> Any:
        self._usable()
        outer, self._running = self._running, task
        try:
            return self._launch() if name == "launch" else self._call(name, given)
        finally:
            self._running = outer

    def _call(self, name: str, given: dict[str, Any]) -> Any:
        assert self._bytes is not None
        method = self._bytes.method(name) or getattr(self._raw, name)
        adds = name.startswith("add_")
        drives = len(self._raw.debug_drives()) if adds else 0
        try:
            with _in_turn() if adds else contextlib.nullcontext():
                result = method(**given)
        except (RuntimeError, GuestError) as error:
            raise self._explained(name, error) from None
        except UnicodeDecodeError:
            raise GuestError(f"{name}: the answer holds text outside UTF-8") from None
        if adds:
            for index, listed in enumerate(self._raw.debug_drives()[drives:], drives):
                if is_overlay(name, given, listed):
                    self._overlays.append(index)
        elif name in _STOPPING:
            self._launched, self.pid = False, None
        return bool(result) if methods()[name].gives_bool else result

    def _explained(self, name: str, error: RuntimeError | GuestError) -> GuestShellError:
        assert self._bytes is not None
        told = self._bytes.last_error() if isinstance(error, RuntimeError) else error
        if not self._launched or self._raw.is_ready():
            return told
        self._launched, self.pid = False, None
        if name in _STOPPING:  # it stopped as it should, but what was written may be lost
            return told
        if self._closing:
            return ApplianceError("the handle is closed")
        self._failure = ApplianceError(
            "the appliance stopped", "a handle has one appliance: make a new handle"
        )
        return self._failure

    def _launch(self) -> None:
        assert self.accelerator is not None
        if self._launched:
            raise GuestError("launch: this handle was launched already")
        for index in self._overlays:
            boot.name_content_format(self._raw, index)
        self._launching = True
        try:
            boot.launch_in_time(self._raw)
        except ApplianceError as error:
            if self._closing:
                raise ApplianceError("the handle is closed") from None
            self._failure = explain_launch_failure(error.message, self._raw.get_memsize())
            if self.accelerator.kvm:
                self._failure.remedy = "accelerator='tcg' does without KVM"
            raise self._failure from None
        finally:
            self._launching = False
        self.pid = boot.process_of(self._raw)
        self._launched = True
