"""Watch an event loop while an AsyncGuest works: `python -m benchmarks.loop_gaps IMAGE MANY BIG`.

A program of its own, for Python's collector takes 40 ms over all that the benchmarks import.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine

from guestshell import AsyncGuest

_TICK = 0.001


async def gaps(image: str, many: str, big: str) -> dict[str, float]:
    """Give the longest gap between two rounds of the loop in seconds, by what is asked."""
    found: dict[str, float] = {}
    async with AsyncGuest(image) as guest:

        async def walk() -> None:
            async for _ in guest.walk("/usr"):
                pass

        work: dict[str, Callable[[], Coroutine[object, object, object]]] = {
            "launch and inspect": guest.inspect,
            "walk of /usr": walk,
            "ls of 10,000 names": lambda: guest.ls(many),
            "packages": guest.packages,
            "hash of 1 GB": lambda: guest.hash(big),
        }
        for what, begin in work.items():
            found[what] = await _longest_gap(begin)
    return found


async def _longest_gap(begin: Callable[[], Coroutine[object, object, object]]) -> float:
    task = asyncio.create_task(begin())
    longest, before = 0.0, time.monotonic()
    while not task.done():
        await asyncio.sleep(_TICK)
        now = time.monotonic()
        longest, before = max(longest, now - before - _TICK), now
    await task
    return longest


if __name__ == "__main__":
    print(json.dumps(asyncio.run(gaps(*sys.argv[1:]))))
