"""What a package database records: packages, and the files that they brought."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from guestshell.values import Mode, Name, Size, Timestamp


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its database records it.

    `size` is that of its installed files, 0 if unknown. `installed` is when this version was
    unpacked. `source` is what it was built from. `status` is empty for one that is wholly
    installed. `manager` is dpkg, rpm, apk or pacman.
    """

    name: str
    version: str
    architecture: str
    size: Size
    installed: Timestamp | None = None
    source: str = ""
    summary: str = ""
    status: str = ""
    manager: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A packaged file that is not as its package brought it.

    `problems` are of: missing, type, link (its target), size, digest, mode, owner, group, mtime,
    unrecorded (its digest was taken out of the database), unreadable. `configuration` tells
    files that an administrator is expected to change. `mode`, `size` and `mtime` are those it has
    now. `expected` and `actual` say the same of both sides: `mode 0755, owner root`.
    """

    path: Name
    package: str
    problems: tuple[str, ...]
    configuration: bool
    mode: Mode | None
    size: Size | None
    mtime: Timestamp | None
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """What a database says that a path should be; None or "" is what it does not say.

    `path` is the one on disk. `digest` is in hexadecimal, of the kind `algorithm` (hashlib's
    name); that of a symbolic link is of its target. `mode` is permission bits, `mtime` seconds.
    `user` and `group` are names or numbers. A regular file that `needs_digest` and has none was
    taken out of the record.
    """

    path: Name
    package: str
    kind: str = ""
    algorithm: str = ""
    digest: str = ""
    size: int | None = None
    mode: int | None = None
    mtime: int | None = None
    user: str | int | None = None
    group: str | int | None = None
    target: Name | None = None
    configuration: bool = False
    may_be_missing: bool = False
    needs_digest: bool = False


class PackageDatabase(Protocol):
    """One database on a system."""

    manager: str

    def packages(self) -> Iterator[Package]:
        """Yield the packages that are installed, be it partly."""

    def owners(self, spellings: Iterable[str]) -> Iterator[Package]:
        """Yield the packages that brought one path, known under several spellings."""

    def files(self, wanted: Callable[[str], bool]) -> Iterator[PackagedFile]:
        """Yield what can be checked of the files of those packages whose names are wanted."""
