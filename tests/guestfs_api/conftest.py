"""What the tests of the handles share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from guestshell.engine.lean import store
from guestshell.engine.owned import ApplianceChoice
from guestshell.guestfs_api import AsyncGuestfs, Guestfs


@pytest.fixture(scope="session")
def appliance_choice(_lean_appliance: None) -> ApplianceChoice:
    return "stock" if store.chosen() is None else "lean"


@pytest.fixture(scope="module")
def launched(demo: Path, appliance_choice: ApplianceChoice) -> Iterator[Guestfs]:
    with Guestfs(appliance=appliance_choice) as g:
        g.add_drive(str(demo), readonly=True, format="raw")
        g.launch()
        g.mount("/dev/sda1", "/")
        yield g


def threads() -> set[str]:
    return {path.name for path in Path("/proc/self/task").iterdir()}


def descriptors() -> set[str]:
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{path.name} {path.readlink()}")
        except OSError:  # the one of this very listing
            continue
    return found


def children() -> set[str]:
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found.update((task / "children").read_text().split())
        except OSError:
            continue
    return found


def emulator_of(g: Guestfs | AsyncGuestfs) -> int:
    pid = g._owned.pid
    assert pid is not None
    return pid


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
