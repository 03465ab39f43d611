"""One thread that answers an event loop, so that it never waits for a guest."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from guestshell.engine.interruption import Interrupted, Interruption
from guestshell.errors import ApplianceError

_T = TypeVar("_T")

_BATCH_SECONDS = 0.02
_MOST_IN_BATCH = 1000


class OwnThread:
    """Runs one call after the other in a thread of its own.

    A task that is cancelled ends its call: one that waits its turn is taken back, a transfer is
    cancelled, and any other call of libguestfs gets a second's grace before the appliance is
    replaced. The task itself does not wait for that.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._running: set[Interruption] = set()

    async def call(self, function: Callable[[], _T]) -> _T:
        """Give what a function returns in the thread. Raises ApplianceError after the end."""
        interruption = Interruption()

        def heeding() -> _T:
            with interruption.heeded():
                return function()

        try:
            future = self._executor.submit(heeding)
        except RuntimeError:  # the thread has ended
            raise ApplianceError("the guest is closed") from None
        self._running.add(interruption)
        future.add_done_callback(lambda _: self._running.discard(interruption))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            interruption.interrupt()
            raise
        except Interrupted:
            raise ApplianceError("the guest was closed meanwhile") from None

    async def iterate(self, start: Callable[[], Iterator[_T]]) -> AsyncGenerator[_T, None]:
        """Yield what an iterator yields in the thread, fetched in batches of at most 20 ms."""
        items = await self.call(start)
        try:
            while batch := await self.call(lambda: _next_batch(items)):
                for item in batch:
                    yield item
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                with contextlib.suppress(RuntimeError):  # the thread has ended
                    self._executor.submit(close)

    def interrupt(self) -> None:
        """End the calls that run or wait."""
        for interruption in list(self._running):
            interruption.interrupt()

    def end(self) -> None:
        """Let the thread end when what it runs has ended."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _next_batch(items: Iterator[_T]) -> list[_T]:
    batch: list[_T] = []
    until = time.monotonic() + _BATCH_SECONDS
    for item in items:
        batch.append(item)
        if len(batch) == _MOST_IN_BATCH or time.monotonic() > until:
            break
    return batch
