"""`AsyncGuestfs`: the libguestfs API whose calls are awaited."""

import asyncio
import weakref
from types import TracebackType
from typing import Any

from guestshell.engine.machine import Accelerator
from guestshell.engine.owned import AcceleratorChoice, ApplianceChoice, OwnedHandle
from guestshell.engine.worker import Task
from guestshell.guestfs_api.calls import AsyncCalls


class AsyncGuestfs(AsyncCalls):
    """A libguestfs handle whose methods are awaited; otherwise as `Guestfs`.

    The event loop never waits for libguestfs: calls are made by a thread of the handle's own, in
    order. A task that is cancelled, by `asyncio.timeout` too, first ends its call: a transfer is
    cancelled, which leaves the appliance as it was; any other call gets a second, then the
    appliance is stopped.

    Callbacks of `set_event_callback` run in the handle's thread, not in the event loop's:
    `loop.call_soon_threadsafe` leads from one to the other.
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

    async def __aenter__(self) -> "AsyncGuestfs":
        try:
            await self._wait(self._owned.ready())
        except BaseException:  # nobody leaves what was not entered
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def accelerator(self) -> Accelerator | None:
        """What the appliance boots with and why; None before the first call."""
        return self._owned.accelerator

    async def close(self) -> None:
        """Stop the appliance and free the handle, in the middle of a call too.

        A call under way ends with an error. Safe to call twice. A task that is cancelled while
        it closes closes all the same.
        """
        cancelled: asyncio.CancelledError | None = None
        for seconds in self._owned.closing():
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def user_cancel(self) -> None:
        """End the transfer that another task awaits; it raises GuestError with EINTR."""
        self._owned.user_cancel()

    async def _call(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return await self._wait(self._owned.submit(name, arguments, options))

    async def _wait(self, task: Task[Any]) -> Any:
        future = asyncio.wrap_future(task.future)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await self._give_up(task, future)
            raise

    async def _give_up(self, task: Task[Any], future: "asyncio.Future[Any]") -> None:
        # asked for here, or the loop would complain of an error that nobody took
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        for seconds in self._owned.giving_up(task):
            try:
                await asyncio.wait([future], timeout=seconds)
            except asyncio.CancelledError:  # a second one means: now
                self._owned.kill(task)
