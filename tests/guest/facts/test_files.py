"""The stand-in reads as a guest does: the same questions to both, the same answers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.errors import GuestShellError
from guestshell.guest.facts.files import Files
from guestshell.values import encode_name
from tests.guest.facts.host_tree import HostTree

pytestmark = pytest.mark.appliance

QUESTIONS: dict[str, Callable[[Files], object]] = {
    "read": lambda files: files.read("/etc/passwd"),
    "read the beginning": lambda files: files.read("/etc/passwd", 10),
    "read through links": lambda files: files.read("/etc/os-release"),
    "read through an absolute link": lambda files: files.read("/srv/absolute"),
    "read a directory": lambda files: files.read("/etc"),
    "read a fifo": lambda files: files.read("/run/initctl"),
    "read nothing": lambda files: files.read("/etc/nothing"),
    "read below a file": lambda files: files.read("/etc/passwd/below"),
    "read what no file can be called": lambda files: files.read("/etc/a\0b"),
    "read a loop": lambda files: files.read("/srv/loop"),
    "open": lambda files: files.open("/bin/ls").read(20),
    "entry of a link": lambda files: files.entry("/srv/absolute").target,
    "entry behind a link": lambda files: files.entry("/bin/ls").size,
    "entries": lambda files: [encode_name(e.name) for e in files.entries("/srv/names")],
    "entries of a file": lambda files: files.entries("/etc/passwd"),
    "entries behind a link": lambda files: [e.path for e in files.entries("/bin")],
    "resolve": lambda files: files.resolve("/sbin/../bin/sh"),
    "resolve above a file": lambda files: files.resolve("/sbin/init/../../bin/sh"),
    "resolve nothing": lambda files: files.resolve("/sbin/nothing"),
    "walk": lambda files: [e.path for e in files.walk("/etc")],
    "walk two levels": lambda files: [e.path for e in files.walk("/", depth=2)],
    "walk not everywhere": lambda files: [
        e.path for e in files.walk("/home", enter=lambda path: not path.endswith("/alice"))
    ],
}


def answer(question: Callable[[Files], object], files: Files) -> object:
    try:
        return question(files)
    except GuestShellError as error:
        return type(error).__name__


@pytest.mark.parametrize("what", QUESTIONS)
def test_a_host_tree_answers_as_a_guest_does(what: str, demo_guest: Guest, staged: Path) -> None:
    warnings: list[str] = []
    asked = answer(QUESTIONS[what], demo_guest.files(warnings.append))
    stand_in = HostTree(staged)
    expected = answer(QUESTIONS[what], stand_in)
    if isinstance(asked, list):  # mke2fs adds this one
        asked = [name for name in asked if name != "/lost+found"]
    assert asked == expected
    assert warnings == stand_in.warnings == []
