"""Describe the system of an opened image from its own files."""

from dataclasses import dataclass

from guestshell.errors import GuestError
from guestshell.guest.content import Content
from guestshell.guest.devices import FileSystem
from guestshell.guest.layout import Layout
from guestshell.guest.mounts import Mount
from guestshell.guest.systems import SMALL, first_line, parse_os_release
from guestshell.guest.tree import Tree


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """The system found. A field that could not be determined is empty.

    `name` is how the system calls itself. `product` is what libguestfs calls product_name:
    the same, but Debian's own /etc/debian_version on a Debian. `distribution`, `variant`,
    `architecture` and `osinfo` are libguestfs's distro, product_variant, arch and osinfo.
    """

    name: str
    type: str
    distribution: str
    version: str
    product: str
    variant: str
    hostname: str
    architecture: str
    package_manager: str
    package_format: str
    osinfo: str
    init: str
    time_zone: str
    system_root: str
    control_set: str
    root: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class InstalledSystem:
    """One of several systems in an image; `mounted` when it is the one looked at."""

    number: int
    name: str
    version: str
    hostname: str
    root: str
    mounted: bool


@dataclass(frozen=True, slots=True)
class DriveLetter:
    """A drive letter of a Windows and the device it stands for."""

    letter: str
    device: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything known of an image at large; `os` is None where no system lives.

    `systems` are all of them where there are several.
    """

    os: OperatingSystem | None
    systems: tuple[InstalledSystem, ...]
    mounts: tuple[Mount, ...]
    drives: tuple[DriveLetter, ...]
    filesystems: tuple[FileSystem, ...]
    kernels: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def headline(self) -> str:
        """One line: the system and its host name, or that there is none."""
        if self.os is None:
            count = len(self.mounts)
            mounted = f"{count} file system{'s' if count != 1 else ''} mounted"
            return f"no operating system, {mounted}"
        several = f"one of {len(self.systems)} systems" if self.systems else ""
        parts = [self.os.name, self.os.architecture, self.os.hostname, several]
        return ", ".join(part for part in parts if part)


def installed_systems(layout: Layout) -> tuple[InstalledSystem, ...]:
    """Give every system of an image."""
    return tuple(
        InstalledSystem(
            number=number,
            name=system.name,
            version=system.version,
            hostname=system.fields.get("hostname", ""),
            root=system.root,
            mounted=number == layout.current,
        )
        for number, system in enumerate(layout.systems, 1)
    )


def drive_letters(layout: Layout) -> tuple[DriveLetter, ...]:
    """Give the drive letters of the system that is mounted."""
    drives = layout.system.drives if layout.system else {}
    return tuple(DriveLetter(letter, device) for letter, device in sorted(drives.items()))


class Describer:
    """Reads the few files that say what a system is."""

    def __init__(self, tree: Tree, content: Content) -> None:
        self._tree = tree
        self._content = content

    def _read(self, *candidates: str) -> bytes:
        for path in candidates:
            try:
                self._content.status(path)
                return self._content.read(path, 0, SMALL)
            except GuestError:
                continue
        return b""

    def _link(self, path: str) -> str:
        try:
            return self._tree.entry(path).target or ""
        except GuestError:
            return ""

    def _exists(self, path: str) -> bool:
        try:
            self._tree.status(path, follow=False)
        except GuestError:
            return False
        return True

    def describe(self, layout: Layout) -> OperatingSystem | None:
        """Give the system that is mounted, None where there is none."""
        system = layout.system
        if system is None:
            return None
        fields = system.fields
        release: dict[str, str] = {}
        if fields.get("type", "linux") == "linux":
            release = parse_os_release(self._read("/etc/os-release", "/usr/lib/os-release"))
        return OperatingSystem(
            name=release.get("PRETTY_NAME") or system.name,
            type=fields.get("type", ""),
            distribution=fields.get("distro", ""),
            version=system.version,
            product=fields.get("product_name", ""),
            variant=fields.get("product_variant", ""),
            hostname=fields.get("hostname", ""),
            architecture=fields.get("arch", ""),
            package_manager=fields.get("package_management", ""),
            package_format=fields.get("package_format", ""),
            osinfo=fields.get("osinfo", ""),
            init=self._init(),
            time_zone=self._time_zone(),
            system_root=fields.get("windows_systemroot", ""),
            control_set=fields.get("windows_current_control_set", ""),
            root=system.root,
        )

    def _init(self) -> str:
        target = self._link("/sbin/init")
        for word in ("systemd", "openrc", "busybox", "runit", "dinit"):
            if word in target:
                return word
        if self._exists("/lib/systemd/systemd") or self._exists("/usr/lib/systemd/systemd"):
            return "systemd"
        if self._exists("/sbin/openrc"):
            return "openrc"
        return "sysvinit" if self._exists("/etc/inittab") else ""

    def _time_zone(self) -> str:
        _, found, zone = self._link("/etc/localtime").partition("zoneinfo/")
        return zone if found else first_line(self._read("/etc/timezone"))

    def kernels(self) -> tuple[str, ...]:
        """Give the versions of the kernels in /boot, of the module trees where it has none."""
        for directory, prefixes in (("/boot", ("vmlinuz-", "vmlinux-")), ("/lib/modules", ("",))):
            try:
                names = [dirent.name for dirent in self._tree.names(directory)]
            except GuestError:
                continue
            found = [
                name.removeprefix(prefix)
                for name in names
                for prefix in prefixes
                if name.startswith(prefix)
            ]
            if found:
                return tuple(found)
        return ()
