"""The rules of the engine, each on a real appliance."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guestshell.engine import boot, machine
from guestshell.engine.appliance import Appliance, State
from guestshell.engine.boot import Drive
from guestshell.engine.machine import Accelerator
from guestshell.errors import ApplianceError, GuestError
from guestshell.guest.listing import Listing
from guestshell.values import Name
from tests.engine.launching import launch

pytestmark = pytest.mark.appliance


@pytest.fixture(scope="module", autouse=True)
def _stock() -> Iterator[None]:
    # the other tests have the lean one where it is built
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUESTCTL_APPLIANCE", "stock")
        yield


class Running:
    def __init__(self, image: Path) -> None:
        self.notices: list[str] = []
        self.appliance = Appliance(
            [Drive(str(image), "raw")],
            restore=lambda handle: handle.mount("/dev/sda1", "/", "ro"),
            notice=self.notices.append,
        )
        self.appliance.start()


@pytest.fixture(scope="module")
def running(demo: Path) -> Iterator[Running]:
    made = Running(demo)
    made.appliance.call(lambda handle: handle.mount("/dev/sda1", "/", "ro"))
    yield made
    made.appliance.close()


@pytest.fixture
def appliance(running: Running) -> Appliance:
    return running.appliance


def read(appliance: Appliance) -> bytes:
    return appliance.call(lambda handle: handle.pread("/etc/hostname", 100, 0))


def interrupt_in(seconds: float) -> threading.Timer:
    # to the process, as the terminal sends it
    timer = threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    return timer


def test_launch_needs_no_setting_of_the_environment(appliance: Appliance) -> None:
    assert "LIBGUESTFS_BACKEND" not in os.environ
    assert appliance.state is State.READY
    assert appliance.accelerator is not None
    assert appliance.progress == 1.0


def test_every_call_runs_in_one_thread(appliance: Appliance) -> None:
    names = {appliance.call(lambda handle: threading.current_thread().name) for _ in range(3)}
    results: list[str] = []
    thread = threading.Thread(
        target=lambda: results.append(
            appliance.call(lambda handle: threading.current_thread().name)
        )
    )
    thread.start()
    thread.join()
    assert names | set(results) == {"appliance"}


def test_errors_are_raised_and_never_printed(
    appliance: Appliance, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GuestError) as caught:
        appliance.call(lambda handle: handle.pread("/nope", 1, 0))
    assert caught.value.errno == 2
    with pytest.raises(GuestError):
        appliance.call(lambda handle: handle.mount("/dev/nope", "/", "ro"))
    assert capfd.readouterr() == ("", "")


def test_the_emulator_is_not_in_our_process_group(appliance: Appliance) -> None:
    assert appliance.pid is not None
    assert os.getpgid(appliance.pid) != os.getpgid(0)


def test_drives_are_overlays_with_a_named_format(appliance: Appliance, demo: Path) -> None:
    command = Path(f"/proc/{appliance.pid}/cmdline").read_bytes().decode()
    assert str(demo) not in command
    assert "overlay" in command
    mounts = appliance.call(lambda handle: handle.raw.mounts())
    assert mounts == ["/dev/sda1"]


def test_names_are_bytes(appliance: Appliance) -> None:
    listed = appliance.call(lambda handle: handle.readdir("/srv/names"))
    assert "caf\udce9" in [dirent.name for dirent in listed]
    assert appliance.call(lambda handle: handle.pread("/srv/names/caf\udce9", 6, 0)) == b"a name"
    names = [Name("caf\udce9"), Name("\udcff")]
    table = appliance.call(lambda handle: handle.lstat_table("/srv/names", names))
    there, absent = Listing.of(names, table, {}).statuses()
    assert there is not None and there.size > 0
    assert absent is None
    with pytest.raises(GuestError, match="NUL"):
        appliance.call(lambda handle: handle.pread("/a\0b", 1, 0))


def test_ctrl_c_ends_a_stream_and_keeps_the_appliance(appliance: Appliance) -> None:
    pid = appliance.pid
    timer = interrupt_in(1.0)
    with pytest.raises(KeyboardInterrupt):
        appliance.call(
            lambda handle: handle.raw.download("/var/log/huge.log", "/dev/null"), stream=True
        )
    timer.join()
    assert read(appliance) == b"web01\n"
    assert appliance.pid == pid


def test_ctrl_c_ends_any_other_call_by_a_new_appliance(running: Running) -> None:
    appliance, pid = running.appliance, running.appliance.pid
    timer = interrupt_in(0.5)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        appliance.call(lambda handle: handle.raw.checksum("sha512", "/var/log/huge.log"))
    assert time.monotonic() - started < 4
    timer.join()
    assert read(appliance) == b"web01\n"
    assert appliance.pid != pid
    assert running.notices == ["The appliance stopped; starting a new one and mounting as before."]


def test_ctrl_c_takes_a_waiting_call_back(appliance: Appliance) -> None:
    running = appliance.background(lambda handle: time.sleep(1.5))
    timer = interrupt_in(0.3)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read(appliance)
    assert time.monotonic() - started < 1
    timer.join()
    running.result()
    assert read(appliance) == b"web01\n"


def test_a_killed_emulator_is_replaced_and_the_read_made_again(running: Running) -> None:
    pid = running.appliance.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert read(running.appliance) == b"web01\n"
    assert running.appliance.pid not in (None, pid)
    assert not Path(f"/proc/{pid}").exists()


def test_closing_in_the_middle_of_a_launch_is_quick_and_leaves_nothing(demo: Path) -> None:
    appliance = Appliance([Drive(str(demo), "raw")])
    appliance.start()
    time.sleep(2.0)
    thread = appliance._thread
    assert thread is not None
    children = Path(f"/proc/self/task/{thread.native_id}/children").read_text().split()
    started = time.monotonic()
    appliance.close()
    appliance.close()
    assert time.monotonic() - started < 3
    assert appliance.state is State.CLOSED
    assert children
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    with pytest.raises(ApplianceError, match="closed"):
        read(appliance)


def test_two_emulated_processors_that_do_not_start_are_followed_by_one(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def launch_once(*_arguments: object, processors: int = 1) -> str:
        tried.append(processors)
        if len(tried) == 1:
            raise ApplianceError("no answer in 60 s")
        return "launched"

    monkeypatch.setattr(boot, "_launch_once", launch_once)
    monkeypatch.setattr(machine, "choose_accelerator", lambda: Accelerator(False, "there is none"))
    _, notices = launch(Drive(str(demo), "raw"))
    assert tried == [2, 1]
    assert notices == ["The appliance did not start; trying once more."]


def test_a_kvm_launch_that_fails_falls_back_and_is_remembered(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tried: list[bool] = []

    def launch_once(
        _drives: object, accelerator: Accelerator, *_rest: object, **_options: object
    ) -> str:
        tried.append(accelerator.kvm)
        if accelerator.kvm:
            raise ApplianceError("it aborted")
        return "launched"

    monkeypatch.setattr(boot, "_launch_once", launch_once)
    monkeypatch.setattr(machine, "choose_accelerator", lambda: Accelerator(True, "it seems"))
    _, notices = launch(Drive(str(demo), "raw"))
    assert tried == [True, False]
    assert len(notices) == 1
    assert "it aborted" in (machine.cache_directory() / "kvm-failure.json").read_text()


def test_a_launch_that_cannot_work_says_why_once(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "qemu-broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("LIBGUESTFS_HV", str(broken))
    appliance = Appliance([Drive(str(demo), "raw")])
    for _ in range(2):
        with pytest.raises(ApplianceError, match="could not be started") as caught:
            read(appliance)
    assert "\n" not in str(caught.value)
    appliance.close()
    assert capfd.readouterr() == ("", "")


def test_a_killed_parent_leaves_no_emulator(demo: Path) -> None:
    code = (
        "import sys, time\n"
        "from guestshell.engine.appliance import Appliance\n"
        "from guestshell.engine.boot import Drive\n"
        f"appliance = Appliance([Drive({str(demo)!r}, 'raw')])\n"
        "appliance.call(lambda handle: None)\n"
        "print(appliance.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()


def test_a_call_that_hangs_ends_at_its_limit_and_the_next_is_answered(
    running: Running, appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(appliance) == b"web01\n"
    monkeypatch.setattr(appliance, "call_limit", lambda: 1.0)
    assert appliance.pid is not None
    os.kill(appliance.pid, signal.SIGSTOP)
    running.notices.clear()
    with pytest.raises(ApplianceError, match="no answer in 1 s") as caught:
        read(appliance)
    assert "call_limit" in caught.value.remedy
    monkeypatch.undo()
    assert read(appliance) == b"web01\n"
    assert running.notices == ["The appliance stopped; starting a new one and mounting as before."]
