"""What is mounted where, so that a new appliance can be given the same."""

import contextlib
import errno
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest import paths
from guestshell.guest.btrfs import is_on
from guestshell.values import Name

READ_ONLY = "ro"
_OPTIONS = {
    "ext3": (READ_ONLY, "ro,noload"),
    "ext4": (READ_ONLY, "ro,noload"),
    "xfs": (READ_ONLY, "ro,norecovery"),
    "ufs": ("ro,ufstype=ufs2", "ro,ufstype=44bsd"),
}
"""Options to mount with, the next where one fails, mount(8): a damaged journal is not replayed,
and without its variant a UFS is taken for one that it is not.
"""

_UNREPLAYED = {
    "ext3": "ro,noload",
    "ext4": "ro,noload",
    "xfs": "ro,norecovery",
    "btrfs": "ro,rescue=nologreplay",
    "ntfs": "ro,norecover",
}
"""Options to mount with where no journal is replayed: ext4(5), xfs(5), btrfs(5), ntfs-3g(8)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    directory: Name
    device: str
    type: str
    options: str


def _make_if_missing(handle: Handle, point: str) -> None:
    try:
        handle.make_mount_point(point)
    except GuestError as error:
        if error.errno != errno.EEXIST:
            raise


def mount_read_only(
    handle: Handle,
    device: str,
    directory: str,
    fs_type: str,
    option: str = "",
    *,
    replays: bool = True,
) -> str:
    """Mount, without replaying a damaged journal if it must be; give the options. GuestError.

    `option` is added to those of the file system. No journal is replayed unless it `replays`; what
    is replayed goes to a lost overlay.
    """
    known: tuple[str, ...] = _OPTIONS.get(fs_type, (READ_ONLY,))
    if not replays and fs_type in _UNREPLAYED:
        known = (_UNREPLAYED[fs_type],)
    if option:
        known = tuple(f"{options},{option}" for options in known)
    *likely, last = known
    for options in likely:
        with contextlib.suppress(GuestError):
            handle.mount(device, directory, options)
            return options
    handle.mount(device, directory, last)
    return last


def device_number(device: str, found: int) -> int:
    """Give the st_dev that belongs to a device's name, `found` for those that have no number.

    SCSI disks are numbered by their names (Linux, Documentation/admin-guide/devices.txt).
    """
    match = re.fullmatch(r"/dev/sd([a-p])(\d{0,2})", device)
    if match is None or int(match[2] or 0) > 15:
        return found
    return os.makedev(8, 16 * (ord(match[1]) - ord("a")) + int(match[2] or 0))


class MountTable:
    """The mounts of one guest, in the order they were made.

    `renumbered` has the st_dev of the appliance's kernel for which another is to be said: the
    kernel numbers disks as it finds them, which differs from one boot to the next. Journals are
    only replayed where it `replays`.
    """

    def __init__(self, *, replays: bool = True) -> None:
        self.replays = replays
        self._mounts: list[Mount] = []
        self._made_points: list[str] = []
        self.renumbered: dict[int, int] = {}

    def all(self) -> list[Mount]:
        """Give the mounts by directory."""
        return sorted(self._mounts, key=lambda mount: mount.directory)

    def in_order(self) -> list[Mount]:
        """Give the mounts in the order they were made."""
        return list(self._mounts)

    def made_points(self) -> list[str]:
        """Give the mount points that were made for them."""
        return list(self._made_points)

    def assume(self, mounts: Sequence[Mount], made_points: Sequence[str]) -> None:
        """Take mounts over from an index; `restore` makes them."""
        self._mounts = list(mounts)
        self._made_points = list(made_points)

    def at(self, device: str) -> Name | None:
        """Give where a device, or first a subvolume of it, is mounted."""
        return next((m.directory for m in self._mounts if is_on(m.device, device)), None)

    def type_at(self, path: str) -> str:
        """Give the type of the file system that a path without links lies on, "" for none."""
        holding = [mount for mount in self._mounts if paths.is_below(path, mount.directory)]
        return max(holding, key=lambda mount: len(mount.directory)).type if holding else ""

    def at_root(self) -> bool:
        """Say whether something is mounted at /."""
        return any(mount.directory == "/" for mount in self._mounts)

    def clear(self, handle: Handle) -> None:
        """Unmount everything."""
        handle.unmount_all()
        self._mounts.clear()
        self._made_points.clear()
        self.renumbered.clear()

    def mount(self, handle: Handle, device: str, directory: Name, fs_type: str) -> None:
        """Mount read-only. Where / is not mounted the mount point is made. Raises GuestError."""
        if any(mount.directory == directory for mount in self._mounts):
            raise GuestError(f"{directory}: something is mounted there", f"umount {directory}")
        if directory == "/" and self._mounts:
            below = self._mounts[-1].directory
            raise GuestError(f"/: {below} is mounted and would be hidden", f"umount {below}")
        if directory != "/" and not self.at_root():
            self._make_point(handle, directory)
        options = mount_read_only(handle, device, directory, fs_type, replays=self.replays)
        self.adopt(handle, Mount(directory, device, fs_type, options))

    def adopt(self, handle: Handle, mount: Mount) -> None:
        """Count a mount that was made read-only elsewhere."""
        self._mounts.append(mount)
        self._renumber(handle, mount)

    def _renumber(self, handle: Handle, mount: Mount) -> None:
        try:
            found = handle.lstat(mount.directory).device
        except GuestError:  # whoever looks at it will be told
            return
        wanted = device_number(mount.device, handle.own_number(mount.device, found))
        if wanted != found:
            self.renumbered[found] = wanted

    def _make_point(self, handle: Handle, directory: str) -> None:
        made = ""
        for part in directory.strip("/").split("/"):
            made += f"/{part}"
            if made in self._made_points:
                continue
            _make_if_missing(handle, made)
            self._made_points.append(made)

    def unmount(self, handle: Handle, directory: str) -> None:
        """Unmount what is mounted at a directory or from a device. Raises GuestError."""
        found = next((m for m in self._mounts if directory in (m.directory, m.device)), None)
        if found is None:
            raise GuestError(f"{directory}: nothing is mounted there", "mounts lists what is")
        inner = [
            m.directory
            for m in self._mounts
            if m is not found and paths.is_below(m.directory, found.directory)
        ]
        if inner:
            raise GuestError(f"{directory}: {inner[0]} is mounted below it", f"umount {inner[0]}")
        handle.unmount(found.directory)
        self._mounts.remove(found)

    def restore(self, handle: Handle) -> None:
        """Make every mount again, on a new appliance or after all was unmounted."""
        for point in self._made_points:
            _make_if_missing(handle, point)
        self.renumbered.clear()
        for mount in self._mounts:
            handle.mount(mount.device, mount.directory, mount.options)
            self._renumber(handle, mount)
