"""The storage of one guest: its disks, what they hold, and what is mounted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from guestshell.engine.appliance import Appliance
from guestshell.engine.handle import Handle
from guestshell.errors import GuestError, PathError
from guestshell.guest.devices import Disk, FileSystem, Partition, Survey, Usage
from guestshell.guest.entries import kind_of
from guestshell.guest.image import Image
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.mounts import Mount, MountTable
from guestshell.guest.opening import NotYetKnown, Opening
from guestshell.guest.tree import path_error
from guestshell.values import Name, Percent, Size

_T = TypeVar("_T")


class Storage:
    """Answers about devices; waits for the layout first."""

    def __init__(
        self,
        appliance: Appliance,
        table: MountTable,
        images: Sequence[Image],
        opening: Opening,
        knowledge: Callable[[], Knowledge | None],
    ) -> None:
        self._appliance = appliance
        self._table = table
        self._images = images
        self._opening = opening
        self._knowledge = knowledge

    def _survey(self) -> Survey:
        return self._opening.layout().survey

    def _call(self, call: Callable[[Handle], _T]) -> _T:
        self._opening.wait()
        return self._appliance.call(call)

    def _learned(self, name: str, kind: type[_T], ask: Callable[[], _T]) -> _T:
        """Give a dataclass that the index knows by this name, else what asking gives."""
        knowledge = self._knowledge()
        known = knowledge.fact(name, kind) if knowledge else None
        if known is not None:
            return known
        found = ask()
        if knowledge is not None:
            knowledge.learn_fact(name, found)
        return found

    def disks(self) -> list[Disk]:
        """Give the disks and the images they come from."""
        survey = self._survey()
        return [
            Disk(
                disk,
                Size(image.size),
                survey.partition_table(disk),
                image.format,
                Name(str(image.path)),
            )
            for disk, image in zip(survey.disks, self._images, strict=False)
        ]

    def partitions(self) -> list[Partition]:
        """Give the partitions of all disks."""
        return [device.partition() for device in self._survey().partitions()]

    def filesystems(self) -> list[FileSystem]:
        """Give what each device holds, with the use of those that are mounted."""
        return [self._file_system(device.path) for device in self._survey().devices]

    def _file_system(self, path: str) -> FileSystem:
        device = self._survey().find(path)
        assert device is not None
        mounted = self._table.at(path)
        usage = self._usage(path, mounted) if mounted else None
        size = usage.size if usage else Size(device.partition_size or self._device_size(path))
        return FileSystem(
            device=path,
            type=device.type or "unknown",
            label=device.tags.get("LABEL", ""),
            uuid=device.tags.get("UUID", ""),
            state=device.state,
            size=size,
            used=usage.used if usage else None,
            available=usage.available if usage else None,
            mounted=mounted,
        )

    def _device_size(self, device: str) -> int:
        def ask() -> _DeviceSize:
            return _DeviceSize(self._call(lambda handle: handle.device_size(device)))

        return self._learned(f"size of {device}", _DeviceSize, ask).size

    def mounts(self) -> list[Mount]:
        """Give what is mounted, by directory."""
        self._opening.layout()
        return self._table.all()

    def usage(self) -> list[Usage]:
        """Give the space of each mounted file system."""
        found = [self._usage(mount.device, mount.directory) for mount in self.mounts()]
        return [usage for usage in found if usage is not None]

    def _usage(self, device: str, directory: Name) -> Usage | None:
        def ask() -> Usage:
            return _usage(device, directory, self._call(lambda h: h.statvfs(directory)))

        try:
            return self._learned(f"usage of {directory}", Usage, ask)
        except NotYetKnown:
            raise
        except GuestError:
            return None

    def mount(self, device: str, directory: Name) -> None:
        """Mount a device read-only at a directory."""
        found = self._survey().find(device)
        if found is None and device in self._survey().disks:
            raise GuestError(f"{device}: has partitions", "mount one of those: partitions")
        if found is None:
            raise GuestError(f"{device}: no such device", "filesystems lists them")
        if directory != "/" and self._table.at_root():
            self._need_directory(directory)
        self._call(lambda handle: self._table.mount(handle, device, directory, found.type))

    def _need_directory(self, directory: Name) -> None:
        try:
            status = self._call(lambda handle: handle.stat(directory))
        except GuestError as error:
            raise path_error(directory, error) from error
        if kind_of(status.mode) != "directory":
            raise PathError(directory, "is not a directory", "mount needs one")

    def unmount(self, directory: str) -> None:
        """Unmount a directory or device."""
        self._call(lambda handle: self._table.unmount(handle, directory))


@dataclass(frozen=True)
class _DeviceSize:
    size: int


def _usage(device: str, directory: Name, raw: dict[str, int]) -> Usage:
    """Give the space of a file system from its statvfs(3)."""
    block = raw["frsize"] or raw["bsize"]
    used, available = (raw["blocks"] - raw["bfree"]) * block, raw["bavail"] * block
    share = 100 * used / (used + available) if used + available else 0.0
    return Usage(
        device=device,
        size=Size(raw["blocks"] * block),
        used=Size(used),
        available=Size(available),
        used_percent=Percent(round(share, 1)),
        inodes=raw["files"],
        inodes_used=raw["files"] - raw["ffree"],
        mounted=directory,
    )
