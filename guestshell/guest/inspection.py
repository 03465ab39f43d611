"""Describe the system of an opened image from its own files."""

from dataclasses import dataclass

from guestshell.errors import GuestError
from guestshell.guest.content import Content
from guestshell.guest.devices import FileSystem
from guestshell.guest.layout import Layout, parse_os_release
from guestshell.guest.mounts import Mount
from guestshell.guest.tree import Tree

_SMALL = 64 * 1024


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """The system found. A field that could not be determined is empty.

    `name` is how the system calls itself. `product` is what libguestfs calls product_name:
    the same, but Debian's own /etc/debian_version on a Debian.
    """

    name: str
    type: str
    distribution: str
    version: str
    product: str
    hostname: str
    architecture: str
    package_manager: str
    package_format: str
    init: str
    time_zone: str
    root: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything known of an image at large; `os` is None where no system lives."""

    os: OperatingSystem | None
    mounts: tuple[Mount, ...]
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
        parts = [self.os.name, self.os.architecture, self.os.hostname]
        return ", ".join(part for part in parts if part)


# family: (distribution ids, package manager, package format), as libguestfs names them
_MANAGERS = (
    ({"debian", "ubuntu", "linuxmint", "kali"}, "apt", "deb"),
    ({"fedora", "rhel", "centos", "rocky", "almalinux", "ol"}, "dnf", "rpm"),
    ({"opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"}, "zypper", "rpm"),
    ({"arch"}, "pacman", "pacman"),
    ({"alpine"}, "apk", "apk"),
    ({"gentoo"}, "portage", "ebuild"),
)

_ELF_MACHINES = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    50: "ia64",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""e_machine of elf(5) under the names libguestfs uses."""

_PROGRAMS = ("/bin/bash", "/bin/sh", "/bin/ls", "/usr/bin/env", "/sbin/init")


def elf_architecture(head: bytes) -> str:
    """Give the architecture of a program from its first 20 bytes, elf(5); empty for no ELF."""
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    little = head[5] != 2
    machine = int.from_bytes(head[18:20], "little" if little else "big")
    return "ppc64le" if machine == 21 and little else _ELF_MACHINES.get(machine, "")


class Describer:
    """Reads the few files that say what a system is."""

    def __init__(self, tree: Tree, content: Content) -> None:
        self._tree = tree
        self._content = content

    def _read(self, *candidates: str) -> bytes:
        for path in candidates:
            try:
                self._content.status(path)
                return self._content.read(path, 0, _SMALL)
            except GuestError:
                continue
        return b""

    def _first_line(self, *candidates: str) -> str:
        for line in self._read(*candidates).decode("utf-8", "surrogateescape").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                return line.strip()
        return ""

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
        """Give the system at the root of the mounted tree, None where there is none."""
        if layout.root is None:
            return None
        release = parse_os_release(self._read("/etc/os-release", "/usr/lib/os-release"))
        deep = layout.deep
        distribution = release.get("ID") or deep.get("distro", "")
        manager, package_format = next(
            ((name, form) for ids, name, form in _MANAGERS if distribution in ids),
            (deep.get("package_management", ""), deep.get("package_format", "")),
        )
        name = release.get("PRETTY_NAME") or deep.get("product_name", "")
        # os-release(5) of a Debian knows no point release, this file does
        point = self._first_line("/etc/debian_version") if distribution == "debian" else ""
        version = point if point[:1].isdigit() else release.get("VERSION_ID", "")
        return OperatingSystem(
            name=name or release.get("NAME", "") or "unknown system",
            type=deep.get("type", "linux"),
            distribution=distribution,
            version=version or _deep_version(deep),
            product=point or name,
            hostname=self._hostname() or deep.get("hostname", ""),
            architecture=self._architecture() or deep.get("arch", ""),
            package_manager=manager,
            package_format=package_format,
            init=self._init(),
            time_zone=self._time_zone(),
            root=layout.root,
        )

    def _hostname(self) -> str:
        name = self._first_line("/etc/hostname", "/etc/HOSTNAME")
        if name:
            return name
        for line in self._read("/etc/sysconfig/network").splitlines():
            if line.startswith(b"HOSTNAME="):
                return line[9:].decode("utf-8", "surrogateescape").strip("\"' ")
        return ""

    def _architecture(self) -> str:
        for program in _PROGRAMS:
            try:
                self._content.status(program)
                if found := elf_architecture(self._content.read(program, 0, 20)):
                    return found
            except GuestError:
                continue
        return ""

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
        return zone if found else self._first_line("/etc/timezone")

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


def _deep_version(deep: dict[str, str]) -> str:
    major, minor = deep.get("major_version", "0"), deep.get("minor_version", "0")
    return "" if major == "0" == minor else f"{major}.{minor}"
