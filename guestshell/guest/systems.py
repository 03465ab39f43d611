"""Which system a root file system holds, from the few files that decide it.

The answers are those of libguestfs's own inspection, guestfs(3) INSPECTION, under its names.
What its rules would make of any other file is left to it: `identify` then gives None.
"""

import re
from dataclasses import dataclass
from typing import Protocol

SMALL = 64 * 1024
"""Bytes read of a file that decides; no real one is longer."""


class RootFiles(Protocol):
    """The files of one mounted root."""

    def read(self, path: str, most: int = SMALL) -> bytes:
        """Give the beginning of a regular file, symbolic links followed; b"" for none."""

    def is_file(self, path: str) -> bool:
        """Say whether a path leads to a regular file."""

    def names(self, directory: str) -> set[str]:
        """Give the names in a directory; none where there is no such directory."""

    def link(self, path: str) -> str:
        """Give where a symbolic link points; "" where there is none."""


@dataclass(frozen=True, slots=True)
class Family:
    """How systems of one os-release ID are known: libguestfs's names for what they are.

    `release` is the file that tells the version where os-release does not, `shape` the text
    of it that has to be there. With `lsb` that is /etc/lsb-release.
    """

    distro: str
    package_format: str
    package_management: str
    release: str = ""
    shape: str = ""
    lsb: bool = False


_DEBIAN = ("deb", "apt")
_RED_HAT = ("rpm", "dnf")
_SUSE = ("rpm", "zypper")

FAMILIES = {
    "debian": Family("debian", *_DEBIAN, "debian_version"),
    "ubuntu": Family("ubuntu", *_DEBIAN),
    "kali": Family("kalilinux", *_DEBIAN),
    "linuxmint": Family("linuxmint", *_DEBIAN, lsb=True),
    "fedora": Family("fedora", *_RED_HAT),
    "rhel": Family("rhel", *_RED_HAT),
    "centos": Family("centos", *_RED_HAT, "centos-release", r"CentOS.*release \d"),
    "rocky": Family("rocky", *_RED_HAT),
    "ol": Family("oraclelinux", *_RED_HAT, "oracle-release", r"Oracle Linux.*release \d"),
    "opensuse": Family("opensuse", *_SUSE),
    "opensuse-leap": Family("opensuse", *_SUSE),
    "opensuse-tumbleweed": Family("opensuse", *_SUSE),
    "sles": Family("sles", *_SUSE),
    "arch": Family("archlinux", "pacman", "pacman", "arch-release"),
    "alpine": Family("alpinelinux", "apk", "apk"),
    "gentoo": Family("gentoo", "ebuild", "portage"),
}
"""What is settled without libguestfs, by the ID of os-release(5)."""

_BY_FILE = {"debian", "centos", "ol", "arch"}
"""IDs whose version os-release does not tell in full."""

_OTHER_RELEASES = re.compile(
    r"(lsb-release|(oracle|centos|rocky|altlinux|redhat|pardus|openmandriva)-release|debian_version)$"
)
"""Names in /etc that may speak before a family's own file does."""

_NUMBERS = re.compile(r"(?<!\d)(\d{1,9})(?:\.(\d{1,9}))?(?!\d)")

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

_PROGRAMS = ("/bin/bash", "/bin/ls", "/bin/echo", "/bin/rm", "/bin/sh")


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


def elf_architecture(head: bytes) -> str:
    """Give the architecture of a program from its first 20 bytes, elf(5); empty for no ELF."""
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    little = head[5] != 2
    machine = int.from_bytes(head[18:20], "little" if little else "big")
    return "ppc64le" if machine == 21 and little else _ELF_MACHINES.get(machine, "")


def first_line(data: bytes) -> str:
    """Give the first line that is neither empty nor a comment, without its blanks."""
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return line.strip()
    return ""


def version_of(text: str) -> tuple[int, int] | None:
    """Give the first `major` or `major.minor` in a text."""
    found = _NUMBERS.search(text)
    return (int(found[1]), int(found[2] or 0)) if found else None


def looks_like_a_root(names: set[str], files: RootFiles) -> bool:
    """Say whether libguestfs would take the mounted file system for a Linux root."""
    return (
        "etc" in names
        and "bin" in names
        and files.link("/bin") in ("", "usr/bin")
        and (files.is_file("/etc/fstab") or files.is_file("/etc/hosts"))
    )


_FOREIGN = {"netbsd", "bsd", "hurd", "service", "grub", "grub2"}
"""Names at the top that speak for BSD, Hurd, Minix or a /boot, which libguestfs asks for first."""


def identify(names: set[str], files: RootFiles) -> dict[str, str] | None:
    """Give what is to know of a Linux at whose top these names stand; None when in doubt.

    The keys are those of libguestfs's inspect_get_* calls, `name`, which is PRETTY_NAME, and
    `version` as the system writes it.
    """
    release = parse_os_release(files.read("/etc/os-release"))
    family = FAMILIES.get(release.get("ID", ""))
    name = release.get("PRETTY_NAME", "")
    in_etc = files.names("/etc")
    if family is None or not name or names & _FOREIGN or "freebsd-update.conf" in in_etc:
        return None
    known = _product(release, family, in_etc, files)
    if known is None:
        return None
    product, (major, minor) = known
    manager = _manager(release["ID"], family, major, files)
    if manager is None:
        return None
    return {
        "type": "linux",
        "distro": family.distro,
        "product_name": product,
        "product_variant": "",
        "major_version": str(major),
        "minor_version": str(minor),
        "hostname": hostname(files),
        "arch": architecture(files),
        "package_format": family.package_format,
        "package_management": manager,
        "osinfo": osinfo(family.distro, major, minor),
        "name": name,
        "version": written_version(major, minor, release.get("VERSION_ID", ""), product),
    }


def written_version(major: int, minor: int, *texts: str) -> str:
    """Give the first text that writes a version, else `major.minor`; "" for none."""
    for text in texts:
        if text[:1].isdigit() and version_of(text) == (major, minor):
            return text
    return f"{major}.{minor}" if major or minor else ""


def _product(
    release: dict[str, str], family: Family, in_etc: set[str], files: RootFiles
) -> tuple[str, tuple[int, int]] | None:
    """Give the product and its version, major and minor."""
    product = release["PRETTY_NAME"]
    version = version_of(release.get("VERSION_ID", ""))
    own = release["ID"] in _BY_FILE
    if not own and not family.lsb:
        return (product, version) if version else None
    if release["ID"] in ("debian", "centos") and version and version[1]:
        return product, version
    speaking = {name for name in in_etc if _OTHER_RELEASES.match(name)} - {family.release}
    if "lsb-release" in speaking:
        return _lsb(family, product, version, files)
    if family.lsb or (speaking - {"redhat-release", "rocky-release"}):
        return None
    if release["ID"] == "arch":
        return product, version or (0, 0)
    line = files.read(f"/etc/{family.release}").decode("utf-8", "surrogateescape").split("\n")[0]
    if not line.strip() or not re.search(family.shape, line) or "Update" in line:
        return None
    after = line.partition("release ")[2] if family.shape else line
    found = version_of(after) or version
    return (line, found) if found else None


def _lsb(
    family: Family, product: str, version: tuple[int, int] | None, files: RootFiles
) -> tuple[str, tuple[int, int]] | None:
    values = parse_os_release(files.read("/etc/lsb-release"))
    named = values.get("DISTRIB_ID", "")
    if family.distro == "archlinux" and named == "Arch":
        return values.get("DISTRIB_DESCRIPTION") or product, (0, 0)
    found = version_of(values.get("DISTRIB_RELEASE", "")) or version
    if family.lsb and named == "LinuxMint" and found and "DISTRIB_DESCRIPTION" in values:
        return values["DISTRIB_DESCRIPTION"], found
    return None


def _manager(identity: str, family: Family, major: int, files: RootFiles) -> str | None:
    if family.package_management != "dnf":
        return family.package_management
    if identity == "fedora":
        return "dnf" if major >= 22 and files.is_file("/usr/bin/dnf") else "yum"
    if major < 5:
        return None
    return "dnf" if major >= 8 else "yum"


def hostname(files: RootFiles) -> str:
    """Give the host's name from the first file that tells it, hostname(5); "" for none."""
    for path in ("/etc/HOSTNAME", "/etc/hostname"):
        if found := first_line(files.read(path)):
            return found
    for path, key in (("/etc/sysconfig/network", "HOSTNAME"), ("/etc/conf.d/hostname", "hostname")):
        if found := parse_os_release(files.read(path)).get(key, ""):
            return found
    return ""


def architecture(files: RootFiles) -> str:
    """Give what the programs are built for; "" when none tells."""
    for program in _PROGRAMS:
        if found := elf_architecture(files.read(program, 20)):
            return found
    return ""


def osinfo(distro: str, major: int, minor: int) -> str:
    """Give the short ID that osinfo-db(5) has for a Linux; "" when it has none."""
    if distro in ("archlinux", "gentoo"):
        return distro
    if distro == "ubuntu":
        return f"{distro}{major}.{minor:02}"
    if distro == "centos" and major == 7:
        return "centos7.0"
    if distro == "sles":
        return f"sles{major}sp{minor}" if minor else f"sles{major}"
    if distro in ("fedora", "debian") or (distro in ("centos", "rocky") and major >= 8):
        return f"{distro}{major}"
    return f"{distro}{major}.{minor}"
