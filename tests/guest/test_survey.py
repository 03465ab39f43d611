"""When the images are believed and when the appliance is asked; no appliance runs here."""

from pathlib import Path
from typing import cast

import pytest

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.devices import survey
from guestshell.guest.image import open_image
from tests.images.build import MIB, run


class Asked:
    """A handle that answers with what it was given, and keeps what it was asked."""

    def __init__(self, **tags: dict[str, str]) -> None:
        self.calls: list[str] = []
        self._tags = {f"/dev/{name}": found for name, found in tags.items()}

    def blkid(self, device: str) -> dict[str, str]:
        self.calls.append(f"blkid {device}")
        if device not in self._tags:
            raise GuestError("nothing there")
        return self._tags[device]

    def pread_device(self, device: str, count: int, offset: int) -> bytes:
        return bytes(count)

    def list_devices(self) -> list[str]:
        self.calls.append("list_devices")
        return ["/dev/sda"]

    def list_partitions(self) -> list[str]:
        return ["/dev/sda1", "/dev/sda2"]

    def md_devices(self) -> list[str]:
        return []

    def logical_volumes(self) -> list[str]:
        return ["/dev/vg/lv"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    made = tmp_path / "image"
    with made.open("wb") as file:
        file.truncate(16 * MIB)
    script = "label: dos\nstart=2048, size=8192, type=83\nstart=12288, size=8192, type=83\n"
    run("sfdisk", "--quiet", str(made), text=script)
    run("mke2fs", "-q", "-t", "ext4", "-E", f"offset={MIB}", str(made), "4096")
    return made


def write(image: Path, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(12288 * 512)
        file.write(data)


def test_a_sound_image_needs_no_appliance(image: Path) -> None:
    handle = Asked()
    found = survey(cast(Handle, handle), [open_image(image)])
    assert handle.calls == []
    assert [(device.path, device.type) for device in found.devices] == [
        ("/dev/sda1", "ext4"),
        ("/dev/sda2", ""),
    ]
    assert [partition.size for partition in (d.partition() for d in found.devices)] == [
        4 * MIB,
        4 * MIB,
    ]


def test_a_device_in_doubt_is_asked_of_the_appliance(image: Path) -> None:
    write(image, b"something")
    handle = Asked(sda2={"TYPE": "nilfs2"})
    found = survey(cast(Handle, handle), [open_image(image)])
    assert handle.calls == ["blkid /dev/sda2"]
    assert found.devices[1].type == "nilfs2"
    assert found.devices[1].partition().number == 2


def test_a_device_that_nobody_knows_keeps_its_partition(image: Path) -> None:
    write(image, b"something")
    found = survey(cast(Handle, Asked()), [open_image(image)])
    assert found.devices[1].partition().start == 12288 * 512
    assert found.warnings == ["/dev/sda2 cannot be examined: nothing there"]


@pytest.mark.parametrize("kind", ["linux_raid_member", "LVM2_member"])
def test_members_found_by_the_appliance_are_its_own_matter(image: Path, kind: str) -> None:
    write(image, b"something")
    handle = Asked(sda1={"TYPE": "ext4"}, sda2={"TYPE": kind})
    found = survey(cast(Handle, handle), [open_image(image)])
    assert "list_devices" in handle.calls
    has_volume = "/dev/vg/lv" in [device.path for device in found.devices]
    assert has_volume == (kind == "LVM2_member")


def test_a_disk_in_doubt_is_listed_by_the_appliance(image: Path) -> None:
    with image.open("r+b") as file:
        file.write(b"\xeb")
        file.seek(446)
        file.write(b"\x55")
    handle = Asked(sda1={"TYPE": "ext4"}, sda2={"TYPE": "swap"})
    assert len(survey(cast(Handle, handle), [open_image(image)]).devices) == 2
    assert handle.calls == ["list_devices", "blkid /dev/sda1", "blkid /dev/sda2"]
