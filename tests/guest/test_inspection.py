"""The cheap way to the systems of each family against virt-inspector, field by field."""

import json
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from guestshell import Guest
from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.devices import Survey, survey
from guestshell.guest.finding import open_layout
from guestshell.guest.fstab import resolve_spec
from guestshell.guest.mounts import MountTable
from tests.conftest import Console, watch
from tests.images.oracle import virt_inspector
from tests.images.systems import (
    alpine_image,
    arch_image,
    centos_image,
    freebsd_image,
    gentoo_image,
    three_systems_image,
    ubuntu_image,
)
from tests.images.volumes import volume_images
from tests.images.windows import windows_image

pytestmark = [
    pytest.mark.appliance,
    pytest.mark.skipif(
        shutil.which("virt-inspector") is None, reason="virt-inspector is the oracle"
    ),
]

SHARED = {
    "name": "type",
    "distro": "distribution",
    "product_name": "product",
    "product_variant": "variant",
    "hostname": "hostname",
    "arch": "architecture",
    "package_management": "package_manager",
    "package_format": "package_format",
    "osinfo": "osinfo",
    "root": "root",
    "windows_systemroot": "system_root",
    "windows_current_control_set": "control_set",
}
"""virt-inspector's elements and the fields of `os` that say the same."""

# libguestfs 1.48 loses a Btrfs subvolume on any disk but the first, so those stand alone; what
# takes longest comes first, for virt-inspector works on two groups at a time
GROUPS: dict[str, Callable[[], list[Path]]] = {
    "fleet": lambda: [
        ubuntu_image(), volume_images()[2], centos_image(), arch_image(), alpine_image(),
        gentoo_image(), three_systems_image(),
    ],
    "fedora": lambda: [volume_images()[0]],
    "opensuse": lambda: [volume_images()[1]],
    "windows": lambda: [windows_image()],
    "freebsd": lambda: [freebsd_image()],
}  # fmt: skip


ASKED = ("windows", "freebsd")
"""Groups whose systems only libguestfs knows."""

if shutil.which("makefs") is None:
    del GROUPS["freebsd"]


@pytest.fixture(scope="module")
def images() -> dict[str, list[Path]]:
    return {name: [watch(image) for image in make()] for name, make in GROUPS.items()}


@pytest.fixture(scope="module")
def oracle(images: dict[str, list[Path]]) -> dict[str, list[ElementTree.Element]]:
    return virt_inspector(images)


@pytest.fixture(scope="module", params=list(GROUPS))
def group(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def guest(group: str, images: dict[str, list[Path]]) -> Iterator[Guest]:
    with Guest(*images[group]) as opened:
        yield opened


def device_of(guest: Guest, written: str) -> str:
    # virt-inspector repeats the /dev/disk/by-uuid of an fstab, we say which device it is
    found = resolve_spec(written, guest.layout().survey) if "/disk/by-" in written else None
    return found or written


def texts(element: ElementTree.Element) -> dict[str, str]:
    found = {child.tag: child.text or "" for child in element}
    return {ours: "" if found.get(theirs) in (None, "unknown") else found[theirs]
            for theirs, ours in SHARED.items()}  # fmt: skip


def compare(guest: Guest, shown: dict[str, Any], element: ElementTree.Element) -> None:
    """Assert that one system of `inspect -o json` says what virt-inspector does."""
    system = shown["os"]
    expected = texts(element)
    # hostname(5) of a Gentoo stands where libguestfs does not look
    known = {name for name, value in expected.items() if value or name != "hostname"}
    assert {name: system[name] for name in known} == {name: expected[name] for name in known}
    numbers = [element.findtext(f"{part}_version", "0") for part in ("major", "minor")]
    ours = [str(int(number)) for number in (system["version"] or "0").split(".")]
    assert [*ours, "0"][:2] == numbers
    mounts = {
        point.text: device_of(guest, point.attrib["dev"]) for point in element.iter("mountpoint")
    }
    assert {mount["directory"]: mount["device"] for mount in shown["mounts"]} == {
        **mounts,
        "/": system["root"],
    }
    rows = {row["device"]: row for row in shown["filesystems"]}
    for found in element.iter("filesystem"):
        device = device_of(guest, found.attrib["dev"])
        base = next(d for d in rows if device == d or device.startswith(f"btrfsvol:{d}/"))
        assert rows[base]["type"] == found.findtext("type")
        for tag in ("label", "uuid"):
            assert rows[base][tag] == (found.findtext(tag) or "")


def shown_systems(guest: Guest, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    console = Console(guest)
    for number in numbers:
        assert console.run(f"use {number}") == ""
        [shown] = json.loads(console.run("inspect -o json"))
        yield shown


def test_every_system_is_what_virt_inspector_says(
    guest: Guest, group: str, oracle: dict[str, list[ElementTree.Element]]
) -> None:
    assert guest.layout().asked == (group in ASKED), "Linux must be settled without inspect_os"
    assert guest.layout().warnings == []
    elements = oracle[group]
    assert [row.root for row in guest.systems()] == [
        element.findtext("root") for element in elements
    ]
    numbers = range(1, len(elements) + 1)
    for shown, element in zip(shown_systems(guest, numbers), elements, strict=True):
        compare(guest, shown, element)
    guest.use("1")


PROBED = ("TYPE", "UUID", "LABEL")
ENTRY = tuple(f"PART_ENTRY_{key}" for key in ("SCHEME", "NUMBER", "OFFSET", "SIZE", "TYPE", "UUID",
                                              "NAME"))  # fmt: skip


def test_devices_are_what_the_appliance_says(guest: Guest, images: dict[str, list[Path]]) -> None:
    """Assert that what is read in the images themselves is blkid's and LVM's own answer."""
    known = guest.layout().survey

    def ask(handle: Handle) -> Survey:
        return survey(handle)

    asked = guest.appliance.call(ask)
    assert known.disks == asked.disks
    assert [(device.path, device.kind) for device in known.devices] == [
        (device.path, device.kind) for device in asked.devices
    ]
    for ours, theirs in zip(known.devices, asked.devices, strict=True):
        for key in (*PROBED, *ENTRY):
            assert ours.tags.get(key, "") == theirs.tags.get(key, ""), (ours.path, key)


def test_drive_letters_are_virt_inspectors(
    guest: Guest, group: str, oracle: dict[str, list[ElementTree.Element]]
) -> None:
    [element, *_] = oracle[group]
    assert {(drive.letter, drive.device) for drive in guest.inspect().drives} == {
        (mapping.attrib["name"], mapping.text) for mapping in element.iter("drive_mapping")
    }
    assert bool(guest.inspect().drives) == (group == "windows")


# -- several systems -------------------------------------------------------------------------------


@pytest.fixture
def shell(guest: Guest, group: str) -> Iterator[Console]:
    if group != "fleet":
        pytest.skip("this is about several systems")
    yield Console(guest)
    guest.use("1")


def test_use_lists_the_systems_and_marks_the_one_mounted(shell: Console) -> None:
    rows = json.loads(shell.run("use -o json"))
    assert [row["number"] for row in rows if row["mounted"]] == [1]
    assert rows[0]["hostname"] == "jammy"
    assert len(rows) == len(json.loads(shell.run("inspect -o json"))[0]["systems"]) == 9


def test_use_switches_to_another_system(shell: Console) -> None:
    assert shell.run("cd /etc; cat hostname") == "jammy\n"
    numbers = {row["hostname"]: row["number"] for row in json.loads(shell.run("use -o json"))}
    shell.run(f"use {numbers['mint']}")
    assert shell.session.context.cwd == "/"
    assert shell.run("cat /etc/hostname /home/alice/notes") == "mint\nshared\n"
    shell.run("use /dev/rl_host/root")
    assert shell.run("cat /etc/hostname") == "rocky.example.com\n"


def test_an_unknown_system_is_refused_with_what_there_is(shell: Console) -> None:
    shell.run("use 12")
    assert shell.status == 1
    assert "no system 12: there is 1 Ubuntu 22.04.4 LTS, 2 CentOS" in shell.error
    assert shell.run("cat /etc/hostname") == "jammy\n"


def test_root_chooses_at_opening(images: dict[str, list[Path]]) -> None:
    three = images["fleet"][-1:]
    with Guest(*three, root="2") as guest:
        assert guest.read_text("/etc/hostname") == "mint\n"
        assert guest.systems()[1].mounted
        assert not guest.layout().asked

        def again(handle: Handle) -> str | None:
            return open_layout(handle, MountTable(), guest.images, "/dev/sda3").root

        assert guest.appliance.call(again) == "/dev/sda3"
        # the fstab of the first one names the root of the second, which is known already
        first = guest.appliance.call(lambda h: open_layout(h, MountTable(), guest.images))
        assert (first.current, first.asked, len(first.systems)) == (1, False, 3)
        with pytest.raises(GuestError, match="no system /dev/sda9: there is 1 Kali"):
            guest.appliance.call(lambda h: open_layout(h, MountTable(), guest.images, "/dev/sda9"))


class Recorder:
    """A handle that keeps the names of the calls made on it."""

    def __init__(self, handle: Handle) -> None:
        self.calls: list[str] = []
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._handle, name)


CHEAP = {"unmount_all", "mount", "readdir", "readlink", "stat", "lstat", "pread", "own_number"}
"""What opening asks: of these only a mount takes longer than some milliseconds."""


def test_opening_asks_only_cheap_calls(guest: Guest, group: str) -> None:
    if group in ASKED:
        pytest.skip("libguestfs is asked")

    def reopen(handle: Handle) -> list[str]:
        recorder = Recorder(handle)
        open_layout(cast(Handle, recorder), MountTable(), guest.images)
        return recorder.calls

    calls = guest.appliance.call(reopen)
    volumes = {"btrfs_subvolumes", "btrfs_default_subvolume"} if group != "fleet" else set()
    assert set(calls) - volumes <= CHEAP
    if group == "fedora":
        # the device, its root, and what that has besides
        assert calls.count("mount") == 4
