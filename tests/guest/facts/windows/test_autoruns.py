"""What starts by itself on a Windows: run keys, tasks, startup folders, shortcuts."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.errors import GuestShellError
from guestshell.guest.facts.windows.autoruns import read_autoruns
from guestshell.guest.facts.windows.places import find, profiles, system_root
from guestshell.guest.facts.windows.rows import Autorun
from guestshell.guest.facts.windows.shortcut import shortcut_command
from guestshell.guest.facts.windows.tasks import read_tasks
from tests.guest.facts.host_tree import HostTree, make_tree
from tests.guest.facts.windows.fake_registry import FakeRegistry, windows_registry
from tests.images.windows import STARTUP, shortcut, task, windows_files

NS = 10**9
TASKS = "/Windows/System32/Tasks"
CONFIG = "/Windows/System32/config/SYSTEM"


@pytest.fixture
def tree(tmp_path: Path) -> HostTree:
    return make_tree(tmp_path, windows_files())


def rows(tree: HostTree, registry: FakeRegistry) -> dict[tuple[str, str], Autorun]:
    found = list(read_autoruns(tree, registry))
    named = {(row.place, row.name): row for row in found}
    assert len(named) == len(found)
    return named


def test_every_place(tree: HostTree) -> None:
    found = rows(tree, windows_registry())
    assert [(place, name) for place, name in found] == [
        ("Run", "SecurityHealth"),
        ("Run", "VMware User Process"),
        ("RunOnce", "!cleanup"),
        ("Winlogon", "Shell"),
        ("Winlogon", "Userinit"),
        ("AppInit_DLLs", "AppInit_DLLs"),
        ("Image File Execution Options", "sethc.exe"),
        ("Active Setup", "Windows Desktop Update"),
        ("Run (32-bit)", "Updater"),
        ("BootExecute", "BootExecute"),
        ("Run", "OneDrive"),
        ("Run", "backdoor"),
        ("logon script", "UserInitMprLogonScript"),
        ("startup folder", "all.bat"),
        ("startup folder", "Sync.lnk"),
        ("task", r"\Microsoft\Windows\Defrag\ScheduledDefrag"),
        ("task", r"\Old"),
        ("task", r"\Updater"),
    ]
    assert tree.warnings == []


def test_what_is_said_of_each(tree: HostTree) -> None:
    found = rows(tree, windows_registry())
    backdoor = found["Run", "backdoor"]
    assert backdoor.command == "powershell -w hidden -enc SQBFAFgA"
    assert (backdoor.user, backdoor.trigger) == ("alice", "logon")
    assert backdoor.modified == 1_717_500_000 * NS
    assert backdoor.source == r"HKU\alice\Software\Microsoft\Windows\CurrentVersion\Run"
    debugger = found["Image File Execution Options", "sethc.exe"]
    assert (debugger.command, debugger.trigger) == (r"C:\Windows\System32\cmd.exe", "program")
    link = found["startup folder", "Sync.lnk"]
    assert link.command == r"C:\Users\alice\AppData\Local\sync.exe --hidden"
    updater = found["task", r"\Updater"]
    assert (updater.command, updater.trigger) == (r"C:\ProgramData\up.exe -q", "logon")
    assert updater.user == "alice"
    assert found["task", r"\Microsoft\Windows\Defrag\ScheduledDefrag"].user == "SYSTEM"


def test_what_was_switched_off(tree: HostTree) -> None:
    found = rows(tree, windows_registry())
    off = [key for key, row in found.items() if not row.enabled]
    assert off == [("Run", "VMware User Process"), ("task", r"\Old")]


def test_a_windows_whose_names_are_written_otherwise(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/WINDOWS/system32/CONFIG/system": b"",
            "/WINDOWS/SYSTEM32.bak/x": b"",
            "/WINDOWS/system32/TASKS/One": task("a.exe", "", trigger="BootTrigger", user="x"),
            "/Documents and Settings/bob/x": b"",
        },
    )
    assert system_root(tree) == "/WINDOWS"
    assert find(tree, "/", "windows", "SYSTEM32", "Config", "System") == (
        "/WINDOWS/system32/CONFIG/system"
    )
    assert find(tree, "/", "windows", "nothing") is None
    assert find(tree, "/", "windows", "system32", "config", "system", "below") is None
    assert [found.name for found in read_tasks(tree)] == [r"\One"]
    assert profiles(tree) == [("bob", "/Documents and Settings/bob")]


# -- tasks ---------------------------------------------------------------------------------------


def read_task(tmp_path: Path, content: bytes) -> tuple[list[str], list[str]]:
    tree = make_tree(tmp_path, {CONFIG: b"", f"{TASKS}/One": content, f"{TASKS}/Two": GOOD})
    return [found.command for found in read_tasks(tree)], tree.warnings


GOOD = task("good.exe", "", trigger="BootTrigger", user="S-1-5-18")


def wrapped(inside: str) -> bytes:
    return f'<?xml version="1.0"?><Task xmlns="x"><Actions>{inside}</Actions></Task>'.encode()


@pytest.mark.parametrize(
    ("content", "command"),
    [
        (wrapped("<Exec><Command>a</Command></Exec><Exec><Command>b</Command></Exec>"), "a ; b"),
        (wrapped("<ComHandler><ClassId>{1}</ClassId><Data>d</Data></ComHandler>"), "COM {1} d"),
        (wrapped("<ShowMessage/>"), "ShowMessage"),
        (wrapped(""), ""),
        (wrapped("<Exec><Command>&lt;&amp;</Command></Exec>"), "<&"),
    ],
)
def test_actions(tmp_path: Path, content: bytes, command: str) -> None:
    assert read_task(tmp_path, content) == ([command, "good.exe"], [])


BOMB = b"""<?xml version="1.0"?><!DOCTYPE Task [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<Task><Actions><Exec><Command>&b;</Command></Exec></Actions></Task>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE Task SYSTEM "file:///etc/passwd"><Task/>"""


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (BOMB, "has a document type"),
        (OUTSIDE, "has a document type"),
        (b"<a>" * 200, "nested too deeply"),
        (b"", "is no XML"),
        (b"MZ\x90\0", "is no XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "is no XML"),
        (GOOD[:-40], "is no XML"),
    ],
)
def test_what_is_no_task(tmp_path: Path, content: bytes, problem: str) -> None:
    commands, warnings = read_task(tmp_path, content)
    assert commands == ["good.exe"]
    [warning] = warnings
    assert warning.startswith(f"{TASKS}/One: ")
    assert problem in warning


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=500) | st.text(max_size=200).map(lambda text: wrapped(text)))
def test_any_bytes_are_a_task_or_warned_of(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    tree = make_tree(tmp_path_factory.mktemp("root"), {f"{TASKS}/One": data, CONFIG: b""})
    assert len(list(read_tasks(tree))) + len(tree.warnings) == 1


# -- shortcuts -----------------------------------------------------------------------------------


def test_a_shortcut_with_target_list_and_relative_path() -> None:
    head = struct.pack("<I16sI", 0x4C, b"", 0x1 | 0x8 | 0x20 | 0x80).ljust(0x4C, b"\0")
    data = head + struct.pack("<H", 3) + b"abc"
    for text in (r"..\up.exe", "-x ü"):
        data += struct.pack("<H", len(text)) + text.encode("utf-16-le")
    assert shortcut_command(data) == r"..\up.exe -x ü"


def test_a_shortcut_with_a_unicode_path() -> None:
    path = "C:\\ø\\a.exe\0".encode("utf-16-le")
    info = struct.pack("<8I", 0x24, 1, 0, 0, 0, 0, 0x24, 0x24 + len(path)) + path + b"\0\0"
    head = struct.pack("<I16sI", 0x4C, b"", 0x2).ljust(0x4C, b"\0")
    assert shortcut_command(head + struct.pack("<I", len(info) + 4) + info) == "C:\\ø\\a.exe"


@pytest.mark.parametrize("data", [b"", b"MZ", b"L\0\0\0", shortcut("a", "b")[:0x50]])
def test_what_is_no_shortcut(data: bytes) -> None:
    with pytest.raises(GuestShellError, match="shortcut"):
        shortcut_command(data)


def test_a_damaged_shortcut_is_listed_with_a_warning(tmp_path: Path) -> None:
    place = f"/Users/bob/AppData/Roaming/{STARTUP}/x.lnk"
    tree = make_tree(tmp_path, {CONFIG: b"", place: b"nothing"})
    [row] = read_autoruns(tree, FakeRegistry({}))
    assert (row.name, row.command, row.user) == ("x.lnk", "", "bob")
    assert tree.warnings == [f"{place}: is no shortcut"]


@given(st.binary(max_size=200), st.integers(0, 255))
def test_any_bytes_are_a_shortcut_or_refused(rest: bytes, flags: int) -> None:
    try:
        shortcut_command(struct.pack("<I16sI", 0x4C, b"", flags).ljust(0x4C, b"\0") + rest)
    except GuestShellError as error:
        assert error.message == "is a damaged shortcut"
