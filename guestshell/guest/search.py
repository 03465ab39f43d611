"""The cheap way to the systems of an image: mount what may be a root and read what decides."""

import contextlib
from dataclasses import dataclass, field

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest import paths
from guestshell.guest.btrfs import TOP_LEVEL, is_on, subvolumes, volume
from guestshell.guest.devices import Device, Survey
from guestshell.guest.fstab import parse_fstab, resolve_spec
from guestshell.guest.layout import Place, System
from guestshell.guest.mounts import Mount, MountTable, mount_read_only
from guestshell.guest.ondisk.superblocks import LAST_PLACE
from guestshell.guest.systems import SMALL, identify, looks_like_a_root
from guestshell.values import Name

_DYNAMIC_DISK = {
    "0x42",
    "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3",
    "af9b60a0-1431-4f62-bc68-3311714a69ad",
}
"""Partition types of the Windows Logical Disk Manager, whose volumes only libguestfs finds."""

_FOREIGN = {"windows", "winnt", "win32", "win", "reactos", "boot.ini", "fdos", "dos", "hurd"}
"""Names at a top, in lower case, of systems that are not known by their files here."""

_OWN_PARTS = ("/boot", "/efi", "/home", "/opt", "/srv", "/swap", "/tmp", "/usr/local", "/var")
"""Where a system mounts parts of itself: what stands there is no other system's root."""

_ROOT_PLACES = ("/", "/sysroot", "/root", "/target")
"""Where a root is mounted by itself, by an initial RAM disk or by an installer."""

_NO_PLACE = ("/dev", "/media", "/proc", "/selinux", "/sys")
"""Where libguestfs mounts nothing that fstab names."""

_MOST_PLACES = 200
"""Mounts of one fstab: each takes 0.15 s under emulation, and nothing can be asked meanwhile."""


@dataclass
class Found:
    """The systems in libguestfs's order, and whether there may be more or others."""

    systems: list[System] = field(default_factory=list)
    in_doubt: bool = False
    warnings: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    """The devices that were; the others are parts of the first system."""


class _Mounted:
    """The files of what is mounted at /."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def read(self, path: str, most: int = SMALL) -> bytes:
        if self.is_file(path):
            with contextlib.suppress(GuestError):
                return self._handle.pread(path, most, 0)
        return b""

    def is_file(self, path: str) -> bool:
        try:
            return self._handle.stat(path).mode & 0o170000 == 0o100000
        except GuestError:
            return False

    def names(self, directory: str) -> set[str]:
        try:
            return {str(dirent.name) for dirent in self._handle.readdir(directory)}
        except GuestError:
            return set()

    def link(self, path: str) -> str:
        try:
            return self._handle.readlink(path)
        except GuestError:
            return ""


def _suspicious(names: set[str]) -> bool:
    lower = {name.lower() for name in names}
    return bool(lower & _FOREIGN) or ("etc" in names and ("bin" in names or "usr" in names))


def holds_a_system(handle: Handle, directory: str) -> bool:
    """Say whether what is mounted there may be a system of its own."""
    return _suspicious(_Mounted(handle).names(directory))


def _is_in(path: str, directories: tuple[str, ...]) -> bool:
    return any(paths.is_below(path, directory) for directory in directories)


def _likely_roots_first(devices: list[Device]) -> list[Device]:
    def unlikely(device: Device) -> tuple[bool, bool, int]:
        was_elsewhere = device.tags.get(LAST_PLACE, "/") not in _ROOT_PLACES
        return was_elsewhere, device.kind != "logical volume", -device.partition_size

    return sorted(devices, key=unlikely)


def places_of(
    root: str, fs_type: str, fstab: bytes, survey: Survey
) -> tuple[list[Place], list[str]]:
    """Give where a system's fstab puts its devices, the root first, and what it names in vain."""
    places: list[Place] = []
    warnings: list[str] = []
    for line in parse_fstab(fstab):
        if line.directory == "/" or _is_in(line.directory, _NO_PLACE):
            continue
        if not line.spec.startswith(("/dev/", "UUID=", "LABEL=", "PART")):
            continue
        path = resolve_spec(line.spec, survey)
        if path is None:
            if not {"noauto", "nofail"} & set(line.options):
                warnings.append(f"/etc/fstab: {line.directory}: no device {line.spec}")
        elif (device := survey.find(path)) and device.holds_files:
            options = dict(option.partition("=")[::2] for option in line.options)
            if device.type == "btrfs" and "subvol" in options:
                path = volume(path, options["subvol"])
            places.append(Place(path, line.directory, device.type))
    places.sort(key=lambda place: place.directory.count("/"))
    if len(places) > _MOST_PLACES:
        warnings.append(f"/etc/fstab: only the first {_MOST_PLACES} of {len(places)} are mounted")
        del places[_MOST_PLACES:]
    return [Place(root, Name("/"), fs_type), *places], warnings


class Rooted:
    """What is mounted at / while looking for systems: one thing after the other."""

    def __init__(self, handle: Handle, *, replays: bool = True) -> None:
        self._handle = handle
        self._replays = replays
        self._mounted: Mount | None = None

    def mount(self, device: str, fs_type: str, option: str = "") -> None:
        """Mount a device read-only at / in the place of what was there. Raises GuestError.

        `option` is one more for mount(8).
        """
        self.clear()
        options = mount_read_only(self._handle, device, "/", fs_type, option, replays=self._replays)
        self._mounted = Mount(Name("/"), device, fs_type, options)

    def clear(self) -> None:
        """Unmount it."""
        if self._mounted is not None:
            self._mounted = None
            self._handle.unmount_all()

    def hand_over(self, table: MountTable, device: str) -> None:
        """Leave a device that stands there already to the table, anything else is unmounted."""
        if self._mounted is not None and self._mounted.device == device:
            table.adopt(self._handle, self._mounted)
            self._mounted = None
        self.clear()


class _Search:
    def __init__(self, handle: Handle, survey: Survey, rooted: Rooted) -> None:
        self._handle = handle
        self._survey = survey
        self._rooted = rooted
        self._files = _Mounted(handle)
        self._order: dict[str, tuple[int, int]] = {}
        self.found = Found()

    def run(self) -> None:
        devices = self._survey.file_systems()
        uuids = [device.tags.get("UUID") for device in devices if device.type == "btrfs"]
        self.found.in_doubt = len(uuids) != len(set(uuids)) or any(
            device.tags.get("PART_ENTRY_TYPE", "").lower() in _DYNAMIC_DISK or device.type == "ufs"
            for device in self._survey.devices
        )
        waiting = _likely_roots_first(devices)
        while device := next((d for d in waiting if d.path not in self._claimed()), None):
            waiting.remove(device)
            self.found.looked_at.append(device.path)
            try:
                self._rooted.mount(device.path, device.type)
            except GuestError as error:
                self.found.warnings.append(
                    f"{device.path} ({device.type}) cannot be mounted: {error.message}"
                )
                continue
            self._look(device.path, device, 0)
            if device.type == "btrfs":
                self._look_into_volumes(device)

    def _claimed(self) -> set[str]:
        """Give the devices that the first system has for parts of itself."""
        if not self.found.systems:
            return set()
        parts = [
            place.device
            for place in self.found.systems[0].places
            if place.directory != "/" and _is_in(place.directory, _OWN_PARTS)
        ]
        return {d.path for d in self._survey.devices if any(is_on(part, d.path) for part in parts)}

    def _look(self, root: str, device: Device, turn: int) -> None:
        """See what stands at / now."""
        names = self._files.names("/")
        if not looks_like_a_root(names, self._files):
            self.found.in_doubt |= _suspicious(names)
            return
        fields = identify(names, self._files)
        fstab = self._files.read("/etc/fstab")
        places, warnings = places_of(root, device.type, fstab, self._survey)
        if fields is None or any(place.directory == "/usr" for place in places):
            self.found.in_doubt = True
            return
        self._order[root] = (self._survey.devices.index(device), turn)
        name, version = fields.pop("name"), fields.pop("version")
        system = System(root, name, version, fields, places, warnings=warnings)
        self.found.systems.append(system)
        self.found.systems.sort(key=lambda system: self._order[system.root])

    def _look_into_volumes(self, device: Device) -> None:
        """Look at the subvolumes that do not stand at the device's own top."""
        try:
            default, others = subvolumes(self._handle)
            if others and default != TOP_LEVEL:
                self._rooted.mount(device.path, "btrfs", f"subvolid={TOP_LEVEL}")
            likely = [
                (turn, path)
                for turn, path in enumerate(others, 1)
                if _suspicious(self._files.names(f"/{path}"))
            ]
            for turn, path in likely:
                root = volume(device.path, path)
                self._rooted.mount(root, "btrfs")
                self._look(root, device, turn)
        except GuestError as error:
            self.found.warnings.append(f"{device.path}: its subvolumes: {error.message}")
            self.found.in_doubt = True


def find_systems(handle: Handle, survey: Survey, rooted: Rooted) -> Found:
    """Look at every file system that no system found has for a part of itself."""
    search = _Search(handle, survey, rooted)
    search.run()
    return search.found
