"""Which system lives in an image and where its file systems belong.

The cheap way mounts what looks like a root and reads its fstab: 2 to 4 s where libguestfs's
own inspection takes over 20 without KVM. What it leaves in doubt is asked of inspect_os.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.devices import CONTAINERS, Device, Survey, survey
from guestshell.guest.fstab import parse_fstab, resolve_spec
from guestshell.guest.mounts import Mount, MountTable, mount_read_only
from guestshell.values import Name

_ROOT_TYPES = {"ext2", "ext3", "ext4", "xfs", "f2fs", "jfs", "reiserfs", "erofs", "squashfs"}
_SIGNS = {
    "etc",
    "bin",
    "sbin",
    "usr",
    "lib",
    "windows",
    "winnt",
    "program files",
    ".disk",
    ".treeinfo",
    "isolinux",
    "system32",
}
"""Names at the top of a file system that speak for a system living there."""

_KNOWN_IDS = {
    "debian",
    "ubuntu",
    "fedora",
    "rhel",
    "centos",
    "rocky",
    "almalinux",
    "ol",
    "opensuse",
    "opensuse-leap",
    "opensuse-tumbleweed",
    "sles",
    "arch",
    "alpine",
    "gentoo",
    "linuxmint",
    "kali",
}
_SMALL = 64 * 1024

DEEP_FIELDS = (
    "type",
    "distro",
    "product_name",
    "major_version",
    "minor_version",
    "hostname",
    "arch",
    "package_management",
    "package_format",
)


@dataclass
class Layout:
    """What opening an image found. `root` is None where no system lives."""

    survey: Survey
    root: str | None = None
    deep: dict[str, str] = field(default_factory=dict)
    """What inspect_os says of the system; empty when the cheap way settled it."""
    other_roots: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Look:
    """What stands at the top of one file system."""

    device: Device
    names: set[str]
    os_id: str | None
    fstab: bytes

    @property
    def has_signs(self) -> bool:
        return bool({name.lower() for name in self.names} & _SIGNS)


def parse_os_release(data: bytes) -> dict[str, str]:
    """Give the assignments of an os-release(5) file; quotes and backslashes taken off."""
    values = {}
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key.replace("_", "").isalnum() and not key.startswith("#"):
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            if "\\" in value:
                for special in '"$`':
                    value = value.replace("\\" + special, special)
                value = value.replace("\\\\", "\\")
            values[key] = value
    return values


def read_small(handle: Handle, *candidates: str) -> bytes:
    """Give the first of some small regular files that is there, or b""."""
    for path in candidates:
        with contextlib.suppress(GuestError):
            if handle.stat(path).mode & 0o170000 == 0o100000:
                return handle.pread(path, _SMALL, 0)
    return b""


def _likely_roots_first(devices: Iterable[Device]) -> list[Device]:
    return sorted(
        devices, key=lambda device: (device.kind != "logical volume", -device.partition_size)
    )


class _Opening:
    """One look for the system; makes the mounts."""

    def __init__(self, handle: Handle, table: MountTable) -> None:
        self._handle = handle
        self._table = table
        self._looking_at: Mount | None = None
        self._layout = Layout(survey(handle))
        self._layout.warnings = self._layout.survey.warnings

    def run(self) -> Layout:
        self._warn_of_encryption()
        root, settled = self._cheap_way()
        if not settled and self._deep_way():
            return self._layout
        if root is not None:
            self._layout.root = root.device.path
            self._mount_system(root)
        else:
            self._mount_data()
        return self._layout

    def _warn(self, message: str) -> None:
        self._layout.warnings.append(message)

    def _warn_of_encryption(self) -> None:
        for device in self._layout.survey.devices:
            if "encrypted" in CONTAINERS.get(device.type, ""):
                self._warn(f"{device.path} is {CONTAINERS[device.type]} and stays closed")

    # -- the cheap way ---------------------------------------------------------------------------

    def _look(self, device: Device) -> _Look:
        """Mount a device at / and see what stands there; it stays mounted till the next look."""
        self._look_away()
        options = mount_read_only(self._handle, device.path, "/", device.type)
        self._looking_at = Mount(Name("/"), device.path, device.type, options)
        names = {str(dirent.name) for dirent in self._handle.readdir("/")}
        release = read_small(self._handle, "/etc/os-release", "/usr/lib/os-release")
        os_id = parse_os_release(release).get("ID", "linux") if release else None
        return _Look(device, names, os_id, read_small(self._handle, "/etc/fstab"))

    def _look_away(self) -> None:
        if self._looking_at is not None:
            self._looking_at = None
            self._handle.unmount_all()

    def _cheap_way(self) -> tuple[_Look | None, bool]:
        """Give the root found, and whether that is beyond doubt."""
        file_systems = self._layout.survey.file_systems()
        settled = all(device.type != "btrfs" for device in file_systems)
        root: _Look | None = None
        claimed: set[str] = set()
        for device in _likely_roots_first(file_systems):
            if device.path in claimed:
                continue
            try:
                look = self._look(device)
            except GuestError as error:
                self._warn(f"{device.path} ({device.type}) cannot be mounted: {error.message}")
                settled = False
                continue
            if look.os_id is None or device.type not in _ROOT_TYPES:
                settled = settled and not look.has_signs
            elif root is None:
                root = look
                settled = settled and look.os_id in _KNOWN_IDS
                claimed = {mount.device for mount in self._fstab_mounts(look)}
            else:
                settled = False
        return root, settled

    def _fstab_mounts(self, root: _Look) -> "list[_Wanted]":
        wanted = []
        for line in parse_fstab(root.fstab):
            if line.directory == "/" or not line.spec.startswith(
                ("/dev/", "UUID=", "LABEL=", "PART")
            ):
                continue
            device = resolve_spec(line.spec, self._layout.survey)
            if device is None:
                if "noauto" not in line.options:
                    self._warn(f"/etc/fstab: {line.directory}: no device {line.spec}")
            elif (found := self._layout.survey.find(device)) and found.holds_files:
                wanted.append(_Wanted(device, line.directory, found.type))
        return sorted(wanted, key=lambda mount: mount.directory.count("/"))

    def _mount_system(self, root: _Look) -> None:
        self._layout.warnings = [w for w in self._layout.warnings if not w.startswith("/etc/fstab")]
        wanted = self._fstab_mounts(root)
        if self._looking_at is not None and self._looking_at.device == root.device.path:
            self._table.adopt(self._looking_at)
        else:
            self._look_away()
            self._mount(root.device.path, Name("/"), root.device.type)
        for mount in wanted:
            self._mount(mount.device, mount.directory, mount.type)

    def _mount(self, device: str, directory: Name, fs_type: str) -> None:
        try:
            self._table.mount(self._handle, device, directory, fs_type)
        except GuestError as error:
            self._warn(f"{device} cannot be mounted at {directory}: {error.message}")

    def _mount_data(self) -> None:
        self._look_away()
        file_systems = self._layout.survey.file_systems()
        if len(file_systems) == 1:
            self._mount(file_systems[0].path, Name("/"), file_systems[0].type)
            return
        for device in file_systems:
            self._mount(device.path, Name(device.path.removeprefix("/dev")), device.type)

    # -- libguestfs's own way --------------------------------------------------------------------

    def _deep_way(self) -> bool:
        """Mount what inspect_os finds and say whether it found a system."""
        self._looking_at = None
        try:
            roots = self._handle.inspect_os()
        except GuestError as error:
            self._warn(f"libguestfs cannot inspect this image: {error.message}")
            self._handle.unmount_all()
            return False
        self._handle.unmount_all()
        if not roots:
            return False
        root, *self._layout.other_roots = roots
        self._layout.root = root
        for name in DEEP_FIELDS:
            with contextlib.suppress(GuestError):
                self._layout.deep[name] = self._handle.inspected(name, root)
        try:
            mounts = self._handle.inspected_mounts(root)
        except GuestError as error:
            self._warn(f"only the root is mounted: {error.message}")
            mounts = {"/": root}
        for directory, device in sorted(mounts.items(), key=lambda item: len(item[0])):
            known = self._layout.survey.find(device)
            self._mount(device, Name(directory), known.type if known else "")
        if self._layout.other_roots:
            self._warn(f"other systems in this image: {', '.join(self._layout.other_roots)}")
        return True


@dataclass(frozen=True)
class _Wanted:
    device: str
    directory: Name
    type: str


def open_layout(handle: Handle, table: MountTable) -> Layout:
    """Find the system, mount its file systems read-only, and say what was found.

    Runs in the appliance's thread. Broken parts give warnings, never an error.
    """
    table.clear(handle)
    return _Opening(handle, table).run()
