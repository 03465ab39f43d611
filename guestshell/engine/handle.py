"""One libguestfs handle with typed methods: the list of every libguestfs call we make."""

import errno
import os
import re
from array import array
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from guestshell.engine.bytecalls import STATNS_FIELDS, STATNS_WORDS, Dirent
from guestshell.engine.console import console_of
from guestshell.engine.hivecalls import HiveCalls
from guestshell.errors import DAMAGE, GuestError

_T = TypeVar("_T")


_NO_REASON = "file receive cancelled by daemon"
"""What libguestfs says of a stream that the daemon ended; the reason stays in the appliance."""

_DISK = re.compile(r"/dev/[shv]d[a-z]+\d*")


def _about(device: str, error: GuestError) -> GuestError:
    """Give an error with the device's own name in the place of the kernel's.

    Disks are found in any order there; only libguestfs's names are those of the drives.
    """
    named = _DISK.search(device)
    if named is None:
        return error
    return GuestError(_DISK.sub(named[0], error.message), error.remedy, error.errno)


class Handle(HiveCalls):
    """A libguestfs handle; belongs to the thread that made it.

    Calls whose names are bytes come from ByteCalls, those that read registry hives from
    HiveCalls. The others take device names and mount points, which are UTF-8. All raise GuestError.
    """

    def __init__(self, raw: Any) -> None:
        super().__init__(raw)
        self.raw = raw
        self.console = console_of(raw, self._c, self._g)

    def readdir(self, directory: str) -> list[Dirent]:
        """Give the names of a directory, `.` and `..` left out, in the file system's order."""
        found = super().readdir(directory)
        if self.console.count:  # then it may have lost some, where ls0 says that it failed
            self.ls0(directory, os.devnull)
        return found

    def lstat_table(self, directory: str, names: Sequence[str]) -> "array[int]":
        """Give lstat(2) of many names of one directory, STATNS_WORDS numbers for each."""
        table = super().lstat_table(directory, names)
        unread = table[STATNS_FIELDS.index("ino") :: STATNS_WORDS].count(-1)
        if unread:
            self.console.add(f"{directory}: inodes of {unread} names cannot be read")
        return table

    def _error(self) -> GuestError:
        error = super()._error()
        if error.message == _NO_REASON and self.console.count:
            error.errno = errno.EIO
        if error.errno in DAMAGE:
            self.console.add(error.message)  # whoever asked may do without this answer
        return error

    def _plain(self, call: Callable[..., _T], *arguments: object, **options: object) -> _T:
        try:
            return call(*arguments, **options)
        except RuntimeError:
            raise self._error() from None
        except ValueError:  # UnicodeError is one
            raise GuestError("this call takes no name with a NUL or outside UTF-8") from None

    # -- devices ---------------------------------------------------------------------------

    def list_devices(self) -> list[str]:
        """Give the whole disks: /dev/sda, /dev/sdb …."""
        return self._plain(self.raw.list_devices)

    def list_partitions(self) -> list[str]:
        """Give the partitions of every disk."""
        return self._plain(self.raw.list_partitions)

    def logical_volumes(self) -> list[str]:
        """Give the active logical volumes as /dev/GROUP/NAME."""
        return self._plain(self.raw.lvs)

    def md_devices(self) -> list[str]:
        """Give the assembled MD arrays."""
        return self._plain(self.raw.list_md_devices)

    def blkid(self, device: str) -> dict[str, str]:
        """Give blkid(8)'s tags of a device, TYPE, UUID, LABEL and PART_ENTRY_* among them."""
        return self._plain(self.raw.blkid, device)

    def device_size(self, device: str) -> int:
        """Give the size of a device in bytes."""
        return int(self._plain(self.raw.blockdev_getsize64, device))

    def pread_device(self, device: str, count: int, offset: int) -> bytes:
        """Read up to so many bytes of a device."""
        return bytes(self._plain(self.raw.pread_device, device, count, offset))

    def own_number(self, _device: str, found: int) -> int:
        """Give the st_dev that a device has where no other image is, `found` being the one here."""
        return found

    # -- mounts ----------------------------------------------------------------------------

    def mount(self, device: str, directory: str, options: str) -> None:
        """Mount a device with mount(8) options."""
        self.close_hive()
        try:
            self._plain(self.raw.mount_options, options, device, directory)
        except GuestError as error:
            raise _about(device, error) from None

    def unmount(self, directory: str) -> None:
        """Unmount what is mounted there."""
        self.close_hive()
        self._plain(self.raw.umount, directory)

    def unmount_all(self) -> None:
        """Unmount everything."""
        self.close_hive()
        self._plain(self.raw.umount_all)

    def make_mount_point(self, directory: str) -> None:
        """Make a mount point in the empty root that stands where nothing is mounted at /."""
        self._plain(self.raw.mkmountpoint, directory)

    def btrfs_subvolumes(self, directory: str) -> list[tuple[int, str]]:
        """Give number and path of each subvolume of the Btrfs mounted there."""
        found = self._plain(self.raw.btrfs_subvolume_list, directory)
        return [(int(row["btrfssubvolume_id"]), str(row["btrfssubvolume_path"])) for row in found]

    def btrfs_default_subvolume(self, directory: str) -> int:
        """Give the number of the subvolume that mounting the device shows."""
        return int(self._plain(self.raw.btrfs_subvolume_get_default, directory))

    def statvfs(self, directory: str) -> dict[str, int]:
        """Give statvfs(3) of the file system mounted there."""
        return self._plain(self.raw.statvfs, directory)

    # -- libguestfs's own inspection ---------------------------------------------------------

    def inspect_os(self) -> list[str]:
        """Find the systems; unmounts everything first. Gives their root devices."""
        self.close_hive()
        return self._plain(self.raw.inspect_os)

    def inspected_mounts(self, root: str) -> dict[str, str]:
        """Give mount point → device of an inspected system."""
        return self._plain(self.raw.inspect_get_mountpoints, root)

    def inspected(self, field: str, root: str) -> str:
        """Give one text field of an inspected system, e.g. `distro`, `product_name`."""
        return str(self._plain(getattr(self.raw, f"inspect_get_{field}"), root))

    def inspected_drives(self, root: str) -> dict[str, str]:
        """Give drive letter → device of an inspected Windows."""
        return self._plain(self.raw.inspect_get_drive_mappings, root)
