"""The devices of a guest's disks, with what they hold as far as the images tell."""

import contextlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from guestshell.guest.image import Image
from guestshell.guest.ondisk.blocks import DiskReader, InDoubt, Read, part
from guestshell.guest.ondisk.lvm import Group, groups, logical_volumes
from guestshell.guest.ondisk.superblocks import probe, refuse_raid
from guestshell.guest.ondisk.tables import SECTOR, read_table

_LETTERS = "abcdefghijklmnopqrstuvwxyz"

_DAMAGE = (
    InDoubt, OSError, struct.error, ValueError, KeyError, TypeError, IndexError, AttributeError,
    OverflowError,
)  # fmt: skip
"""What reading structures that are none may raise."""


@dataclass
class Seen:
    """One device, `size` in bytes; `tags` are blkid(8)'s, None where the appliance has to tell."""

    path: str
    kind: str
    size: int
    tags: dict[str, str] | None
    partition: dict[str, str] = field(default_factory=dict)


@dataclass
class Outline:
    """The disks, and their devices in the order disks, partitions, logical volumes.

    `volumes` is None where only the appliance can tell which logical volumes there are; else
    `groups` are the volume groups that they are of.
    """

    disks: list[str]
    devices: list[Seen]
    volumes: list[Seen] | None
    groups: tuple[Group, ...] = ()


def _probed(read: Read, size: int, partition_type: str = "") -> dict[str, str] | None:
    try:
        return probe(read, size, partition_type)
    except _DAMAGE:
        return None


def outline(images: Sequence[Image]) -> Outline | None:
    """Look at the images of a guest; None where the appliance has to find the devices."""
    if not 0 < len(images) <= len(_LETTERS):
        return None
    with contextlib.ExitStack() as stack:
        try:
            readers = [
                stack.enter_context(contextlib.closing(DiskReader(image))) for image in images
            ]
            return _outline(readers)
        except _DAMAGE:
            return None


def _outline(readers: Sequence[DiskReader]) -> Outline:
    disks: list[str] = []
    whole: list[Seen] = []
    partitions: list[Seen] = []
    physical: list[Read] = []
    for letter, reader in zip(_LETTERS, readers, strict=False):
        disk = f"/dev/sd{letter}"
        disks.append(disk)
        entries = read_table(reader.read, reader.size)
        if entries is None:
            seen = Seen(disk, "disk", reader.size, _probed(reader.read, reader.size))
            whole.append(seen)
            places = [(seen, reader.read)]
        else:
            refuse_raid(reader.read, reader.size)
            places = []
            for entry in entries:
                start, size = entry.start * SECTOR, entry.size * SECTOR
                read = part(reader.read, start, size)
                tags = _probed(read, size, entry.type)
                seen = Seen(f"{disk}{entry.number}", "partition", size, tags, entry.tags())
                partitions.append(seen)
                places.append((seen, read))
        physical += [
            read for seen, read in places if (seen.tags or {}).get("TYPE") == "LVM2_member"
        ]
    try:
        return Outline(disks, whole + partitions, _volumes(physical), groups(physical))
    except _DAMAGE:
        return Outline(disks, whole + partitions, None)


def _volumes(physical: Sequence[Read]) -> list[Seen]:
    return [
        Seen(volume.path, "logical volume", volume.size, _probed(volume.read, volume.size))
        for volume in logical_volumes(physical)
    ]
