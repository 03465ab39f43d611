"""Where dpkg puts a packaged file, and what it was told to leave out or own otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.guest.facts.accounts.passwd import id_of
from guestshell.guest.facts.files import Files, files_below, read_if_there
from guestshell.guest.facts.packages.aliases import Aliases
from guestshell.guest.facts.packages.wildcards import fits, literal_start
from guestshell.guest.facts.text import octal, set_lines, text_lines
from guestshell.values import Name

_DIVERSIONS = "/var/lib/dpkg/diversions"
_OVERRIDES = "/var/lib/dpkg/statoverride"
_SETTINGS = "/etc/dpkg/dpkg.cfg"
_VOLATILE = ("/run/", "/var/run/", "/var/lock/", "/tmp/", "/dev/", "/proc/", "/sys/")
"""Directories that an image is seen without, for file systems in memory are mounted there."""


@dataclass(frozen=True, slots=True)
class Override:
    """Owner, group and permission bits that dpkg-statoverride(1) gives a path."""

    user: str | int
    group: str | int
    mode: int


class DpkgPaths:
    """What dpkg-divert(1), dpkg-statoverride(1) and path-exclude of dpkg.cfg(5) say of paths."""

    def __init__(self, files: Files, aliases: Aliases) -> None:
        self._files = files
        self._aliases = aliases
        self._diversions = dict(self._read_diversions())
        self._overrides = dict(self._read_overrides())
        self._filters = list(self._read_filters())

    def place(self, path: str, package: str) -> Name:
        """Give where a package's file is on disk: elsewhere if another package diverts it."""
        diverted = self._diversions.get(self._aliases.canonical(path))
        return diverted[0] if diverted and diverted[1] != package else Name(path)

    def diverted_from(self, path: str) -> Iterator[tuple[Name, str]]:
        """Yield the paths whose files are put at this one, and the package that has it so."""
        canonical = self._aliases.canonical(path)
        for source, (target, package) in self._diversions.items():
            if self._aliases.canonical(target) == canonical:
                yield source, package

    def diverting(self, path: str) -> str | None:
        """Give the package whose own file stays at a path that others are diverted from.

        An empty name where an administrator's diversion spares none.
        """
        diverted = self._diversions.get(self._aliases.canonical(path))
        return diverted[1] if diverted else None

    def override(self, path: str) -> Override | None:
        """Give what the administrator or a package set for a path."""
        return self._overrides.get(self._aliases.canonical(path))

    def is_left_out(self, path: str) -> bool:
        """Say whether dpkg was told not to unpack a path, or what is in it does not last.

        The last setting that fits counts.
        """
        left_out = path.startswith(_VOLATILE)
        for excludes, beginning, pattern in self._filters:
            if excludes != left_out and path.startswith(beginning) and fits(path, pattern):
                left_out = excludes
        return left_out

    def _read_diversions(self) -> Iterator[tuple[Name, tuple[Name, str]]]:
        lines = text_lines(read_if_there(self._files, _DIVERSIONS) or b"")
        if len(lines) % 3:
            self._files.warn(f"{_DIVERSIONS}: ends in the middle of a record")
        for source, target, package in zip(lines[::3], lines[1::3], lines[2::3], strict=False):
            place = Name(target), "" if package == ":" else package
            yield self._aliases.canonical(source), place

    def _read_overrides(self) -> Iterator[tuple[Name, Override]]:
        damaged = 0
        for line in text_lines(read_if_there(self._files, _OVERRIDES) or b""):
            user, group, mode, path = (*line.split(" ", 3), "", "", "", "")[:4]
            bits = octal(mode)
            if path and bits is not None:
                override = Override(_account(user), _account(group), bits & 0o7777)
                yield self._aliases.canonical(path), override
            elif line.strip():
                damaged += 1
        if damaged:
            self._files.warn(f"{_OVERRIDES}: {damaged} damaged lines left out")

    def _read_filters(self) -> Iterator[tuple[bool, str, str]]:
        for source in (_SETTINGS, *files_below(self._files, f"{_SETTINGS}.d")):
            for line in set_lines(read_if_there(self._files, source) or b""):
                option, _, pattern = line.replace("=", " ", 1).partition(" ")
                if option in ("path-exclude", "path-include"):
                    pattern = pattern.strip().strip("\"'")
                    yield option == "path-exclude", literal_start(pattern), pattern


def _account(text: str) -> str | int:
    """Give a name, or the number of `#NUMBER`."""
    number = id_of(text[1:]) if text.startswith("#") else None
    return text if number is None else number
