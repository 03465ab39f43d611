"""What a device holds, told by its superblock: blkid(8)'s TYPE, UUID and LABEL of common kinds.

The offsets are those of each file system's own documentation: ext4 and Btrfs in the kernel's,
XFS in its Algorithms & Data Structures, FAT in ECMA-107, swap in mkswap(8), LUKS in its
specifications, LVM in format_text/layout.h, MD in md(4).
"""

import itertools
import struct
import uuid
from collections.abc import Callable

from guestshell.guest.ondisk.blocks import InDoubt, Read
from guestshell.guest.ondisk.state import HEAD, STATE, state_of, tells

_ZFS_START, _ZFS_END = 128 * 1024, 256 * 1024
_ZFS_MAGICS = (b"\x0c\xb1\xba\0\0\0\0\0", b"\0\0\0\0\0\xba\xb1\x0c")
_MD_MAGIC = b"\xfc\x4e\x2b\xa9"
_INTEL_MAGIC, _DDF_MAGIC = b"Intel Raid ISM Cfg Sig.", b"\xde\x11\xde\x11"
"""The arrays of firmware that mdadm(8) assembles: near and at the end of each disk."""

_BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"

LAST_PLACE = "LAST_PLACE"
"""Where an ext file system was mounted last: a tag of ours among blkid's."""

Tags = dict[str, str]


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace").rstrip()


def _tags(kind: str, identity: str, label: str = "") -> Tags:
    found = {"TYPE": kind, "UUID": identity, "LABEL": label}
    return {key: value for key, value in found.items() if value}


def _uuid(data: bytes) -> str:
    return str(uuid.UUID(bytes=data)) if any(data) else ""


_JOURNAL, _JOURNAL_DEVICE = 0x4, 0x8
_EXT3_RO_COMPATIBLE, _EXT2_INCOMPATIBLE, _EXT3_INCOMPATIBLE = 0x7, 0x12, 0x16


def _ext(head: bytes, _read: Read) -> Tags | None:
    if head[1080:1082] != b"\x53\xef":
        return None
    compatible, incompatible, read_only = struct.unpack_from("<III", head, 1024 + 92)
    if incompatible & _JOURNAL_DEVICE:
        raise InDoubt("an external journal")
    kind = "ext4"
    if not read_only & ~_EXT3_RO_COMPATIBLE:
        if compatible & _JOURNAL and not incompatible & ~_EXT3_INCOMPATIBLE:
            kind = "ext3"
        elif not compatible & _JOURNAL and not incompatible & ~_EXT2_INCOMPATIBLE:
            kind = "ext2"
    tags = _tags(kind, _uuid(head[1128:1144]), _text(head[1144:1160]))
    if place := _text(head[1160:1224]):
        tags[LAST_PLACE] = place
    return tags


def _xfs(head: bytes, _read: Read) -> Tags | None:
    if head[:4] != b"XFSB":
        return None
    return _tags("xfs", _uuid(head[32:48]), _text(head[108:120]))


def _btrfs(head: bytes, _read: Read) -> Tags | None:
    base = 64 * 1024
    if head[base + 64 : base + 72] != b"_BHRfS_M":
        return None
    return _tags("btrfs", _uuid(head[base + 32 : base + 48]), _text(head[base + 299 : base + 555]))


def _swap(head: bytes, _read: Read) -> Tags | None:
    if head[4086:4096] != b"SWAPSPACE2":
        return None
    return _tags("swap", _uuid(head[1036:1052]), _text(head[1052:1068]))


def _luks(head: bytes, _read: Read) -> Tags | None:
    if head[:6] != b"LUKS\xba\xbe":
        return None
    label = _text(head[24:72]) if head[6:8] == b"\0\2" else ""
    return _tags("crypto_LUKS", _text(head[168:208]), label)


def physical_volume(head: bytes) -> tuple[int, str] | None:
    """Give where the header of an LVM physical volume stands, and its UUID; None for none."""
    for sector in range(4):
        label = head[sector * 512 : sector * 512 + 512]
        if label[:8] == b"LABELONE" and label[24:32] == b"LVM2 001":
            header = sector * 512 + struct.unpack_from("<I", label, 20)[0]
            plain = head[header : header + 32].decode("ascii", "replace")
            cuts = (0, 6, 10, 14, 18, 22, 26, 32)
            return header, "-".join(plain[a:b] for a, b in itertools.pairwise(cuts))
    return None


def _lvm(head: bytes, _read: Read) -> Tags | None:
    found = physical_volume(head)
    return _tags("LVM2_member", found[1]) if found else None


def _fat(head: bytes, read: Read) -> Tags | None:
    if head[510:512] != b"\x55\xaa":
        return None
    is_32 = head[82:90] == b"FAT32   "
    if not is_32 and head[54:62] not in (b"FAT12   ", b"FAT16   "):
        raise InDoubt("a boot sector of another kind")
    sector, cluster, reserved, fats, entries = struct.unpack_from("<HBHBH", head, 11)
    if sector not in (512, 1024, 2048, 4096) or not cluster or not reserved or not fats:
        raise InDoubt("an odd FAT")
    serial = head[67:71] if is_32 else head[39:43]
    length, (first,) = struct.unpack_from("<H", head, 22)[0], struct.unpack_from("<I", head, 44)
    if is_32:
        length = struct.unpack_from("<I", head, 36)[0]
        start = reserved + fats * length + max(first - 2, 0) * cluster
        directory = read(start * sector, cluster * sector)
    else:
        directory = read((reserved + fats * length) * sector, entries * 32)
    identity = "{3:02X}{2:02X}-{1:02X}{0:02X}".format(*serial) if any(serial) else ""
    return _tags("vfat", identity, _fat_label(directory, whole=not is_32))


_FAT_ATTRIBUTES, _FAT_VOLUME, _FAT_DIRECTORY, _FAT_LONG_NAME = 0x3F, 0x08, 0x18, 0x0F
_FAT_DELETED = 0xE5


def _fat_label(directory: bytes, *, whole: bool) -> str:
    for at in range(0, len(directory) - 31, 32):
        if not directory[at]:
            return ""
        attributes = directory[at + 11] & _FAT_ATTRIBUTES
        is_volume = attributes & _FAT_DIRECTORY == _FAT_VOLUME and attributes != _FAT_LONG_NAME
        if directory[at] != _FAT_DELETED and is_volume:
            return _text(directory[at : at + 11])
    if not whole:
        raise InDoubt("a root directory that goes on")
    return ""


_KINDS: tuple[Callable[[bytes, Read], Tags | None], ...] = (
    _ext,
    _xfs,
    _btrfs,
    _swap,
    _luks,
    _lvm,
    _fat,
)


def probe(read: Read, size: int, partition_type: str = "") -> Tags:
    """Give TYPE, UUID and LABEL of what begins at offset 0; nothing for a blank device.

    Raises InDoubt where it is no common kind, or more than one.
    """
    head = read(0, HEAD).ljust(HEAD, b"\0")
    refuse_raid(read, size)
    found = [tags for kind in _KINDS if (tags := kind(head, read)) is not None]
    if len(found) > 1:
        raise InDoubt("more than one kind")
    if found:
        zfs = read(_ZFS_START, _ZFS_END - _ZFS_START)
        if any(zfs[at : at + 8] in _ZFS_MAGICS for at in range(0, len(zfs), 1024)):
            raise InDoubt("perhaps ZFS")
        [tags] = found
        kind = tags.get("TYPE", "")
        return {**tags, STATE: state_of(kind, head)} if tells(kind) else tags
    if partition_type == _BIOS_BOOT or not any(read(0, min(size, 2**20))):
        return {}
    raise InDoubt("an unknown kind")


def refuse_raid(read: Read, size: int) -> None:
    """Raise InDoubt for a member of an array, whose superblock may stand at the end.

    An array of whole disks may leave its partition table where that of a disk would be.
    """
    ends = ((size & ~0xFFFF) - 0x10000, (size - 0x2000) & ~0xFFF)
    places = (read(at, 4) for at in (0, 4096, *ends) if at >= 0)
    if _MD_MAGIC in places or read(max(size - 1024, 0), 1024).startswith(_INTEL_MAGIC):
        raise InDoubt("a member of an array")
    if read(max(size - 512, 0), 4) == _DDF_MAGIC:
        raise InDoubt("a member of an array")
