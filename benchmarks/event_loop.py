"""How long the event loop of a program stands still while an AsyncGuest works."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator

from benchmarks.figures import Figure
from guestshell import AsyncGuest
from tests.images.debian import BIG_FILE, MANY, benchmark_image

_TICK = 0.001
_LONGEST = 0.05


def measure() -> Iterator[Figure]:
    """Give the longest gap between two rounds of the loop, by what the guest does meanwhile."""
    for what, gap in asyncio.run(_gaps()).items():
        yield Figure(f"longest gap in the loop: {what}", gap, "s", limit=_LONGEST, of_peer=False)


async def _gaps() -> dict[str, float]:
    gaps: dict[str, float] = {}
    async with AsyncGuest(benchmark_image()) as guest:

        async def walk() -> None:
            async for _ in guest.walk("/usr"):
                pass

        work: dict[str, Callable[[], Coroutine[object, object, object]]] = {
            "launch and inspect": guest.inspect,
            "walk of /usr": walk,
            "ls of 10,000 names": lambda: guest.ls(MANY),
            "packages": guest.packages,
            "hash of 1 GB": lambda: guest.hash(BIG_FILE),
        }
        for what, begin in work.items():
            gaps[what] = await _longest_gap(begin)
    return gaps


async def _longest_gap(begin: Callable[[], Coroutine[object, object, object]]) -> float:
    task = asyncio.create_task(begin())
    longest, before = 0.0, time.monotonic()
    while not task.done():
        await asyncio.sleep(_TICK)
        now = time.monotonic()
        longest, before = max(longest, now - before - _TICK), now
    await task
    return longest
