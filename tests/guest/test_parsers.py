import struct

from hypothesis import given
from hypothesis import strategies as st

from guestshell.demo.story import program
from guestshell.guest.devices import Device, Survey
from guestshell.guest.facts.accounts.passwd import parse_groups, parse_users
from guestshell.guest.facts.packages.dpkg_status import parse_stanzas
from guestshell.guest.fstab import parse_fstab, resolve_spec
from guestshell.guest.paths import child, join, lexical, split
from guestshell.guest.save import link_stays_inside
from guestshell.guest.systems import elf_architecture, parse_os_release

SURVEY = Survey(
    [
        Device("/dev/sda1", "partition", {"UUID": "AB-1", "LABEL": "boot disk", "TYPE": "vfat"}),
        Device("/dev/sdb2", "partition", {"PART_ENTRY_UUID": "aa-bb", "TYPE": "ext4"}),
        Device("/dev/my-group/root-lv", "logical volume", {"TYPE": "xfs"}),
    ],
    ["/dev/sda", "/dev/sdb"],
    [],
)


def test_fstab_specs_are_resolved() -> None:
    expected = {
        "UUID=ab-1": "/dev/sda1",
        "LABEL=boot disk": "/dev/sda1",
        "PARTUUID=AA-BB": "/dev/sdb2",
        "/dev/disk/by-uuid/AB-1": "/dev/sda1",
        "/dev/mapper/my--group-root--lv": "/dev/my-group/root-lv",
        "/dev/my-group/root-lv": "/dev/my-group/root-lv",
        "/dev/vda1": "/dev/sda1",
        "/dev/xvdb2": "/dev/sdb2",
        "/dev/nvme0n1p1": "/dev/sda1",
        "/dev/mmcblk1p2": "/dev/sdb2",
        "/dev/sdc1": None,
        "UUID=other": None,
        "LABEL=": None,
        "/dev/disk/by-id/x": None,
    }
    assert {spec: resolve_spec(spec, SURVEY) for spec in expected} == expected


def test_fstab_blanks_and_damage() -> None:
    lines = parse_fstab(b"LABEL=a\\040b /my\\040dir ext4 ro,noauto 0 0\n# x\nbroken\n\xff\xfe /a\n")
    assert [(line.spec, line.directory, line.options) for line in lines] == [
        ("LABEL=a b", "/my dir", ("ro", "noauto"))
    ]


@given(st.binary())
def test_no_fstab_makes_the_parser_fail(data: bytes) -> None:
    for line in parse_fstab(data):
        resolve_spec(line.spec, SURVEY)


@given(st.binary())
def test_no_damage_makes_the_parsers_fail(data: bytes) -> None:
    parse_users(data, data, parse_groups(data))
    parse_os_release(data)
    list(parse_stanzas(data.splitlines(keepends=True)))
    elf_architecture(data)


def test_os_release_quotes() -> None:
    data = b'ID=debian\nA="x \\"y\\" \\$z"\nB=\'q r\'\n# C=1\nbroken\n'
    assert parse_os_release(data) == {"ID": "debian", "A": 'x "y" $z', "B": "q r"}


def test_password_states() -> None:
    passwd = (
        b"a:x:0:0::/:/s\nb:x:1:1::/:/s\nc:x:2:2::/:/s\nd::3:3::/:/s\ne:x:4:4::/:/s\nbad:x:y:z\n"
    )
    users = parse_users(passwd, b"a:$6$h:1\nb:!x:1\nc::1\n", [])
    assert [user.password for user in users] == ["set", "locked", "none", "none", "unknown"]


def test_numbers_that_are_none_are_left_out() -> None:
    nines = b"9" * 5000
    assert parse_users(b"a:x:" + nines + b":0::/:/s\n", b"", []) == []
    assert parse_groups(b"a:x:" + nines + b":\n") == []
    [stanza] = parse_stanzas([b"Package: a\n", b"Installed-Size: " + nines + b"\n"])
    assert stanza.package.size == 0


def test_fstab_places_that_are_none_are_left_out() -> None:
    assert parse_fstab(b"/dev/sda1 /a\\000b ext4\n/dev/sda1 /../x ext4\n") == []


def test_dpkg_leaves_out_what_was_removed() -> None:
    status = (
        b"Package: a\nStatus: install ok installed\nVersion: 1:2\nInstalled-Size: 3\n"
        b"Description: one\n more\n\nPackage: b\nStatus: deinstall ok config-files\n\n"
    )
    [stanza] = parse_stanzas(status.splitlines(keepends=True))
    package = stanza.package
    assert (package.name, package.version, package.size, package.summary) == (
        "a",
        "1:2",
        3072,
        "one",
    )


def test_elf_machines() -> None:
    assert elf_architecture(program()) == "x86_64"
    big = b"\x7fELF" + bytes([2, 2, 1]) + bytes(9) + struct.pack(">HH", 2, 22)
    assert elf_architecture(big) == "s390x"
    assert elf_architecture(b"#!/bin/sh\n") == ""


def test_paths() -> None:
    assert join("/etc", "./ssh//x/../y") == "/etc/ssh/x/../y"
    assert join("/etc", "/") == "/"
    assert lexical("/a/../../b/./c") == "/b/c"
    assert split("/a/b") == ("/a", "b")
    assert split("/") == ("/", "")
    assert child("/", "a") == "/a"


def test_links_that_lead_out_are_known() -> None:
    inside = [("name", 0), ("a/b", 0), ("../x", 1), ("./x", 0), ("../../x", 2)]
    outside = [("/etc", 3), ("..", 0), ("../../x", 1), ("a/../../x", 1), ("a/..", 0), ("x/../y", 5)]
    assert all(link_stays_inside(target, depth) for target, depth in inside)
    assert not any(link_stays_inside(target, depth) for target, depth in outside)
