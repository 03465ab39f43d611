"""One appliance for many images: each guest sees the drive that is its own, as /dev/sda.

Drives are added before a launch and cannot be later, so the launch is paid once for all of them.
The guests come one after another, for there is one tree to mount them in.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from guestshell.engine import binding
from guestshell.engine.appliance import Appliance
from guestshell.engine.boot import Drive
from guestshell.engine.console import about_one_disk
from guestshell.engine.handle import Handle
from guestshell.engine.worker import Task
from guestshell.errors import ApplianceError, GuestError, GuestShellError

_T = TypeVar("_T")

_OWN = "/dev/sda"
_DISK = re.compile(r"/dev/(?:sd|vd|hd)([a-z]+)(\d*)(?![\w])")
_SECTOR = 512
_LETTERS = 26


class NotShareable(ApplianceError):
    """What is asked needs an appliance in which no other image is."""


def most_drives() -> int:
    """Give how many drives an appliance can have, guestfs(3) max_disks."""
    return int(binding.load().module.GuestFS(environment=False).max_disks())


def device_of(place: int) -> str:
    """Give the name of the drive at a place from 0 on: /dev/sda … /dev/sdz, /dev/sdaa …."""
    letters = ""
    number = place + 1
    while number:
        number, digit = divmod(number - 1, _LETTERS)
        letters = chr(ord("a") + digit) + letters
    return f"/dev/sd{letters}"


def renamed(text: str, old: str, new: str) -> str:
    """Give a text in which a disk and its partitions are called otherwise."""

    def other(match: re.Match[str]) -> str:
        is_old = match[0].removesuffix(match[2]) == old
        return f"{new}{match[2]}" if is_old else match[0]

    return _DISK.sub(other, text)


@dataclass(frozen=True)
class SharedDrive:
    """A drive, the size of its disk in bytes, and its logical volumes in the order of their start.

    The first volume has the number 0 in an appliance of its own, as the device mapper counts.
    """

    drive: Drive
    size: int
    volumes: tuple[str, ...] = ()


class SliceHandle(Handle):
    """A handle on a shared appliance that knows one drive and what stands on it."""

    def __init__(self, raw: Any, device: str, drive: SharedDrive) -> None:
        super().__init__(raw)
        self._device = device
        self._drive = drive
        self._made_points: list[str] = []

    def _real(self, device: str) -> str:
        return renamed(device, _OWN, self._device)

    def _refuse(self) -> NoReturn:
        raise NotShareable("the devices of this image cannot be told from those of others")

    def list_devices(self) -> list[str]:
        """Raise NotShareable: the list would be of all images."""
        self._refuse()

    def list_partitions(self) -> list[str]:
        """Raise NotShareable."""
        self._refuse()

    def logical_volumes(self) -> list[str]:
        """Raise NotShareable."""
        self._refuse()

    def md_devices(self) -> list[str]:
        """Raise NotShareable."""
        self._refuse()

    def blkid(self, device: str) -> dict[str, str]:
        """Raise NotShareable: what the image does not tell may be part of something larger."""
        self._refuse()

    def inspect_os(self) -> list[str]:
        """Raise NotShareable: it would look into all images."""
        self._refuse()

    def device_size(self, device: str) -> int:
        """Give the size of a device in bytes."""
        return super().device_size(self._real(device))

    def own_number(self, device: str, found: int) -> int:
        """Give the st_dev that a logical volume has where no other image is."""
        if device not in self._drive.volumes:
            return found
        return os.makedev(os.major(found), self._drive.volumes.index(device))

    def file(self, path: str) -> str:
        """Give file(1)'s description; libguestfs takes a path below /dev for a device."""
        return super().file(self._real(path))

    def mount(self, device: str, directory: str, options: str) -> None:
        """Mount a device with mount(8) options."""
        try:
            super().mount(self._real(device), directory, options)
        except GuestError as error:
            message = renamed(error.message, self._device, _OWN)
            raise GuestError(message, error.remedy, error.errno) from None

    def make_mount_point(self, directory: str) -> None:
        """Make a mount point, which `leave` takes away."""
        super().make_mount_point(directory)
        self._made_points.append(directory)

    def leave(self) -> None:
        """Unmount everything, and leave the tree as empty as it was."""
        self.unmount_all()
        while self._made_points:
            self._plain(self.raw.rmmountpoint, self._made_points.pop())

    def check(self) -> None:
        """Raise NotShareable unless its drive is as large as the image."""
        if super().device_size(self._device) != -(-self._drive.size // _SECTOR) * _SECTOR:
            raise NotShareable(f"{self._device} is not the drive that it should be")


class Slice(Appliance):
    """A shared appliance as one guest sees it; all of its life is the shared one's."""

    def __init__(
        self,
        shared: "SharedAppliance",
        device: str,
        drive: SharedDrive,
        restore: Callable[[Handle], None],
    ) -> None:
        # the shared appliance has the thread, the handle and the state: see __getattr__
        self._shared = shared
        self._device = device
        self._drive = drive
        self._mount_again = restore
        self._view: SliceHandle | None = None
        self._closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared.appliance, name)

    def start(self) -> None:
        """Begin to boot and return at once."""
        self._shared.appliance.start()

    def close(self) -> None:
        """Unmount what the guest had mounted; the appliance goes on. Safe to call twice."""
        if self._closing:
            return
        self._closing = True
        if self._view is not None:
            try:
                self._shared.appliance.call(self._leave)
            except GuestShellError:
                self._shared.is_spoiled = True
        self._shared.end(self)

    def _leave(self, handle: Handle) -> None:
        self.view_of(handle).leave()

    def take_complaints(self) -> list[str]:
        """Give what its kernel complained of; one guest at a time is read from."""
        return list(map(about_one_disk, super().take_complaints()))

    def mount_again(self, handle: Handle) -> None:
        """Mount what the guest had mounted in a new appliance."""
        self._mount_again(self.view_of(handle))

    def view_of(self, handle: Handle) -> SliceHandle:
        """Give the shared handle as this guest sees it."""
        if self._view is None or self._view.raw is not handle.raw:
            view = SliceHandle(handle.raw, self._device, self._drive)
            view.check()
            self._view = view
        return self._view

    def _enqueue(
        self, call: Callable[[Handle], _T], stream: bool = False, retry: bool = True
    ) -> Task[_T]:
        if self._closing:
            raise ApplianceError("the guest is closed")
        appliance = self._shared.appliance
        return appliance._enqueue(lambda handle: call(self.view_of(handle)), stream, retry)


class SharedAppliance:
    """An appliance with the drives of several images, which boots when the first is asked."""

    def __init__(
        self,
        drives: Sequence[SharedDrive],
        *,
        memory: int | None = None,
        notice: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._drives = tuple(drives)
        self._current: Slice | None = None
        self.is_spoiled = False
        """Whether something of an image before may still be mounted."""
        self.appliance = Appliance(
            [shared.drive for shared in drives],
            memory=memory,
            restore=self._restore,
            notice=notice,
        )

    def slice(self, place: int, restore: Callable[[Handle], None]) -> Slice:
        """Give the appliance for the image at a place; the slice before is closed."""
        if self._current is not None:
            self._current.close()
        if self.is_spoiled:
            raise NotShareable("the image before could not be unmounted")
        self._current = Slice(self, device_of(place), self._drives[place], restore)
        return self._current

    def end(self, ended: Slice) -> None:
        """Forget a slice that is closed."""
        if self._current is ended:
            self._current = None

    def _restore(self, handle: Handle) -> None:
        if self._current is not None:
            self._current.mount_again(handle)

    def close(self) -> None:
        """Stop the appliance. Safe to call twice."""
        self.appliance.close()
