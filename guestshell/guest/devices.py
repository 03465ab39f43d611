"""The devices of a guest: disks, partitions, logical volumes, and the file systems on them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.image import Image
from guestshell.guest.ondisk.state import HEAD, STATE, state_of, tells
from guestshell.values import Name, Percent, Size

if TYPE_CHECKING:
    from guestshell.guest.ondisk.outline import Seen

_SECTOR = 512
"""blkid(8) counts PART_ENTRY_OFFSET and PART_ENTRY_SIZE in these, whatever the disk uses."""

_SCHEMES = {"dos": "mbr"}

CONTAINERS = {
    "LVM2_member": "LVM physical volume",
    "linux_raid_member": "MD RAID member",
    "crypto_LUKS": "LUKS encrypted",
    "BitLocker": "BitLocker encrypted",
    "zfs_member": "ZFS pool member",
    "swap": "swap",
}
"""blkid types that hold no files of their own, and what they are."""


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk of the guest and the image it comes from."""

    device: str
    size: Size
    table: str
    format: str
    image: Name


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition; `start` and `size` in bytes, `type` a GPT type GUID or an MBR type code."""

    device: str
    number: int
    start: Size
    size: Size
    scheme: str
    type: str
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What a device holds; `used` and `available` are known while it is mounted.

    `state` is how it was left: clean, not unmounted, needs recovery (of what its journal holds),
    has errors, or empty where its superblock does not tell.
    """

    device: str
    type: str
    label: str
    uuid: str
    state: str
    size: Size
    used: Size | None
    available: Size | None
    mounted: Name | None


@dataclass(frozen=True, slots=True)
class Usage:
    """The space of one mounted file system, statvfs(3)."""

    device: str
    size: Size
    used: Size
    available: Size
    used_percent: Percent
    inodes: int
    inodes_used: int
    mounted: Name


@dataclass(frozen=True)
class Device:
    """A block device with blkid(8)'s tags."""

    path: str
    kind: str
    tags: dict[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def type(self) -> str:
        """What is on it: a file system type, a container's, or empty."""
        return self.tags.get("TYPE", "")

    @property
    def state(self) -> str:
        """How its file system was left; empty where that is not known."""
        return self.tags.get(STATE, "")

    @property
    def partition_size(self) -> int:
        """Its size in bytes as its partition table or volume group says; 0 when none does."""
        return self.size or int(self.tags.get("PART_ENTRY_SIZE", "0")) * _SECTOR

    @property
    def holds_files(self) -> bool:
        """Whether there is a file system on it."""
        return bool(self.type) and self.type not in CONTAINERS

    def partition(self) -> Partition:
        """Give its partition's row."""
        tags = self.tags
        return Partition(
            device=self.path,
            number=int(tags.get("PART_ENTRY_NUMBER", "0")),
            start=Size(int(tags.get("PART_ENTRY_OFFSET", "0")) * _SECTOR),
            size=Size(self.partition_size),
            scheme=_SCHEMES.get(
                tags.get("PART_ENTRY_SCHEME", ""), tags.get("PART_ENTRY_SCHEME", "")
            ),
            type=tags.get("PART_ENTRY_TYPE", ""),
            name=tags.get("PART_ENTRY_NAME", ""),
            content=CONTAINERS.get(self.type, self.type),
        )


@dataclass
class Survey:
    """Every device that can hold files, in the order disks, partitions, arrays, volumes."""

    devices: list[Device]
    disks: list[str]
    warnings: list[str]

    def partitions(self) -> list[Device]:
        """Give the partitions of all disks."""
        return [device for device in self.devices if device.kind == "partition"]

    def file_systems(self) -> list[Device]:
        """Give the devices with a file system."""
        return [device for device in self.devices if device.holds_files]

    def partition_table(self, disk: str) -> str:
        """Give the kind of a disk's partition table, gpt or mbr; empty where there is none."""
        for partition in self.partitions():
            if _is_partition_of(partition.path, [disk]):
                return partition.partition().scheme
        return ""

    def find(self, path: str) -> Device | None:
        """Give a device by its path."""
        return next((device for device in self.devices if device.path == path), None)


def _is_partition_of(partition: str, disks: Iterable[str]) -> str | None:
    stem = partition.rstrip("0123456789")
    return next((d for d in disks if d in (stem, stem.removesuffix("p"))), None)


def survey(handle: Handle, images: Sequence[Image] = ()) -> Survey:
    """Look at every device once: in the images where those tell, else in the appliance."""
    from guestshell.guest.ondisk.outline import outline

    found = outline(images)
    if found is None or found.volumes is None:
        return _survey_in_appliance(handle)
    warnings: list[str] = []
    devices = [_told(handle, seen, warnings) for seen in found.devices]
    asked = {seen.path for seen in found.devices if seen.tags is None}
    if any(device.path in asked and device.type in _MEMBERS for device in devices):
        return _survey_in_appliance(handle)
    devices += [_told(handle, seen, warnings) for seen in found.volumes]
    return Survey(devices, found.disks, warnings)


_MEMBERS = {"linux_raid_member", "LVM2_member"}
"""Types of which the appliance makes devices of their own."""


def _told(handle: Handle, seen: "Seen", warnings: list[str]) -> Device:
    if seen.tags is not None:
        return Device(seen.path, seen.kind, {**seen.tags, **seen.partition}, seen.size)
    asked = _look_at(handle, seen.path, seen.kind, warnings)
    return Device(seen.path, seen.kind, {**seen.partition, **asked.tags}, seen.size)


def _survey_in_appliance(handle: Handle) -> Survey:
    """Three listings and one blkid call for each device: 0.2 s each without KVM."""
    disks = handle.list_devices()
    partitions = handle.list_partitions()
    partitioned = {_is_partition_of(partition, disks) for partition in partitions}
    found = [(disk, "disk") for disk in disks if disk not in partitioned]
    found += [(partition, "partition") for partition in partitions]
    warnings: list[str] = []

    def look_for(kind: str, listing: Callable[[], list[str]]) -> None:
        try:
            found.extend((path, kind) for path in listing())
        except GuestError as error:
            warnings.append(f"{kind}s cannot be listed: {error.message}")

    look_for("array", handle.md_devices)
    devices = [_look_at(handle, path, kind, warnings) for path, kind in found]
    if any(device.type == "LVM2_member" for device in devices):
        found.clear()
        look_for("logical volume", handle.logical_volumes)
        devices += [_look_at(handle, path, kind, warnings) for path, kind in found]
    return Survey(devices, disks, warnings)


def _look_at(handle: Handle, path: str, kind: str, warnings: list[str]) -> Device:
    try:
        tags = handle.blkid(path)
        if tells(file_system := tags.get("TYPE", "")):
            tags[STATE] = state_of(file_system, handle.pread_device(path, HEAD, 0))
        return Device(path, kind, tags)
    except GuestError as error:
        if kind != "disk":  # blkid finds nothing on a blank disk and says so by failing
            warnings.append(f"{path} cannot be examined: {error.message}")
        return Device(path, kind)
