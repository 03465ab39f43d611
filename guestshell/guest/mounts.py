"""What is mounted where, so that a new appliance can be given the same."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest import paths
from guestshell.values import Name

READ_ONLY = "ro"
_NO_JOURNAL = {"ext3": "ro,noload", "ext4": "ro,noload", "xfs": "ro,norecovery"}
"""Options that mount a file system whose journal is damaged, without replaying it."""


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


def mount_read_only(handle: Handle, device: str, directory: str, fs_type: str) -> str:
    """Mount, without replaying a damaged journal if it must be; give the options. GuestError."""
    try:
        handle.mount(device, directory, READ_ONLY)
        return READ_ONLY
    except GuestError:
        if fs_type not in _NO_JOURNAL:
            raise
    handle.mount(device, directory, _NO_JOURNAL[fs_type])
    return _NO_JOURNAL[fs_type]


class MountTable:
    """The mounts of one guest, in the order they were made."""

    def __init__(self) -> None:
        self._mounts: list[Mount] = []
        self._made_points: list[str] = []

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
        """Give where a device is mounted."""
        return next((m.directory for m in self._mounts if m.device == device), None)

    def at_root(self) -> bool:
        """Say whether something is mounted at /."""
        return any(mount.directory == "/" for mount in self._mounts)

    def clear(self, handle: Handle) -> None:
        """Unmount everything."""
        handle.unmount_all()
        self._mounts.clear()
        self._made_points.clear()

    def mount(self, handle: Handle, device: str, directory: Name, fs_type: str) -> None:
        """Mount read-only. Where / is not mounted the mount point is made. Raises GuestError."""
        if any(mount.directory == directory for mount in self._mounts):
            raise GuestError(f"{directory}: something is mounted there", f"umount {directory}")
        if directory == "/" and self._mounts:
            below = self._mounts[-1].directory
            raise GuestError(f"/: {below} is mounted and would be hidden", f"umount {below}")
        if directory != "/" and not self.at_root():
            self._make_point(handle, directory)
        options = mount_read_only(handle, device, directory, fs_type)
        self._mounts.append(Mount(directory, device, fs_type, options))

    def adopt(self, mount: Mount) -> None:
        """Count a mount that was made read-only elsewhere."""
        self._mounts.append(mount)

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
        for mount in self._mounts:
            handle.mount(mount.device, mount.directory, mount.options)
