"""What the hives of a Windows say: system, accounts, services, programs, network."""

import struct
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.windows.accounts import (
    groups_of,
    machine_sid,
    names_by_sid,
    read_accounts,
    read_aliases,
    read_profiles,
    users_of,
)
from guestshell.guest.facts.windows.keys import Value, filetime, filetime_in
from guestshell.guest.facts.windows.network import read_interfaces, read_leases, read_resolvers
from guestshell.guest.facts.windows.programs import read_programs
from guestshell.guest.facts.windows.services import read_services
from guestshell.guest.facts.windows.sids import sid_text
from guestshell.guest.facts.windows.system import read_system
from guestshell.values import Size
from tests.guest.facts.windows.fake_registry import FakeRegistry, windows_registry
from tests.images import windows_registry as story
from tests.images.hives import DEFAULT_TIME, Contents, Data, binary, dword, sz

NS = 10**9
DEFAULT_MOMENT = filetime(DEFAULT_TIME)


@pytest.fixture
def registry() -> FakeRegistry:
    return windows_registry()


def system_hive(contents: Contents) -> FakeRegistry:
    return FakeRegistry({r"HKLM\SYSTEM": ("/SYSTEM", contents)})


def sam_hive(contents: Contents) -> FakeRegistry:
    return FakeRegistry({r"HKLM\SAM": ("/SAM", contents)})


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text", "number", "readable"),
    [
        (sz("Straße"), "Straße", None, "Straße"),
        (Data(1, "seen\0unseen\0".encode("utf-16-le")), "seen", None, "seen\0unseen"),
        (Data(1, b"a\0b\0c"), "ab", None, "ab"),
        (Data(1, b"\x00\xd8"), "\ufffd", None, "\ufffd"),
        (Data(7, "a\0b\0\0".encode("utf-16-le")), "a ; b", None, "a ; b"),
        (dword(7), "7", 7, "7"),
        (Data(4, b"\1\2"), "", None, "01 02"),
        (Data(5, b"\0\0\1\0"), "256", 256, "256"),
        (Data(11, b"\xff" * 8), "18446744073709551615", 2**64 - 1, "18446744073709551615"),
        (binary(b"\0\1\2\3\4"), "", None, "00 01 02 … 5 bytes"),
        (Data(0, b""), "", None, ""),
    ],
)
def test_values_by_their_type(value: Data, text: str, number: int | None, readable: str) -> None:
    made = Value("name", value.type, value.data)
    assert (made.text(), made.number(), made.readable(3)) == (text, number, readable)


def test_kinds_have_names() -> None:
    assert Value("", 1, b"").kind == "REG_SZ"
    assert Value("", 0x1234, b"").kind == "type 0x1234"


@given(st.integers(0, 2**32), st.binary(max_size=40))
def test_any_bytes_are_some_value(kind: int, data: bytes) -> None:
    value = Value("", kind, data)
    assert isinstance(value.text(), str)
    assert isinstance(value.readable(8), str)
    assert isinstance(value.texts(), tuple)


@pytest.mark.parametrize(
    ("ticks", "moment"),
    [
        (0, None),
        (0x7FFFFFFFFFFFFFFF, None),
        (2**64 - 1, None),
        (116_444_736_000_000_000, 0),
        (116_444_736_000_000_001, 100),
        (1, -11_644_473_600 * NS + 100),
    ],
)
def test_filetimes(ticks: int, moment: int | None) -> None:
    assert filetime(ticks) == moment
    assert filetime_in(b"x" + struct.pack("<Q", ticks), 1) == moment
    assert filetime_in(struct.pack("<Q", ticks), 1) is None


# -- system --------------------------------------------------------------------------------------


def test_the_system(registry: FakeRegistry) -> None:
    system = read_system(registry)
    assert {field.name: getattr(system, field.name) for field in fields(system)} == {
        "product": "Windows 10 Pro",
        "edition": "Professional",
        "version": "10.0",
        "release": "22H2",
        "build": "19045.4291",
        "architecture": "AMD64",
        "computer": "DESKTOP-7A1B2C3",
        "domain": "corp.example",
        "owner": "Alice Ackermann",
        "organization": "Ackermann & Söhne",
        "product_id": "00330-80000-00000-AA123",
        "system_root": r"C:\Windows",
        "time_zone": "W. Europe Standard Time",
        "utc_offset": 120,
        "installed": story.INSTALLED * NS,
        "shut_down": 1_718_100_000 * NS,
    }
    assert registry.warnings == []


def test_a_windows_11_that_calls_itself_10() -> None:
    version: Contents = {
        r"Microsoft\Windows NT\CurrentVersion": {
            "ProductName": sz("Windows 10 Pro"),
            "CurrentBuild": sz("22631"),
        }
    }
    system = read_system(FakeRegistry({r"HKLM\SOFTWARE": ("/SOFTWARE", version)}))
    assert (system.product, system.build, system.installed) == ("Windows 11 Pro", "22631", None)


def test_a_windows_xp() -> None:
    version: Contents = {
        r"Microsoft\Windows NT\CurrentVersion": {
            "ProductName": sz("Microsoft Windows XP"),
            "CurrentVersion": sz("5.1"),
            "CurrentBuildNumber": sz("2600"),
            "InstallDate": dword(1_200_000_000),
        }
    }
    system = read_system(FakeRegistry({r"HKLM\SOFTWARE": ("/SOFTWARE", version)}))
    assert (system.product, system.version, system.build, system.installed) == (
        "Microsoft Windows XP", "5.1", "2600", 1_200_000_000 * NS,
    )  # fmt: skip


# -- accounts ------------------------------------------------------------------------------------


def test_accounts(registry: FakeRegistry) -> None:
    accounts = {str(account.name): account for account in read_accounts(registry)}
    assert list(accounts) == ["Administrator", "Guest", "alice", "bjørn"]
    alice = accounts["alice"]
    assert (alice.rid, alice.sid) == (1001, f"{story.SID}-1001")
    assert (alice.full_name, alice.comment) == ("Alice Ackermann", "Accounts")
    assert alice.groups == ("Administrators", "Users")
    assert (alice.disabled, alice.password, alice.password_needed) == (False, "set", False)
    assert not alice.password_expires
    assert alice.last_login == story.ALICE_LOGIN * NS
    assert alice.password_set == story.ALICE_PASSWORD * NS
    assert alice.last_failure == 1_717_999_000 * NS
    assert (alice.logins, alice.profile) == (42, r"C:\Users\alice")
    administrator = accounts["Administrator"]
    assert (administrator.disabled, administrator.password) == (True, "none")
    assert administrator.last_login is administrator.password_set is None
    assert accounts["Guest"].password == "none"
    assert (accounts["bjørn"].password, accounts["bjørn"].groups) == ("set", ("Backup team",))
    assert accounts["bjørn"].password_needed
    assert registry.warnings == []


def test_accounts_as_rows_of_users(registry: FakeRegistry) -> None:
    users = {str(user.name): user for user in users_of(read_accounts(registry))}
    assert (users["alice"].uid, users["alice"].home) == (1001, r"C:\Users\alice")
    assert users["Administrator"].password == "locked"


def test_local_groups(registry: FakeRegistry) -> None:
    aliases = read_aliases(registry)
    assert [(alias.name, alias.sid, alias.members) for alias in aliases] == [
        ("Administrators", "S-1-5-32-544", ("Administrator", "alice")),
        ("Users", "S-1-5-32-545", ("INTERACTIVE", "Authenticated Users", "alice")),
        ("Backup team", f"{story.SID}-1001", ("bjørn",)),
    ]
    assert [group.gid for group in groups_of(aliases)] == [544, 545, 1001]


def test_names_of_sids(registry: FakeRegistry) -> None:
    names = names_by_sid(registry)
    assert (names[f"{story.SID}-1001"], names["S-1-5-18"]) == ("alice", "SYSTEM")
    assert machine_sid(registry) == story.SID


def test_profiles(registry: FakeRegistry) -> None:
    assert [(profile.sid, profile.path) for profile in read_profiles(registry)] == [
        ("S-1-5-18", r"%systemroot%\system32\config\systemprofile"),
        (f"{story.SID}-1001", r"C:\Users\alice"),
    ]


def test_a_damaged_account_is_left_out_with_a_warning() -> None:
    sam = dict(story.SAM)
    sam[r"SAM\Domains\Account\Users\000003E9"] = {"F": binary(b"short")}
    sam[r"SAM\Domains\Builtin\Aliases\00000220"] = {"C": binary(b"short")}
    registry = sam_hive(sam)
    assert [account.name for account in read_accounts(registry)] == [
        "Administrator", "Guest", "bjørn",
    ]  # fmt: skip
    assert sorted(registry.warnings) == [
        r"HKLM\SAM\SAM\Domains\Account\Users\000003E9: its value F is too short; the account is"
        " left out",
        r"HKLM\SAM\SAM\Domains\Builtin\Aliases\00000220: its value C is too short; the group is"
        " left out",
    ]


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_some_account(f: bytes, v: bytes, c: bytes) -> None:
    registry = sam_hive(
        {
            r"SAM\Domains\Account": {"V": binary(v)},
            r"SAM\Domains\Account\Users\000003E9": {"F": binary(f), "V": binary(v)},
            r"SAM\Domains\Builtin\Aliases\00000220": {"C": binary(c)},
        }
    )
    assert len(read_accounts(registry)) <= 1
    assert len(read_aliases(registry)) <= 1


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (story.sid(32, 544), "S-1-5-32-544"),
        (story.sid(), "S-1-5"),
        (story.sid(18)[:-1], None),
        (b"\2" + story.sid(18)[1:], None),
        (b"", None),
    ],
)
def test_sids(data: bytes, text: str | None) -> None:
    assert sid_text(data) == text


# -- services ------------------------------------------------------------------------------------


def test_services(registry: FakeRegistry) -> None:
    services = {str(service.name): service for service in read_services(registry)}
    assert list(services) == ["disk", "Dnscache", "RemoteRegistry", "Spooler", "Tcpip"]
    spooler = services["Spooler"]
    assert (spooler.kind, spooler.state, spooler.enabled) == ("service", "automatic", True)
    assert spooler.command == r"%SystemRoot%\System32\spoolsv.exe"
    assert (spooler.user, spooler.description) == ("LocalSystem", "Print Spooler")
    assert spooler.mtime == 1_695_000_000 * NS
    assert spooler.file == "/Windows/System32/config/SYSTEM"
    dns = services["Dnscache"]
    assert dns.also_runs == (r"ServiceDll=%SystemRoot%\System32\dnsrslvr.dll",)
    assert (services["RemoteRegistry"].state, services["RemoteRegistry"].enabled) == (
        "disabled", False,
    )  # fmt: skip
    assert (services["disk"].kind, services["disk"].state) == ("driver", "boot")


def test_who_depends_on_a_service() -> None:
    needs = {"DependOnService": Data(7, "A\0\0".encode("utf-16-le"))}
    kind = {"Type": dword(0x10), "Start": dword(9)}
    registry = system_hive(
        {
            r"ControlSet001\Services\a": kind,
            r"ControlSet001\Services\b": {**kind, **needs},
        }
    )
    first, second = read_services(registry)
    assert (first.wanted_by, second.wanted_by) == (("b",), ())
    assert (first.state, first.enabled) == ("start 9", False)


# -- programs ------------------------------------------------------------------------------------


def test_programs(registry: FakeRegistry) -> None:
    programs = {program.name: program for program in read_programs(registry)}
    assert list(programs) == [
        "7-Zip 23.01 (x64)",
        "Java 8 Update 381 (64-bit)",
        "Notepad++ (32-bit x86)",
        "Zoom",
    ]
    java = programs["Java 8 Update 381 (64-bit)"]
    assert (java.version, java.summary, java.manager) == (
        "8.0.3810.9", "Oracle Corporation", "windows",
    )  # fmt: skip
    assert (java.size, java.installed) == (Size(126480 * 1024), 1_694_476_800 * NS)
    assert programs["7-Zip 23.01 (x64)"].installed == 1_694_000_000 * NS
    assert programs["Notepad++ (32-bit x86)"].architecture == "x86"
    assert programs["Notepad++ (32-bit x86)"].installed == DEFAULT_MOMENT
    assert programs["Zoom"].source == "alice"


# -- network -------------------------------------------------------------------------------------


def test_interfaces(registry: FakeRegistry) -> None:
    static, leased = read_interfaces(registry)
    assert static.method == ("static",)
    assert static.addresses == ("198.51.100.7/24", "198.51.100.8/23")
    assert static.gateways == ("198.51.100.1",)
    assert static.nameservers == ("198.51.100.53", "198.51.100.54")
    assert (leased.name, leased.connection, leased.method) == (
        story.NIC.lower(), "Ethernet0", ("dhcp",),
    )  # fmt: skip
    assert leased.addresses == ("192.0.2.44/24",)
    assert leased.nameservers == ("192.0.2.53", "192.0.2.54")
    assert leased.search == ("corp.example",)


def test_leases(registry: FakeRegistry) -> None:
    [lease] = read_leases(registry)
    assert (lease.interface, lease.address) == ("Ethernet0", "192.0.2.44")
    assert lease.server == "192.0.2.1"
    assert lease.granted == 1_718_000_000 * NS
    assert lease.expires == 1_718_086_400 * NS


def test_resolvers(registry: FakeRegistry) -> None:
    rows = [(row.setting, row.value, row.interface) for row in read_resolvers(registry)]
    assert ("search", "corp.example", "") in rows
    assert ("nameserver", "192.0.2.53", "Ethernet0") in rows


def test_a_mask_that_is_none() -> None:
    key = r"ControlSet001\Services\Tcpip\Parameters\Interfaces\{1}"
    registry = system_hive({key: {"IPAddress": sz("10.0.0.1"), "SubnetMask": sz("nonsense")}})
    [interface] = read_interfaces(registry)
    assert interface.addresses == ("10.0.0.1",)


def test_nothing_is_known_without_hives() -> None:
    registry = FakeRegistry({})
    assert read_system(registry).product == ""
    assert read_accounts(registry) == []
    for read in (read_services, read_programs, read_interfaces, read_leases, read_resolvers):
        assert list(read(registry)) == []
