"""`AsyncPool` bounds how many handles are open at once."""

import asyncio

import pytest

from guestshell import AsyncPool, UsageError
from guestshell.errors import ApplianceError
from guestshell.guestfs_api import pool as pool_module
from guestshell.guestfs_api.pool import default_size


def test_no_more_than_so_many_are_open_at_once() -> None:
    open_now = most = done = 0

    async def use(pool: AsyncPool) -> None:
        nonlocal open_now, most, done
        async with pool.guestfs() as g:
            open_now += 1
            most = max(most, open_now)
            await g.get_memsize()
            await asyncio.sleep(0.02)
            open_now -= 1
            done += 1

    async def main() -> None:
        async with AsyncPool(max_appliances=3) as pool:
            await asyncio.gather(*(use(pool) for _ in range(10)))

    asyncio.run(main())
    assert (most, done) == (3, 10)


def test_a_place_is_given_back_after_an_error() -> None:
    async def main() -> None:
        async with AsyncPool(max_appliances=1) as pool:
            for _ in range(3):
                with pytest.raises(ApplianceError):
                    async with pool.guestfs() as g:
                        await g.close()
                        await g.get_memsize()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_leaving_the_pool_closes_what_is_open() -> None:
    async def main() -> None:
        entered = asyncio.Event()

        async def use(pool: AsyncPool) -> None:
            async with pool.guestfs() as g:
                entered.set()
                while True:
                    await g.get_memsize()
                    await asyncio.sleep(0.01)

        async with AsyncPool(max_appliances=1) as pool:
            using, waiting = (asyncio.create_task(use(pool)) for _ in range(2))
            await entered.wait()
        with pytest.raises(ApplianceError, match="the handle is closed"):
            await using
        with pytest.raises(UsageError, match="the pool is closed"):
            await waiting

    asyncio.run(asyncio.wait_for(main(), 30))


@pytest.mark.parametrize(
    ("processors", "gibibytes", "size"),
    [(4, 64, 4), (16, 8, 5), (8, 1, 1), (None, 64, 1)],
)
def test_the_default_fits_processors_and_memory(
    monkeypatch: pytest.MonkeyPatch, processors: int | None, gibibytes: int, size: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    monkeypatch.setattr(pool_module, "available_memory", lambda: gibibytes * 2**30)
    assert default_size() == size
    assert AsyncPool().max_appliances == size


def test_a_pool_of_none_is_refused() -> None:
    with pytest.raises(UsageError, match="would wait for ever"):
        AsyncPool(max_appliances=0)
