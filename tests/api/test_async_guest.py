"""The awaited guest: the same as the other one, and the event loop stays free."""

import asyncio
import contextlib
import inspect
import io
import os
import threading
import time
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from guestshell import ApplianceError, AsyncGuest, Guest, ImageError, NoSuchPath
from guestshell.api.async_file import AsyncFile

_T = TypeVar("_T")

BY_RUN = {"at_once", "files", "layout", "learner", "protect", "registry", "software"}
"""What gives objects that wait themselves, or is for the prompt: `run` reaches it."""

ONLY_ASYNC = {"run"}


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_both_have_the_same_members() -> None:
    assert public(Guest) - BY_RUN == public(AsyncGuest) - ONLY_ASYNC - {"images"}


def awaited(annotation: Any) -> Any:
    if annotation is io.BufferedReader:
        return AsyncFile
    if typing.get_origin(annotation) is Iterator:
        return typing.cast(Any, AsyncIterator)[typing.get_args(annotation)[0]]
    return annotation


@pytest.mark.parametrize("name", sorted(public(Guest) - BY_RUN - {"is_windows"}))
def test_a_member_takes_and_gives_the_same(name: str) -> None:
    ours, theirs = inspect.getattr_static(AsyncGuest, name), inspect.getattr_static(Guest, name)
    if isinstance(theirs, property):
        assert isinstance(ours, property)
        return
    mine, other = inspect.signature(ours), inspect.signature(theirs)
    assert list(mine.parameters) == list(other.parameters)
    for one, two in zip(mine.parameters.values(), other.parameters.values(), strict=True):
        assert (one.kind, one.annotation) == (two.kind, two.annotation)
        assert one.default == two.default or (callable(one.default) and callable(two.default))
    returns = awaited(other.return_annotation)
    assert mine.return_annotation == returns
    streams = typing.get_origin(returns) is AsyncIterator
    assert inspect.iscoroutinefunction(ours) is not streams
    assert ours.__doc__


def emulators() -> set[int]:
    """Give the processes that we started, threads of ours being asked for theirs."""
    processes: set[int] = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            processes.update(int(pid) for pid in children.read_text().split())
    return processes


def answered(question: Callable[[AsyncGuest], Coroutine[Any, Any, _T]], image: Path) -> _T:
    async def ask() -> _T:
        async with AsyncGuest(image) as guest:
            return await question(guest)

    return asyncio.run(ask())


@pytest.mark.appliance
def test_the_answers_are_those_of_the_other(demo_guest: Guest, demo: Path) -> None:
    async def ask(guest: AsyncGuest) -> None:
        assert not guest.is_open
        inspection, users = await asyncio.gather(guest.inspect(), guest.users())
        assert guest.is_open
        assert inspection == demo_guest.inspect()
        assert users == demo_guest.users()
        line = "services --enabled | select name state"
        assert (await guest.rows(line)).to_dicts() == demo_guest.rows(line).to_dicts()
        assert [entry async for entry in guest.walk("/etc")] == list(demo_guest.walk("/etc"))
        blocks = [block async for block in guest.blocks("/etc/passwd")]
        assert blocks == list(demo_guest.blocks("/etc/passwd"))
        async with await guest.open("/etc/passwd") as file:
            assert await file.readline() == b"root:x:0:0:root:/root:/bin/bash\n"
            await file.seek(0)
            lines = [line async for line in file]
            assert b"".join(lines) == await guest.read_bytes("/etc/passwd")
        with pytest.raises(NoSuchPath):
            await guest.read_text("/nowhere")
        assert await guest.run(lambda made: made.images) == guest.images

    answered(ask, demo)


async def ticking(task: Awaitable[_T]) -> tuple[_T, int]:
    """Give a result and how often the loop went round before."""
    waiting = asyncio.ensure_future(task)
    count = 0
    while not waiting.done():
        await asyncio.sleep(0.01)
        count += 1
    return await waiting, count


@pytest.mark.appliance
def test_a_cancelled_task_ends_its_call_and_the_next_is_answered(demo: Path) -> None:
    async def ask(guest: AsyncGuest) -> None:
        _, rounds = await ticking(guest.read_text("/etc/hostname"))
        assert rounds > 10  # while the appliance booted
        pid = await guest.run(lambda made: made.appliance.pid)

        with pytest.raises(TimeoutError):  # reading 2 GiB takes longer
            async with asyncio.timeout(0.3):
                await guest.hash("/var/log/huge.log")
        assert await guest.read_text("/etc/hostname") == "web01\n"

        def download(made: Guest) -> None:
            made.appliance.call(
                lambda handle: handle.raw.download("/var/log/huge.log", os.devnull), stream=True
            )

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await guest.run(download)
        assert await guest.read_text("/etc/hostname") == "web01\n"
        assert await guest.run(lambda made: made.appliance.pid) == pid

        with pytest.raises(TimeoutError):  # neither a stream nor a row of short calls
            async with asyncio.timeout(0.2):
                await guest.run(
                    lambda made: made.appliance.call(
                        lambda handle: handle.raw.checksum("sha256", "/var/log/huge.log")
                    )
                )
        assert await guest.read_text("/etc/hostname") == "web01\n"
        assert await guest.run(lambda made: made.appliance.pid) != pid

    answered(ask, demo)


@pytest.mark.appliance
def test_a_walk_that_is_left_lets_others_in(demo: Path) -> None:
    async def ask(guest: AsyncGuest) -> None:
        async for entry in guest.walk("/"):
            assert await guest.exists(entry.path)
            break
        assert await guest.size("/etc/hostname") == 6

    answered(ask, demo)


@pytest.mark.appliance
@pytest.mark.parametrize("moment", [0.0, 0.5, None])
def test_it_is_closed_while_busy(demo: Path, moment: float | None) -> None:
    async def ask() -> None:
        guest = AsyncGuest(demo)
        if moment is None:  # reading, not starting
            await guest.read_text("/etc/hostname")
        busy = asyncio.create_task(guest.hash("/var/log/huge.log"))
        await asyncio.sleep(moment or 0.2)
        await guest.close()
        await guest.close()
        with pytest.raises((ApplianceError, asyncio.CancelledError)):
            await busy
        with pytest.raises(ApplianceError, match="closed"):
            await guest.exists("/")

    before = emulators()
    asyncio.run(ask())
    assert emulators() == before


def test_an_image_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    async def ask() -> None:
        with pytest.raises(ImageError):
            async with AsyncGuest(tmp_path / "none.img"):
                raise AssertionError
        with pytest.raises(TypeError):
            await AsyncGuest().exists("/")

    asyncio.run(ask())


@pytest.mark.appliance
def test_twenty_at_once_leave_nothing_behind(demo: Path) -> None:
    async def use(number: int) -> None:
        async with AsyncGuest(demo) as guest:
            if number < 3:  # an appliance each
                assert await guest.read_text("/etc/hostname") == "web01\n"
            await asyncio.wait_for(met.wait(), 60)

    async def all_at_once() -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(use(number)) for number in range(20)]
            await asyncio.sleep(0)
            assert not any(task.done() for task in tasks)
            met.set()

    def files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def left() -> tuple[set[threading.Thread], set[int]]:
        return set(threading.enumerate()) - threads, emulators() - started

    def settle() -> None:
        until = time.monotonic() + 10
        while left() != (set(), set()) and time.monotonic() < until:
            time.sleep(0.05)  # threads end by themselves, a moment after their guests
        assert left() == (set(), set())

    threads, started = set(threading.enumerate()), emulators()
    met = asyncio.Event()
    asyncio.run(all_at_once())
    settle()
    opened = files()  # libraries are loaded now
    met = asyncio.Event()
    asyncio.run(all_at_once())
    settle()
    assert files() <= opened  # a guest before this test may have closed its own meanwhile
