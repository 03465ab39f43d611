"""`AsyncPool`: no more appliances at once than the host has memory and processors for."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from guestshell.engine.diagnosis import available_memory
from guestshell.engine.owned import AcceleratorChoice, ApplianceChoice
from guestshell.errors import UsageError
from guestshell.guestfs_api.asynchronous import AsyncGuestfs

APPLIANCE_BYTES = 1536 * 2**20
"""What an appliance may come to hold: the 1280 MiB that libguestfs gives its guest on x86-64
(guestfs(3), set_memsize), and 256 MiB for the emulator itself. One that has just started holds a
quarter of that, but a guest that reads a disk fills its memory with what it read."""


def default_size() -> int:
    """Give how many appliances this host bears now: one a processor, as memory allows, at least 1.

    One a processor, because without KVM an appliance that starts or reads keeps one busy.
    """
    return max(1, min(os.cpu_count() or 1, available_memory() // APPLIANCE_BYTES))


class AsyncPool:
    """Gives out handles, at most `max_appliances` at once; who wants one more waits.

    The default is what `default_size` says when the pool is made. Leaving the pool closes the
    handles that are still open.
    """

    def __init__(self, max_appliances: int | None = None) -> None:
        """Raises UsageError for a pool of less than one."""
        if max_appliances is not None and max_appliances < 1:
            raise UsageError(f"a pool of {max_appliances} appliances would wait for ever")
        self.max_appliances = max_appliances or default_size()
        self._places = asyncio.Semaphore(self.max_appliances)
        self._open: set[AsyncGuestfs] = set()
        self._closed = False

    @asynccontextmanager
    async def guestfs(
        self,
        *,
        accelerator: AcceleratorChoice = "auto",
        appliance: ApplianceChoice = "stock",
    ) -> AsyncIterator[AsyncGuestfs]:
        """Wait for a place and give a new handle, closed at the end of the block.

        The choices are those of `Guestfs`. Raises UsageError when the pool is closed.
        """
        async with self._places:
            if self._closed:
                raise UsageError("the pool is closed")
            handle = AsyncGuestfs(accelerator=accelerator, appliance=appliance)
            self._open.add(handle)
            try:
                async with handle:
                    yield handle
            finally:
                self._open.discard(handle)

    async def close(self) -> None:
        """Close every handle that is open and give out no more. Safe to call twice."""
        self._closed = True
        await asyncio.gather(*(handle.close() for handle in self._open))

    async def __aenter__(self) -> "AsyncPool":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
