"""`Guestfs`: the libguestfs API whose calls wait for their results."""

import time
import weakref
from types import TracebackType
from typing import Any

from guestshell.engine.machine import Accelerator
from guestshell.engine.owned import AcceleratorChoice, ApplianceChoice, OwnedHandle
from guestshell.engine.worker import Task, has_ended
from guestshell.guestfs_api.calls import Calls


class Guestfs(Calls):
    """A libguestfs handle with every method of the installed version, guestfs(3).

    `accelerator` is `auto` (KVM where QEMU says that it works, else emulation), `kvm` or `tcg`.
    `appliance` is `stock`, or `lean` for the one that `guestctl appliance build` made, which
    starts faster and reads all file systems but lacks many of the tools that write.

    Any thread may call it; one thread of its own makes the calls, in order. Errors of libguestfs
    are raised as GuestError with its errno. Methods that give yes or no give `bool`; wrong types
    raise TypeError. Ctrl-C cancels a transfer, which leaves the appliance as it was, and ends any
    other call after a second by stopping the appliance. A handle whose appliance has stopped
    raises ApplianceError from then on: the drives and mounts were the caller's, so is starting
    again.

    Callbacks of `set_event_callback` run in the handle's thread and may call the handle.
    """

    def __init__(
        self,
        *,
        accelerator: AcceleratorChoice = "auto",
        appliance: ApplianceChoice = "stock",
    ) -> None:
        self._owned = OwnedHandle(accelerator, appliance)
        # one that is forgotten must not keep its appliance
        weakref.finalize(self, self._owned.release).atexit = False

    def __enter__(self) -> "Guestfs":
        try:
            self._wait(self._owned.ready())
        except BaseException:  # nobody leaves what was not entered
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def accelerator(self) -> Accelerator | None:
        """What the appliance boots with and why; None before the first call."""
        return self._owned.accelerator

    def close(self) -> None:
        """Stop the appliance and free the handle, in the middle of a call too.

        A call under way ends with an error. Safe to call twice, and from any thread.
        """
        for seconds in self._owned.closing():
            time.sleep(seconds)

    def user_cancel(self) -> None:
        """End the transfer that another thread waits for; it raises GuestError with EINTR."""
        self._owned.user_cancel()

    def _call(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return self._wait(self._owned.submit(name, arguments, options))

    def _wait(self, task: Task[Any]) -> Any:
        try:
            return task.future.result()
        except KeyboardInterrupt:
            try:
                for seconds in self._owned.giving_up(task):
                    has_ended(task, seconds)
            except KeyboardInterrupt:  # a second one means: now
                self._owned.kill(task)
            raise
