"""How a file system was left, told by its superblock: cleanly, or in the middle of its work."""

import struct

STATE = "STATE"
"""How it was left: a tag of ours among blkid's."""

NEEDS_RECOVERY = "needs recovery"
"""Its journal holds changes that are not in their places yet."""

NOT_UNMOUNTED = "not unmounted"
HAS_ERRORS = "has errors"
CLEAN = "clean"

HEAD = 68 * 1024
"""How many bytes from the start of a device tell."""

_EXT_RECOVER = 0x4
_EXT_CLEAN, _EXT_ERRORS = 0x1, 0x2


def _ext(head: bytes) -> str:
    state = struct.unpack_from("<H", head, 1024 + 58)[0]
    incompatible = struct.unpack_from("<I", head, 1024 + 96)[0]
    if incompatible & _EXT_RECOVER:
        return NEEDS_RECOVERY
    if state & _EXT_ERRORS:
        return HAS_ERRORS
    return CLEAN if state & _EXT_CLEAN else NOT_UNMOUNTED


_BTRFS_SUPERBLOCK = 64 * 1024


def _btrfs(head: bytes) -> str:
    tree_of_log = struct.unpack_from("<Q", head, _BTRFS_SUPERBLOCK + 96)[0]
    return NEEDS_RECOVERY if tree_of_log else CLEAN


_FAT_DIRTY, _FAT_ERRORS = 0x1, 0x2


def _fat(head: bytes) -> str:
    is_32 = head[82:90] == b"FAT32   "
    state = head[65 if is_32 else 37]
    if state & _FAT_ERRORS:
        return HAS_ERRORS
    return NOT_UNMOUNTED if state & _FAT_DIRTY else CLEAN


_READERS = {"ext2": _ext, "ext3": _ext, "ext4": _ext, "btrfs": _btrfs, "vfat": _fat}


def tells(kind: str) -> bool:
    """Say whether the superblock of a file system of this blkid(8) TYPE tells its state."""
    return kind in _READERS


def state_of(kind: str, head: bytes) -> str:
    """Give the state of a file system from its first HEAD bytes, empty where they do not tell.

    The fields are s_state and s_feature_incompat of the kernel's ext4 documentation, log_root of
    its Btrfs documentation, and the flags of the first reserved byte of FAT's boot sector, which
    the kernel's fs/fat and mkfs.fat(8) use alike.
    """
    read = _READERS.get(kind)
    return read(head.ljust(HEAD, b"\0")) if read else ""
