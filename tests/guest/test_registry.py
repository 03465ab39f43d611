"""The registry of a Windows image: hives read in the appliance, held against hivex on this host."""

import datetime
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from guestshell import Guest
from guestshell.commands import COMMANDS
from guestshell.commands.completion import candidates
from guestshell.errors import ExitCode, GuestError, NoSuchPath
from guestshell.guest.facts.windows.accounts import read_accounts, read_aliases
from guestshell.guest.facts.windows.autoruns import read_autoruns
from guestshell.guest.facts.windows.network import read_interfaces, read_leases, read_resolvers
from guestshell.guest.facts.windows.programs import read_programs
from guestshell.guest.facts.windows.services import read_services
from guestshell.guest.facts.windows.system import read_system
from guestshell.guest.hive import Hive, HiveKey
from guestshell.guest.registry import HiveRegistry
from guestshell.language.cursor import at_cursor
from guestshell.values import Name
from tests.conftest import Console, watch
from tests.guest.facts.host_tree import make_tree
from tests.guest.facts.windows.fake_registry import windows_registry
from tests.images.windows import DAMAGED, windows_files, windows_image

pytestmark = pytest.mark.appliance

CONFIG = "/Windows/System32/config"


@pytest.fixture(scope="module")
def windows() -> Iterator[Guest]:
    if shutil.which("hivexregedit") is None or shutil.which("guestfish") is None:
        pytest.skip("hivexregedit and guestfish build the Windows image; this host lacks one")
    with Guest(watch(windows_image())) as guest:
        guest.start()
        yield guest


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def registry(windows: Guest, warnings: list[str]) -> HiveRegistry:
    return windows.registry(warnings.append)


@pytest.fixture
def session(windows: Guest) -> Console:
    return Console(windows)


def test_the_system_is_recognised(windows: Guest) -> None:
    inspection = windows.inspect()
    system = inspection.os
    assert system is not None
    assert (system.type, system.distribution, system.version) == ("windows", "windows", "10.0")
    assert (system.product, system.hostname) == ("Windows 10 Pro", "DESKTOP-7A1B2C3")
    assert (system.architecture, system.root) == ("x86_64", "/dev/sda1")


# -- against the host's hivex ----------------------------------------------------------------------


def hivexml(path: Path) -> ElementTree.Element:
    program = shutil.which("hivexml")
    if program is None:
        pytest.skip("hivexml says what a hive holds; this host lacks it")
    done = subprocess.run([program, str(path)], capture_output=True, check=True)
    [root] = ElementTree.fromstring(done.stdout).iterfind("node")
    return root


def expected_keys(node: ElementTree.Element, path: str) -> Iterator[tuple[str, int, list[str]]]:
    moment = datetime.datetime.fromisoformat(node.findtext("mtime") or "")
    yield path, int(moment.timestamp()), [v.get("key", "") for v in node.iterfind("value")]
    for child in node.iterfind("node"):
        yield from expected_keys(child, f"{path}\\{child.get('name')}")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (r"HKLM\SOFTWARE", f"{CONFIG}/SOFTWARE"),
        (r"HKLM\SYSTEM", f"{CONFIG}/SYSTEM"),
        (r"HKLM\SAM", f"{CONFIG}/SAM"),
        (r"HKU\alice", "/Users/alice/NTUSER.DAT"),
    ],
)
def test_every_key_its_time_and_its_values(
    registry: HiveRegistry, warnings: list[str], tmp_path: Path, name: str, path: str
) -> None:
    (tmp_path / "hive").write_bytes(windows_files()[path])
    top = registry.top(Hive(name, Name(path)))
    found = [
        (key.path, (key.modified or 0) // 10**9, [value.name for value in key.values()])
        for key in registry.walk(top)
    ]
    assert found == list(expected_keys(hivexml(tmp_path / "hive"), name))
    assert warnings == []


def test_values_are_those_that_were_written(registry: HiveRegistry) -> None:
    for path in (r"HKLM\SOFTWARE\Test", r"HKLM\SAM\SAM\Domains\Account\Users\000003E9"):
        key, expected = registry.key(path), windows_registry().key(path)
        assert key is not None and expected is not None
        assert list(key.values()) == list(expected.values())
        for value in expected.values():
            assert key.value(value.name.upper()) == value


def test_facts_of_hives_are_those_of_the_stand_in(
    windows: Guest, registry: HiveRegistry, warnings: list[str], tmp_path: Path
) -> None:
    stand_in = windows_registry()
    assert read_system(registry) == read_system(stand_in)
    assert read_accounts(registry) == read_accounts(stand_in)
    assert read_aliases(registry) == read_aliases(stand_in)
    assert list(read_services(registry)) == list(read_services(stand_in))
    assert list(read_programs(registry)) == list(read_programs(stand_in))
    assert list(read_interfaces(registry)) == list(read_interfaces(stand_in))
    assert list(read_leases(registry)) == list(read_leases(stand_in))
    assert list(read_resolvers(registry)) == list(read_resolvers(stand_in))
    tree = make_tree(tmp_path, windows_files())
    found = [
        (row.place, row.name, row.command, row.user, row.source)
        for row in read_autoruns(windows.files(), registry)
    ]
    assert found == [
        (row.place, row.name, row.command, row.user, row.source)
        for row in read_autoruns(tree, stand_in)
    ]
    assert warnings == stand_in.warnings == []


# -- paths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("HKLM/SOFTWARE/Test", r"HKLM\SOFTWARE\Test"),
        (r"hkey_local_machine\software\TEST", r"HKLM\SOFTWARE\Test"),
        ("HKLM/SYSTEM/currentcontrolset", r"HKLM\SYSTEM\ControlSet001"),
        ("HKLM/SYSTEM/CurrentControlSet/Services/disk", r"HKLM\SYSTEM\ControlSet001\Services\disk"),
        ("HKCR/.TXT", r"HKLM\SOFTWARE\Classes\.txt"),
        ("HKEY_CLASSES_ROOT", r"HKLM\SOFTWARE\Classes"),
        ("HKU/Alice/Software/", r"HKU\alice\Software"),
        ("hku/alice_classes/.md", r"HKU\alice_Classes\.md"),
        (
            "HKCR/MIME/Database/Content Type/application/pdf",
            r"HKLM\SOFTWARE\Classes\MIME\Database\Content Type\application/pdf",
        ),
        (
            r"HKCR\MIME\Database\Content Type\application/pdf",
            r"HKLM\SOFTWARE\Classes\MIME\Database\Content Type\application/pdf",
        ),
        (
            "HKLM/SAM/SAM/Domains/Account/Users/Names/BJØRN",
            r"HKLM\SAM\SAM\Domains\Account\Users\Names\bjørn",
        ),
    ],
)
def test_keys_by_path(registry: HiveRegistry, typed: str, path: str) -> None:
    key = registry.locate(typed)
    assert isinstance(key, HiveKey)
    assert key.path == path


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("HKLM/SOFTWARE/Test/multi", "multi"),
        ("HKLM/SOFTWARE/Test/GRÜSSE", "grüße"),
        (r"HKLM\SYSTEM\MountedDevices\\DosDevices\C:", r"\DosDevices\C:"),
    ],
)
def test_values_by_path(registry: HiveRegistry, typed: str, name: str) -> None:
    found = registry.locate(typed)
    assert isinstance(found, tuple)
    assert found[1].name == name


@pytest.mark.parametrize(
    "typed",
    ["HKLM/SOFTWARE/nothing", "HKLM/SOFTWARE/nothing/Test", "HKLM/COMPONENTS", "HKXX/A", "HKLM",
     "HKLM/SOFTWARE/a\0b", "/", ""],
)  # fmt: skip
def test_nothing_by_path(registry: HiveRegistry, typed: str) -> None:
    assert registry.locate(typed) is None


# -- damage ----------------------------------------------------------------------------------------


def damaged(registry: HiveRegistry, name: str) -> HiveKey:
    return registry.top(Hive(name, Name(f"{DAMAGED}/{name}")))


@pytest.mark.parametrize("name", ["garbage", "cut short"])
def test_what_is_no_hive(registry: HiveRegistry, name: str) -> None:
    with pytest.raises(GuestError, match="is no hive that can be read"):
        damaged(registry, name)


def test_a_file_that_is_not_there(registry: HiveRegistry) -> None:
    with pytest.raises(NoSuchPath):
        damaged(registry, "nothing")


def test_a_hive_that_was_in_use(registry: HiveRegistry, warnings: list[str]) -> None:
    assert [key.name for key in damaged(registry, "dirty").subkeys()] == [".md"]
    assert warnings == [f"{DAMAGED}/dirty: was in use; what only its .LOG files hold is not shown"]


def test_a_hive_whose_keys_go_in_a_circle(registry: HiveRegistry) -> None:
    paths = [key.path for key in registry.walk(damaged(registry, "looping"))]
    assert paths == ["looping", r"looping\outer", r"looping\outer\inner"]


def test_a_key_that_is_none_is_warned_of(registry: HiveRegistry, warnings: list[str]) -> None:
    hive = Hive("X", Name(f"{CONFIG}/SAM"))
    key = HiveKey(registry, hive, 12345, r"X\wrong")
    assert list(key.subkeys()) == []
    assert list(key.values()) == []
    assert (key.modified, key.value("x"), key.subkey("x")) == (None, None, None)
    assert len(warnings) == 4
    assert all(warning.startswith(r"X\wrong: is damaged: ") for warning in warnings)


# -- commands --------------------------------------------------------------------------------------


def test_the_hives(session: Console) -> None:
    assert session.run("registry | select path data -o csv").splitlines() == [
        "path,data",
        rf"HKLM\SYSTEM,{CONFIG}/SYSTEM",
        rf"HKLM\SOFTWARE,{CONFIG}/SOFTWARE",
        rf"HKLM\SAM,{CONFIG}/SAM",
        rf"HKLM\SECURITY,{CONFIG}/SECURITY",
        rf"HKU\.DEFAULT,{CONFIG}/DEFAULT",
        r"HKU\alice,/Users/alice/NTUSER.DAT",
        r"HKU\alice_Classes,/Users/alice/AppData/Local/Microsoft/Windows/UsrClass.dat",
    ]
    assert [line.split()[0] for line in session.lines("registry HKU/")[1:]] == [
        r"HKU\.DEFAULT", r"HKU\alice", r"HKU\alice_Classes",
    ]  # fmt: skip


def test_a_key(session: Console) -> None:
    lines = session.lines("registry HKLM/SOFTWARE/Classes/.txt")
    assert [line.split() for line in lines] == [
        ["Name", "Kind", "Data", "Modified"],
        ["REG_SZ", "txtfile"],
        ["Content", "Type", "REG_SZ", "text/plain"],
    ]
    assert "1f … 2048 bytes" in session.run("registry HKLM/SOFTWARE/Test")
    whole = bytes(range(256)).hex(" ")
    assert f"{whole} {whole}" in session.run("registry HKLM/SOFTWARE/Test/bytes")
    assert f"{whole} {whole}" in session.run("registry HKLM/SOFTWARE/Test -o json")


def test_all_below_a_key(session: Console) -> None:
    lines = session.lines("registry -r HKU/alice/Software | where modified > 2024-01-01")
    assert [line.split()[0] for line in lines[1:]] == [
        r"HKU\alice\Software\Microsoft\Windows\CurrentVersion\Run"
    ]


def test_a_hive_by_its_file(session: Console) -> None:
    [_, line] = session.lines("registry --file /Damaged/dirty .md")
    assert line.split() == ["REG_SZ", "markdown"]
    assert "was in use" in session.error


EXAMPLES = [
    example
    for declared in COMMANDS.values()
    if declared.category == "windows"
    for example in declared.examples
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_runs(session: Console, example: str) -> None:
    if example.startswith("events"):
        pytest.importorskip("evtx")
    assert session.run(example)
    assert (session.status, session.error) == (ExitCode.DONE, "")


@pytest.mark.parametrize(
    ("line", "status", "problem"),
    [
        ("registry HKLM/SOFTWARE/nothing", ExitCode.FAILED, "no such key or value"),
        ("registry --file /Windows/explorer.exe", ExitCode.FAILED, "is no hive"),
        ("registry ''", ExitCode.USAGE, "an empty path"),
        ("events nothing", ExitCode.FAILED, "no such event log"),
    ],
)
def test_what_is_wrong(session: Console, line: str, status: ExitCode, problem: str) -> None:
    assert session.run(line) == ""
    assert session.status is status
    assert problem in session.error


def test_autoruns(session: Console) -> None:
    lines = session.lines("autoruns | where place = Run | where user = alice | select name -o csv")
    assert lines == ["name", "OneDrive", "backdoor"]


def test_events(session: Console) -> None:
    pytest.importorskip("evtx")
    assert session.lines("events -n 2") == [
        "2024-06-10 06:16:40Z  System  41  critical  Microsoft-Windows-Kernel-Power  ",
        "2024-06-11 07:13:20Z  Security  1102  information  Microsoft-Windows-Eventlog  ",
    ]
    assert session.lines("events System | select user -o csv") == ["user", '""', "alice", "SYSTEM"]
    assert len(session.lines("events Security --id 4625 --since 2024-06-10")) == 2


# -- completion ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("registry ", ["HKLM/", "HKU/", "HKCR/"]),
        ("registry hkl", ["HKLM/"]),
        ("registry HKLM/S", ["HKLM/SYSTEM/", "HKLM/SOFTWARE/", "HKLM/SAM/", "HKLM/SECURITY/"]),
        ("registry HKLM/SYSTEM/CurrentControlSet/c", ["HKLM/SYSTEM/CurrentControlSet/Control/"]),
        (
            "registry HKLM/SYSTEM/c",
            ["HKLM/SYSTEM/CurrentControlSet/", "HKLM/SYSTEM/ControlSet001/"],
        ),
        ("registry hkcr/.T", ["hkcr/.txt/"]),
        (r"registry 'HKLM\SOFTWARE\Cl", [r"HKLM\SOFTWARE" + "\\Classes\\"]),
        ("registry HKLM/SOFTWARE/nothing/", []),
        ("registry HKXX/", []),
        ("events Sec", ["Security"]),
    ],
)  # fmt: skip
def test_completion(session: Console, line: str, words: list[str]) -> None:
    cursor = at_cursor(line)
    assert cursor is not None
    found = candidates(session.session.context, cursor)
    assert [candidate.value for candidate in found] == words
    assert all(candidate.is_open for candidate in found if candidate.value.endswith(("/", "\\")))


# -- mounts ----------------------------------------------------------------------------------------


def test_an_open_hive_keeps_nothing_mounted(windows: Guest, session: Console) -> None:
    assert session.run("registry HKLM/SAM")
    windows.unmount("/")
    assert session.run("registry HKLM/SAM") == ""
    assert "nothing is mounted" in session.error
    windows.mount("/dev/sda1", "/")
    assert session.run("registry HKLM/SAM")


def test_keys_outlive_another_hive_and_a_closed_one(windows: Guest, registry: HiveRegistry) -> None:
    key, other = registry.key(r"HKLM\SOFTWARE\Test"), registry.key(r"HKLM\SAM\SAM")
    assert key is not None and other is not None
    windows.appliance.call(lambda handle: handle.close_hive())
    value = key.value("multi")
    assert value is not None and value.texts() == ("one", "two", "three")
