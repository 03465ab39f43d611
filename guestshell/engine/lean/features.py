"""What an appliance can do, so that a lean one is never used where it can do less."""

from typing import Any

_FILE_SYSTEMS = (
    "ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "exfat", "ntfs", "ntfs3", "iso9660", "udf",
    "squashfs", "erofs", "f2fs", "jfs", "reiserfs", "nilfs2", "hfs", "hfsplus", "minix", "ufs",
    "cramfs", "fuse", "overlay",
)  # fmt: skip


def features_of(raw: Any) -> set[str]:
    """Give the groups of calls and the file systems that a launched handle has.

    guestfs(3), AVAILABILITY. Raises RuntimeError.
    """
    groups = {group for group in raw.available_all_groups() if raw.feature_available([group])}
    systems = {f"file system {name}" for name in _FILE_SYSTEMS if raw.filesystem_available(name)}
    return groups | systems
