"""Trees without an end and files that are larger than they look: bounded time and memory."""

import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from guestshell.engine.appliance import Appliance
from guestshell.engine.bytecalls import Dirent
from guestshell.errors import GuestError, PathError
from guestshell.guest.facts.logs import lines
from guestshell.guest.tree import Tree
from guestshell.guest.ways import MOST_WAYS, UNCOUNTED, Ways
from guestshell.values import Name
from tests.conftest import watch
from tests.images.bombs import LINE, NAMES, bombs_image
from tests.images.traps import DEPTH, LEVELS, traps_image

_MEASURED = """
import atexit, pathlib, re, sys
def tell():
    status = pathlib.Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s*(\\d+)", status)[1], file=sys.stderr)
atexit.register(tell)
from guestshell.cli import main
main()
"""
"""The program, which says at its end how many KiB of memory it took."""

_START = 46 * 1024
"""KiB that it takes for `pwd`."""

_MORE = 300 * 1024

_PATIENCE = 150.0


class Run:
    """What the program said to each of several lines, and the memory it took."""

    def __init__(self, image: Path, typed: list[str], *options: str) -> None:
        marked = [part for line in typed for part in (line, "echo status $? end")]
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, "run", "--keep-going", "-q", *options, str(image)],
            input="\n".join(marked),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
        parts = re.split(r"status (\d+) end\n", done.stdout)
        self.outputs = dict(zip(typed, parts[::2], strict=False))
        self.statuses = dict(zip(typed, map(int, parts[1::2]), strict=False))
        *self.errors, last = done.stderr.splitlines()
        self.peak = int(last.removeprefix("peak "))
        assert len(self.outputs) == len(typed), "the prompt came back after each"
        assert not re.search(
            r"Traceback|unexpected \w+:|MemoryError|RecursionError|libguestfs: error", done.stderr
        )
        assert self.peak < _START + _MORE

    def errors_with(self, text: str) -> list[str]:
        return [line for line in self.errors if text in line]


# -- without an appliance ------------------------------------------------------------------------


class _FakeHandle:
    """An appliance in which a directory has as many names as it is told."""

    def __init__(self, count: int) -> None:
        self._count = count

    def readdir(self, directory: str) -> list[Dirent]:
        raise GuestError("the reply is too long")  # as libguestfs 1.48 says, without an errno

    def ls0(self, directory: str, target: str) -> None:
        thousands = b"the name\0" * 100_000
        with Path(target).open("wb") as file:
            for _ in range(self._count // 100_000):
                file.write(thousands)


class _FakeAppliance:
    def __init__(self, handle: object) -> None:
        self._handle = handle

    def call(self, call: Callable[[Any], Any], *, stream: bool = False) -> Any:
        return call(self._handle)


def test_ten_million_names_are_refused_before_they_take_memory() -> None:
    tree = Tree(cast(Appliance, _FakeAppliance(_FakeHandle(10_000_000))), lambda: None)
    tracemalloc.start()
    try:
        with pytest.raises(PathError, match=r"^/many: holds 10,000,000 names, and over 2,000,000"):
            tree.names("/many")
        with pytest.raises(PathError):
            tree.entries("/many")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * 2**20


def test_a_directory_is_left_out_when_it_was_met_too_often() -> None:
    told: list[PathError] = []
    ways = Ways(told.append)
    entered = [ways.enters(Name(f"/{n}"), 7, lambda: 1) for n in range(UNCOUNTED + 100)]
    assert sum(entered) == UNCOUNTED + 2 * MOST_WAYS  # by its number, then by its device too
    assert len(told) == 1


def test_as_many_snapshots_as_you_like_are_entered() -> None:
    # those of Btrfs have the same inode numbers on devices of their own
    ways = Ways(lambda error: pytest.fail(str(error)), uncounted=0)
    assert all(ways.enters(Name(f"/{n}"), 256, lambda n=n: n) for n in range(1000))  # type: ignore[misc]


def test_a_line_without_an_end_ends() -> None:
    block = bytes(2**20)
    taken: list[bytes] = []
    with pytest.raises(lines.EndlessLineError):
        taken.extend(lines.forward(block if n else b"first\n" for n in range(10**9)))
    assert [len(line) for line in taken] == [5, lines.LONGEST]


# -- trees without an end ------------------------------------------------------------------------

WALKS = ("find {}", "find {} | where inode > 1", "du {}", "tree {}", "hash -r {}", "ls {}/**")


@pytest.mark.appliance
def test_circles_of_directories_end() -> None:
    typed = [walk.format("/circle") for walk in (*WALKS, "grep -r here {}")]
    run = Run(watch(traps_image()), [*typed, "pwd"], "--no-index")
    assert "/circle/real/again/end" in run.outputs["find /circle"].splitlines()
    assert "/circle/real/file" in run.outputs["hash -r /circle"]
    assert "/circle/real/again/end" in run.outputs["hash -r /circle"]
    assert run.outputs["grep -r here /circle"].count("traps end here") == 2
    assert run.errors_with("/circle/real/again/root: too many levels of symbolic links")
    assert run.outputs["pwd"] == "/\n"


@pytest.mark.appliance
def test_a_million_million_ways_end() -> None:
    typed = [f"{walk.format('/levels')} | !wc -l" for walk in WALKS]
    run = Run(watch(traps_image()), [*typed, "pwd"], "--no-index")
    for line in typed:
        if not line.startswith("du"):
            assert LEVELS < int(run.outputs[line]) < 6 * UNCOUNTED, line
    assert len(run.errors_with("is met too often")) < 6 * LEVELS
    assert run.outputs["pwd"] == "/\n"


@pytest.mark.appliance
def test_a_chain_that_no_path_is_long_enough_for_ends() -> None:
    typed = [f"{walk} /chain | !wc -l" for walk in ("find", "tree", "hash -r")]
    run = Run(watch(traps_image()), [*typed, "pwd"], "--no-index")
    assert DEPTH // 3 < int(run.outputs["find /chain | !wc -l"]) < DEPTH
    assert DEPTH // 3 < int(run.outputs["tree /chain | !wc -l"]) < DEPTH
    assert run.errors_with("file name too long")
    assert run.outputs["pwd"] == "/\n"


@pytest.mark.appliance
def test_what_cannot_be_looked_at_is_not_hidden() -> None:
    typed = ["ls -la /", "ls -la /circle/real/again", "stat /sparse", "cat /kinds/itself",
             "ls /kinds/itself/x", "cat /kinds/first", "cat /kinds/fifo", "pwd"]  # fmt: skip
    run = Run(watch(traps_image()), typed, "--no-index")
    assert re.search(r"^\?-{9} .* sparse$", run.outputs["ls -la /"], re.MULTILINE)
    assert run.outputs["ls -la /circle/real/again"].count("?---------") == 4
    assert run.statuses["stat /sparse"] == run.statuses["cat /kinds/itself"] == 1
    assert len(run.errors) == len(typed) - 1, "one line for each"
    assert all("trouble reading: EXT4-fs error" in line for line in run.errors[:2])
    assert run.outputs["pwd"] == "/\n"


# -- files that are larger than they look ------------------------------------------------------


@pytest.mark.appliance
def test_a_line_of_a_hundred_megabytes_and_a_hole() -> None:
    expected = {
        "grep zzz /long/line": "",
        "cat /long/line | !wc -c": f"{LINE}\n",
        "head -n 1 /long/line | !wc -c": f"{LINE}\n",
        "tail -n 1 /long/line | !wc -c": f"{LINE}\n",
        "cat -n /long/line | !wc -l": f"{LINE // 2**16}\n",
        "cat /long/line | grep zzz": "",
        "strings /long/line | !tail -c 5": "xxxx\n",
        "users": "",
        "groups": "",
        "cron": "",
        "stat /var/log/messages | select size -o csv": None,
        "head -n 1 /var/log/messages | !wc -l": "1\n",
        "tail -c 4 /var/log/messages | !wc -c": "4\n",
        "hexdump -s 0x70000000000 -n 16 /var/log/messages | !wc -l": "2\n",
        "inspect": None,
        "shell-history | !wc -l": None,
        "pwd": "/\n",
    }
    run = Run(watch(bombs_image()), list(expected), "--no-index")
    for line, output in expected.items():
        assert output is None or run.outputs[line] == output, (line, run.errors)
    assert run.errors_with("/etc/passwd: line 1: damaged")


@pytest.mark.appliance
def test_bombs_among_the_logs() -> None:
    logs = "/var/log"
    typed = [
        "logs -n 2",
        f"logs -n 2 {logs}/syslog.1.gz",
        *(f"logs -r -n 2 {logs}/{n}" for n in ("kern.log.1.bz2", "auth.log.1.xz")),
        f"logs -n 1 {logs}/messages",
        f"logs -u bomb {logs}/messages",
        "pwd",
    ]
    run = Run(watch(bombs_image()), typed, "--no-index")
    assert run.outputs[f"logs -n 2 {logs}/syslog.1.gz"] == "  a\n  a\n"
    assert "the first line" in run.outputs[f"logs -u bomb {logs}/messages"]
    assert "the first line" in run.outputs[f"logs -r -n 2 {logs}/kern.log.1.bz2"]
    assert len(run.errors_with(f"{logs}/messages: a line is longer than 256 MiB")) >= 2
    assert run.errors_with("only the first 256 MiB were unpacked")
    assert run.outputs["pwd"] == "/\n"


@pytest.mark.appliance
def test_a_directory_of_very_many_names() -> None:
    typed = ["find /many | !wc -l", "ls /many | !wc -l", "pwd"]
    run = Run(watch(bombs_image()), typed, "--no-index")
    assert int(run.outputs["find /many | !wc -l"]) == NAMES + 1
    assert int(run.outputs["ls /many | !wc -l"]) == NAMES
    assert run.outputs["pwd"] == "/\n"
