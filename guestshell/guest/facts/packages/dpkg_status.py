"""Packages of dpkg: /var/lib/dpkg/status, deb822(5), dpkg(1)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guestshell.guest.facts.packages.rows import Package
from guestshell.guest.facts.text import decimal
from guestshell.values import Name, Size, decode_name

STATUS = "/var/lib/dpkg/status"

_GONE = ("not-installed", "config-files")
"""States of dpkg(1) in which no file of the package's own is there."""

_HEX = b"0123456789abcdef"

_WANTED = {
    b"Package", b"Version", b"Architecture", b"Status", b"Description", b"Installed-Size",
    b"Source", b"Multi-Arch", b"Conffiles",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stanza:
    """A package of a status file; `conffiles` are configuration files with their MD5, if known."""

    package: Package
    multi_arch: str
    conffiles: tuple[tuple[Name, str], ...]

    @property
    def info_names(self) -> tuple[str, str]:
        """The names that its files in the info directory may have, the likelier first."""
        plain, full = self.package.name, f"{self.package.name}:{self.package.architecture}"
        return (full, plain) if self.multi_arch == "same" else (plain, full)


def parse_stanzas(lines: Iterable[bytes]) -> Iterator[Stanza]:
    """Yield the packages of a status file that are installed, be it partly."""
    fields: dict[bytes, list[bytes]] = {}
    field: list[bytes] = []
    for line in lines:
        if not line.strip():
            yield from _stanza(fields)
            fields = {}
        elif line.startswith((b" ", b"\t")):
            field.append(line.strip())
        else:
            key, _, value = line.partition(b":")
            field = [value.strip()]
            if key in _WANTED:
                fields[key] = field
    yield from _stanza(fields)


def _stanza(fields: dict[bytes, list[bytes]]) -> Iterator[Stanza]:
    def text(key: bytes) -> str:
        return decode_name(fields.get(key, [b""])[0])

    # a file of status.d has no such field
    words = text(b"Status").split() or ["install", "ok", "installed"]
    if not text(b"Package") or words[-1] in _GONE:
        return
    problems = [words[-1]] if words[-1] != "installed" else []
    if "reinstreq" in words:
        problems.append("reinstallation required")
    package = Package(
        text(b"Package"),
        text(b"Version"),
        text(b"Architecture"),
        Size((decimal(text(b"Installed-Size"), 15) or 0) * 1024),
        source=text(b"Source") or text(b"Package"),
        summary=text(b"Description"),
        status=", ".join(problems),
        manager="dpkg",
    )
    conffiles = tuple(_conffiles(fields.get(b"Conffiles", [])))
    yield Stanza(package, text(b"Multi-Arch"), conffiles)


def _conffiles(lines: list[bytes]) -> Iterator[tuple[Name, str]]:
    """Yield path and MD5 of `PATH MD5`; a path may have blanks.

    What is flagged, as one that is `obsolete`, or not yet there has no MD5 that counts.
    """
    for line in lines:
        words = line.split(b" ")
        flags = [word for word in words[2:] if word in (b"obsolete", b"remove-on-upgrade")]
        path, digest = b" ".join(words[: len(words) - len(flags) - 1]), words[-1]
        counts = len(digest) == 32 and not digest.strip(_HEX)
        if path.startswith(b"/"):
            yield decode_name(path), digest.decode() if counts else ""
