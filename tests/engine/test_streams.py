"""The methods that count as transfers are those that the library's own code transfers in."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from guestshell.engine.methods import methods
from guestshell.engine.streams import STREAMS

PARTLY = {"inspect_get_icon", "inspect_list_applications", "inspect_list_applications2"}
"""These read files on the way to something else, so cancelling them is not sure to end them."""


def _symbol(name: str) -> str:
    return re.sub(r"\.(cold|part|constprop|isra).*", "", name)


def callers(archive: Path) -> dict[str, set[str]]:
    """Give, for each function of a static library, those that call it."""
    code = subprocess.run(
        ["objdump", "--disassemble", "--reloc", "--no-show-raw-insn", archive],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = defaultdict(set)
    function = ""
    for line in code.splitlines():
        if begun := re.match(r"[0-9a-f]+ <([^>]+)>:", line):
            function = _symbol(begun[1])
        elif called := re.search(r"(?:R_\w+\s+|\s[0-9a-f]+ <)([A-Za-z_][\w.]*)", line):
            found[_symbol(called[1])].add(function)
    return found


def test_streams_are_what_sends_or_receives_a_file() -> None:
    archives = list(Path("/usr/lib").glob("*/libguestfs.a"))
    if not archives or shutil.which("objdump") is None:
        pytest.skip("libguestfs-dev has the static library that is asked")
    calling = callers(archives[0])
    reached: set[str] = set()
    waiting = {"guestfs_int_send_file", "guestfs_int_recv_file"}
    while waiting:
        function = waiting.pop()
        reached.add(function)
        waiting |= calling[function] - reached
    transfers = {name for name in methods() if f"guestfs_{name}" in reached}
    assert transfers - PARTLY == STREAMS & set(methods())
