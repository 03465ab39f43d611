"""`Guestfs` on a real appliance."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, is_typeddict

import pytest

from guestshell import GuestError, Guestfs
from guestshell.engine import binding
from guestshell.engine.bytesafe import BYTE_SAFE
from guestshell.engine.owned import ApplianceChoice
from guestshell.errors import ApplianceError
from tests.guestfs_api import sample
from tests.guestfs_api.conftest import children, emulator_of, is_there

pytestmark = pytest.mark.appliance


def on_signal(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    return timer


def in_worker(g: Guestfs, call: Callable[[Any], Any]) -> Any:
    """Ask the binding itself, in the thread that may."""
    return g._owned._submit(lambda task: call(g._owned._raw)).future.result()


def test_names_are_bytes_where_the_binding_fails(launched: Guestfs) -> None:
    names = [row["name"] for row in launched.readdir("/srv/names")]
    assert "caf\udce9" in names
    assert launched.pread("/srv/names/caf\udce9", 6, 0) == b"a name"
    assert launched.lstatns("/srv/names/caf\udce9")["st_size"] > 0
    with pytest.raises(UnicodeDecodeError):
        in_worker(launched, lambda raw: raw.readdir("/srv/names"))
    with pytest.raises(GuestError, match="ls: the answer holds text outside UTF-8"):
        launched.ls("/srv/names")


CALLS: dict[str, tuple[Any, ...]] = {
    "file": ("/etc/hostname",),
    "lgetxattrs": ("/etc/noted",),
    "lstatns": ("/etc/hostname",),
    "lstatnslist": ("/etc", ["hostname", "nosuch", "passwd"]),
    "lxattrlist": ("/etc", ["hostname", "noted", "nosuch"]),
    "pread": ("/etc/passwd", 20, 5),
    "readdir": ("/etc",),
    "readlink": ("/etc/linked",),
    "readlinklist": ("/etc", ["linked", "hostname"]),
    "realpath": ("/etc/linked",),
    "statns": ("/etc/linked",),
}


@pytest.mark.parametrize("name", sorted(BYTE_SAFE - {"ls0"}))
def test_byte_safe_methods_answer_as_the_binding_does(launched: Guestfs, name: str) -> None:
    if not launched.exists("/etc/linked"):
        launched.ln_s("hostname", "/etc/linked")
        launched.write("/etc/noted", b"")
        launched.setxattr("user.one", "1", 1, "/etc/noted")
        launched.setxattr("user.two", "zwei", 4, "/etc/noted")
    arguments = CALLS[name]
    expected = in_worker(launched, lambda raw: getattr(raw, name)(*arguments))
    assert getattr(launched, name)(*arguments) == expected


def test_ls0_takes_names_of_any_bytes(launched: Guestfs, tmp_path: Path) -> None:
    launched.ls0("/srv/names", str(tmp_path / "names"))
    assert b"caf\xe9" in (tmp_path / "names").read_bytes().split(b"\0")


def test_errors_have_the_appliances_errno(
    launched: Guestfs, capfd: pytest.CaptureFixture[str]
) -> None:
    for call in (lambda: launched.pread("/nope", 1, 0), lambda: launched.cat("/nope")):
        with pytest.raises(GuestError, match="No such file") as caught:
            call()
        assert caught.value.errno == 2
    assert capfd.readouterr() == ("", "")


def _matches(value: Any, kind: Any) -> bool:
    if is_typeddict(kind):
        types = kind.__annotations__
        return value.keys() == types.keys() and all(_matches(value[k], types[k]) for k in types)
    if kind == dict[str, str]:
        return all(type(text) is str for pair in value.items() for text in pair)
    if getattr(kind, "__origin__", None) is list:
        return type(value) is list and all(_matches(each, kind.__args__[0]) for each in value)
    if kind == str | None or kind == float | None:
        return isinstance(value, kind)
    return value is None if kind is None else type(value) is kind


def test_what_the_sample_gets_is_what_its_types_say(
    demo: Path, appliance_choice: ApplianceChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []

    def check(value: Any, kind: Any) -> None:
        checked.append(kind)
        assert _matches(value, kind), f"{value!r} is no {kind}"

    monkeypatch.setattr(sample, "assert_type", check)
    with Guestfs(appliance=appliance_choice) as g:
        sample.configure(g, str(demo))
        g.launch()
        sample.explore(g)
    raw = binding.load().module.GuestFS(python_return_dict=True)
    sample.raw_binding(raw)
    raw.close()
    assert len(checked) > 60


def test_a_second_launch_is_refused_and_the_first_goes_on(launched: Guestfs) -> None:
    with pytest.raises(GuestError, match="launched already"):
        launched.launch()
    assert launched.exists("/etc")


def test_ctrl_c_ends_a_transfer_and_keeps_the_appliance(launched: Guestfs) -> None:
    timer = on_signal(1.0)
    with pytest.raises(KeyboardInterrupt):
        launched.download("/var/log/huge.log", "/dev/null")
    timer.join()
    assert launched.pread("/etc/hostname", 10, 0) == b"web01\n"


def test_ctrl_c_takes_a_waiting_call_back(launched: Guestfs) -> None:
    held = threading.Event()
    launched._owned._submit(lambda task: held.wait(20))
    timer = on_signal(0.3)
    with pytest.raises(KeyboardInterrupt):
        launched.rm("/etc/passwd")
    timer.join()
    held.set()
    assert launched.exists("/etc/passwd")


def test_user_cancel_from_another_thread_ends_a_transfer(launched: Guestfs) -> None:
    timer = threading.Timer(1.0, launched.user_cancel)
    timer.start()
    with pytest.raises(GuestError) as caught:
        launched.download("/var/log/huge.log", "/dev/null")
    timer.join()
    assert caught.value.errno == 4  # EINTR
    assert launched.exists("/etc")


def test_ctrl_c_ends_any_other_call_by_stopping_the_appliance(
    demo: Path, appliance_choice: ApplianceChoice
) -> None:
    with Guestfs(appliance=appliance_choice) as g:
        g.add_drive(str(demo), readonly=True, format="raw")
        g.launch()
        g.mount_ro("/dev/sda1", "/")
        pid = emulator_of(g)
        timer = on_signal(0.5)
        with pytest.raises(KeyboardInterrupt):
            g.checksum("sha512", "/var/log/huge.log")
        timer.join()
        assert not is_there(pid)
        for _ in range(2):
            with pytest.raises(ApplianceError, match=r"the appliance stopped \(.* new handle\)"):
                g.exists("/etc")


def test_a_killed_emulator_ends_its_handle(demo: Path, appliance_choice: ApplianceChoice) -> None:
    with Guestfs(appliance=appliance_choice) as g:
        g.add_drive(str(demo), readonly=True, format="raw")
        g.launch()
        os.kill(emulator_of(g), signal.SIGKILL)
        with pytest.raises(ApplianceError, match="the appliance stopped"):
            g.list_devices()
        assert g._owned.pid is None


def test_closing_ends_a_call_of_another_thread(
    demo: Path, appliance_choice: ApplianceChoice
) -> None:
    g = Guestfs(appliance=appliance_choice)
    g.add_drive(str(demo), readonly=True, format="raw")
    g.launch()
    g.mount_ro("/dev/sda1", "/")
    pid, errors = emulator_of(g), []

    def busy() -> None:
        try:
            g.checksum("sha512", "/var/log/huge.log")
        except ApplianceError as error:
            errors.append(str(error))

    thread = threading.Thread(target=busy)
    thread.start()
    time.sleep(0.5)
    g.close()
    thread.join(10)
    assert errors == ["the handle is closed"]
    assert not is_there(pid)


def test_ctrl_c_ends_a_launch_and_leaves_nothing(demo: Path) -> None:
    before = children()
    g = Guestfs()
    g.add_drive(str(demo), readonly=True, format="raw")
    timer = on_signal(1.5)
    with pytest.raises(KeyboardInterrupt):
        g.launch()
    timer.join()
    with pytest.raises(ApplianceError, match="could not be started"):
        g.list_devices()
    g.close()
    assert children() <= before


def test_a_writable_drive_is_written(tmp_path: Path, appliance_choice: ApplianceChoice) -> None:
    image = tmp_path / "new.img"
    with Guestfs(appliance=appliance_choice) as g:
        g.disk_create(str(image), "raw", 8 * 2**20)
        g.add_drive(str(image), format="raw")
        g.launch()
        g.pwrite_device("/dev/sda", b"written", 512)
        g.shutdown()
        with pytest.raises(GuestError, match="call launch before"):
            g.list_devices()
    assert image.read_bytes()[512:519] == b"written"


@pytest.mark.parametrize("way", ["add_drive", "add_drive_ro"])
def test_what_the_guest_wrote_is_never_taken_for_an_image_format(
    demo: Path, tmp_path: Path, appliance_choice: ApplianceChoice, way: str
) -> None:
    # a disk whose first bytes are a qcow2 header that names a host file
    inner, outer = tmp_path / "inner.qcow2", tmp_path / "outer.qcow2"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(demo), "-F", "raw", str(inner)]
    subprocess.run(command, check=True)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", inner, outer], check=True)
    with Guestfs(appliance=appliance_choice) as g:
        g.add_drive_scratch(2**20)
        if way == "add_drive":
            g.add_drive(str(outer), readonly=True, format="qcow2")
        else:
            g.add_drive_ro(str(outer))
        g.launch()
        assert g.blockdev_getsize64("/dev/sdb") < demo.stat().st_size
        assert g.list_partitions() == []


@pytest.mark.parametrize("state", ["launched", "launching"])
def test_a_program_that_ends_without_closing_leaves_no_emulator(
    demo: Path, appliance_choice: ApplianceChoice, state: str
) -> None:
    launch = "g.launch()" if state == "launched" else "g._owned.submit('launch', (), {})"
    code = (
        "import time\n"
        "from guestshell import Guestfs\n"
        f"g = Guestfs(appliance={appliance_choice!r})\n"
        f"g.add_drive({str(demo)!r}, readonly=True, format='raw')\n"
        f"{launch}\n"
        "time.sleep(1.5)\n"
        "print(open(f'/proc/self/task/{g._owned._worker.thread_id}/children').read())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    pids = [int(word) for word in done.stdout.split()]
    assert (done.returncode, done.stderr) == (0, "")
    assert pids
    deadline = time.monotonic() + 10
    while any(is_there(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [pid for pid in pids if is_there(pid)] == []
