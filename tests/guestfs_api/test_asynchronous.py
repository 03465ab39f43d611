"""`AsyncGuestfs`: the loop goes on, cancelling cancels, closing closes, nothing leaks."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from guestshell import AsyncGuestfs, GuestError
from guestshell.engine import binding
from guestshell.engine.owned import ApplianceChoice
from guestshell.errors import ApplianceError
from tests.guestfs_api import sample
from tests.guestfs_api.conftest import children, descriptors, emulator_of, is_there, threads


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run it, and fail for whatever the loop would only have logged."""
    complaints: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: complaints.append(context)
        )
        await main
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(watched(), debug=True)
    assert complaints == []


class Gate:
    """A call that is held in the handle's thread until the loop lets it go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.threads: set[int] = set()

    def callback(self, _event: int, _handle: int, buffer: object, _numbers: list[int]) -> None:
        self.threads.add(threading.get_ident())
        if "get_smp" in str(buffer):
            self.entered.set()
            self.opened.wait(30)

    async def attach(self, g: AsyncGuestfs) -> None:
        await g.set_event_callback(self.callback, binding.load().module.EVENT_TRACE)
        await g.set_trace(True)

    async def reached(self) -> None:
        while not self.entered.is_set():
            await asyncio.sleep(0.01)


def test_the_loop_runs_while_a_call_is_held() -> None:
    async def main() -> None:
        gate = Gate()
        async with AsyncGuestfs() as g:
            await gate.attach(g)
            call = asyncio.create_task(g.get_smp())
            await gate.reached()  # a loop that waits for the call would never get here
            assert not call.done()
            gate.opened.set()
            assert await call >= 1
        assert len(gate.threads) == 1
        assert threading.get_ident() not in gate.threads

    run(main())


def test_calls_of_many_tasks_are_made_in_order() -> None:
    async def main() -> None:
        async with AsyncGuestfs() as g:
            await asyncio.gather(*(g.set_memsize(1000 + number) for number in range(50)))
            assert await g.get_memsize() == 1049

    run(main())


def test_a_cancelled_call_that_waits_is_never_made() -> None:
    async def main() -> None:
        gate = Gate()
        async with AsyncGuestfs() as g:
            before = await g.get_memsize()
            await gate.attach(g)
            held = asyncio.create_task(g.get_smp())
            await gate.reached()
            waiting = asyncio.create_task(g.set_memsize(before + 1))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            gate.opened.set()
            await held
            assert await g.get_memsize() == before

    run(main())


def test_a_call_without_end_does_not_keep_close_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guestshell.engine.owned.CLOSE_SECONDS", 1.0)

    async def main() -> None:
        gate = Gate()
        g = AsyncGuestfs()
        await gate.attach(g)
        call = asyncio.create_task(g.get_smp())
        await gate.reached()
        await g.close()
        with pytest.raises(ApplianceError, match="the handle is closed"):
            await g.get_smp()
        gate.opened.set()
        await asyncio.wait([call])

    run(main())


def test_an_error_is_raised_where_it_is_awaited() -> None:
    async def main() -> None:
        async with AsyncGuestfs() as g:
            with pytest.raises(GuestError, match="No such file") as caught:
                await g.add_drive("/nosuch", format="raw")
            assert caught.value.errno == 2
            with pytest.raises(TypeError, match="'count' must be int"):
                await g.pread("/x", "10", 0)  # type: ignore[arg-type]

    run(main())


def test_a_handle_that_cannot_be_made_says_so_on_entering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    async def main() -> None:
        before = threads()
        with pytest.raises(ApplianceError, match="no lean appliance"):
            async with AsyncGuestfs(appliance="lean"):
                pass
        assert threads() <= before

    run(main())


@asynccontextmanager
async def mounted(demo: Path, choice: ApplianceChoice) -> AsyncIterator[AsyncGuestfs]:
    async with AsyncGuestfs(appliance=choice) as g:
        await g.add_drive(str(demo), readonly=True, format="raw")
        await g.launch()
        await g.mount_ro("/dev/sda1", "/")
        yield g


@pytest.mark.appliance
def test_cancelling_a_task_cancels_its_transfer_and_keeps_the_appliance(
    demo: Path, appliance_choice: ApplianceChoice
) -> None:
    async def main() -> None:
        async with mounted(demo, appliance_choice) as g:
            pid = emulator_of(g)
            transfer = asyncio.create_task(g.download("/var/log/huge.log", "/dev/null"))
            await asyncio.sleep(1)
            transfer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await transfer
            assert await g.pread("/etc/hostname", 10, 0) == b"web01\n"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await g.download("/var/log/huge.log", "/dev/null")
            assert await g.pread("/etc/hostname", 10, 0) == b"web01\n"
            assert emulator_of(g) == pid
            # any other call costs the appliance
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await g.checksum("sha512", "/var/log/huge.log")
            assert not is_there(pid)
            with pytest.raises(ApplianceError, match="the appliance stopped"):
                await g.exists("/etc")

    run(main())


@pytest.mark.appliance
def test_closing_ends_a_transfer_under_way(demo: Path, appliance_choice: ApplianceChoice) -> None:
    async def main() -> None:
        async with mounted(demo, appliance_choice) as g:
            pid = emulator_of(g)
            transfer = asyncio.create_task(g.download("/var/log/huge.log", "/dev/null"))
            waiting = asyncio.create_task(g.exists("/etc"))
            await asyncio.sleep(1)
            await asyncio.gather(g.close(), g.close())
            assert not is_there(pid)
            for call in (transfer, waiting):
                with pytest.raises((GuestError, ApplianceError)):
                    await call

    run(main())


@pytest.mark.appliance
def test_a_launch_is_cancelled_and_leaves_nothing(demo: Path) -> None:
    async def main() -> None:
        before = children()
        async with AsyncGuestfs() as g:
            await g.add_drive(str(demo), readonly=True, format="raw")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.5):
                    await g.launch()
        assert children() <= before

    run(main())


@pytest.mark.appliance
def test_the_sample_runs(demo: Path, appliance_choice: ApplianceChoice) -> None:
    async def main() -> None:
        async with AsyncGuestfs(appliance=appliance_choice) as g:
            await sample.explore_async(g, str(demo))

    run(main())


@pytest.mark.appliance
def test_twenty_open_handles_leak_nothing(
    demo: Path,
    appliance_choice: ApplianceChoice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    async def use_all() -> None:
        handles = [AsyncGuestfs(appliance=appliance_choice) for _ in range(20)]
        await asyncio.gather(
            *(g.add_drive(str(demo), readonly=True, format="raw") for g in handles)
        )
        await asyncio.gather(*(g.launch() for g in handles[:2]))
        await asyncio.gather(*(g.mount_ro("/dev/sda1", "/") for g in handles[:2]))
        assert len(threads()) >= 20
        assert list(tmp_path.rglob("libguestfs*"))
        await asyncio.gather(*(g.close() for g in handles))

    async def main() -> None:
        await use_all()  # what is loaded once stays
        before = threads(), descriptors(), children()
        await use_all()
        gc.collect()
        assert (threads(), descriptors(), children()) == before
        assert list(tmp_path.rglob("libguestfs*")) == []

    run(main())
