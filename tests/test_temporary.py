"""What a killed process leaves behind, and who removes it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guestshell import temporary
from tests.e2e.terminal import GUESTCTL

MAKE = "from guestshell.temporary import own_directory; d = own_directory(); print(d, flush=True)"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    temporary._made.cache_clear()


def other(then: str = "input()") -> "tuple[subprocess.Popen[str], Path]":
    process = subprocess.Popen(
        [sys.executable, "-c", f"{MAKE}\n{then}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_is_made_once_for_its_owner_alone(place: Path) -> None:
    directory = temporary.own_directory()
    assert directory == temporary.own_directory()
    assert directory.parent == place
    assert directory.stat().st_mode & 0o777 == 0o700


def test_it_goes_with_its_process(place: Path) -> None:
    process, directory = other(then="open(d / 'file', 'w').close()")
    process.wait(30)
    assert not directory.exists()


def test_that_of_a_killed_process_goes_with_the_next_that_makes_one(place: Path) -> None:
    alive, its = other()
    killed, left = other()
    sockets = place / "libguestfsabc123"
    sockets.mkdir()
    (left / "sockets").write_text(f"{sockets}\n{place}/not-there\n")
    killed.kill()
    killed.wait(30)
    (left / "overlay1.qcow2").write_bytes(b"x")
    own = temporary.own_directory()
    assert not left.exists()
    assert not sockets.exists()
    assert its.exists()
    assert own.exists()
    alive.kill()
    alive.wait(30)


def test_what_is_not_surely_left_stays(place: Path) -> None:
    prefix = temporary._prefix()
    young = place / f"{prefix}young"
    young.mkdir()
    link = place / f"{prefix}link"
    target = place / "target"
    target.mkdir()
    link.symlink_to(target)
    old = place / f"{prefix}old"
    old.mkdir()
    os.utime(old, (0, 0))
    temporary.own_directory()
    assert young.exists()
    assert link.exists()
    assert target.exists()
    assert not old.exists()


def test_a_child_that_is_forked_takes_nothing_with_it(place: Path) -> None:
    fork = "import os, sys\nif os.fork() == 0: sys.exit()\nos.wait()\nassert d.exists()"
    process, directory = other(then=fork)
    assert process.wait(30) == 0
    assert not directory.exists()


def emulators_in(place: Path) -> list[int]:
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(place).encode() in command.read_bytes() and b"qemu" in command.read_bytes():
                found.append(int(command.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.appliance
def test_a_kill_leaves_no_emulator_and_the_next_start_removes_the_rest(
    place: Path, demo: Path
) -> None:
    command = [GUESTCTL, "run", "-q", "--no-index", str(demo)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"cat /etc/hostname\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"web01\n"
    assert len(emulators_in(place)) == 1
    [directory] = place.glob("guestctl-*")
    sockets = [Path(line) for line in (directory / "sockets").read_text().splitlines()]
    assert [path.is_dir() for path in sockets] == [True]
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    until = time.monotonic() + 1
    while emulators_in(place):
        assert time.monotonic() < until, "the emulator outlives its owner by over a second"
        time.sleep(0.02)
    assert directory.exists()
    subprocess.run([*command, "-c", "cat /etc/hostname"], check=True, capture_output=True)
    assert list(place.glob("guestctl-*")) == []
    assert not sockets[0].exists()
