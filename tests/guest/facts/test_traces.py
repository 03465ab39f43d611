"""Recent, set-id, world-writable and large files; find(1) is the oracle."""

import os
import stat
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from guestshell.guest.entries import Entry
from guestshell.guest.facts.traces import largest, newest, set_id, writable_by_all
from tests.guest.facts.host_tree import HostTree, make_tree

HOUR = 3600 * 10**9


@pytest.fixture
def files(tmp_path: Path) -> HostTree:
    made = make_tree(tmp_path, {f"/d/{n:02d}": "x" * n * 1000 for n in range(20)})
    for name, mode in [("00", 0o4755), ("01", 0o2755), ("02", 0o6711), ("03", 0o4644)]:
        (tmp_path / "d" / name).chmod(mode)
    for name, mode in [("04", 0o666), ("05", 0o602), ("06", 0o4777)]:
        (tmp_path / "d" / name).chmod(mode)
    for name, mode in [("open", 0o777), ("sticky", 0o1777), ("gid", 0o2775)]:
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    (tmp_path / "link").symlink_to("d/00")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "fifo").chmod(0o666)
    os.link(tmp_path / "d/19", tmp_path / "hard")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**20)
    return made


def paths(entries: Iterable[Entry]) -> list[str]:
    return sorted(entry.path for entry in entries)


def found(tmp_path: Path, *tests: str) -> list[str]:
    output = subprocess.run(
        ["find", ".", *tests], cwd=tmp_path, capture_output=True, check=True, text=True
    ).stdout
    return sorted(line[1:] for line in output.splitlines() if line != ".")


def test_set_id_is_what_find_finds(files: HostTree, tmp_path: Path) -> None:
    expected = found(tmp_path, "-type", "f", "-perm", "/6000")
    assert paths(set_id(files.walk("/"))) == expected
    assert len(expected) == 5


def test_writable_by_all_is_what_find_finds(files: HostTree, tmp_path: Path) -> None:
    everything = found(tmp_path, "!", "-type", "l", "-perm", "-0002")
    assert paths(writable_by_all(files.walk("/"), sticky=True)) == everything
    assert "/sticky" in everything
    assert paths(writable_by_all(files.walk("/"))) == [p for p in everything if p != "/sticky"]
    assert {"/fifo", "/open", "/d/05"} < set(everything)


def test_a_touched_file_is_new_all_the_same(files: HostTree, tmp_path: Path) -> None:
    backdated, dated = tmp_path / "d/07", tmp_path / "d/08"
    now = time.time_ns()
    time.sleep(0.05)
    os.utime(backdated, ns=(0, 0))
    os.utime(dated, ns=(now + 9 * HOUR, now + 9 * HOUR))
    rows = newest(files.walk("/"), 2, now=time.time_ns())
    assert [(row.path, row.future) for row in rows] == [("/d/08", True), ("/d/07", False)]
    assert rows[1].mtime == 0
    assert rows[1].changed == rows[1].ctime > now
    assert newest(files.walk("/"), 9, now=now, since=now + HOUR) == rows[:1]


def test_newest_is_the_head_of_all_sorted(files: HostTree) -> None:
    everything = list(files.walk("/"))
    rows = newest(everything, 7, now=time.time_ns())
    order = sorted((max(e.mtime, e.ctime) for e in everything), reverse=True)
    assert [row.changed for row in rows] == order[:7]
    assert len(newest(everything, 10_000, now=0)) == len(everything)


def test_largest_by_space_and_by_length(files: HostTree, tmp_path: Path) -> None:
    assert [e.path for e in largest(files.walk("/"), 1, apparent=True)] == ["/sparse"]
    rows = largest(files.walk("/"), 50)
    assert [e.allocated for e in rows] == sorted((e.allocated for e in rows), reverse=True)
    assert rows[0].path != "/sparse"
    # of the two names of one file only the first
    assert sum(e.path in ("/hard", "/d/19") for e in rows) == 1
    assert all(stat.S_ISREG(e.mode) for e in rows)
    big = found(tmp_path, "-type", "f", "-size", "+9999c", "!", "-name", "hard")
    assert paths(largest(files.walk("/"), 50, at_least=10_000, apparent=True)) == big
