"""How facts read: the guest's files, and a warning for each that is missing or damaged.

Facts are functions from `Files` to rows. They know no appliance, so a tree of the host can
stand in for a guest in tests; the contract tests run them against both.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.values import Name, Timestamp

MOST = 16 * 2**20
"""Bytes read of a file as a whole: no real one of this kind is longer, a hostile one may be."""

SMALL = 2**20
"""Bytes read of a configuration file: none that a program would take is longer."""

_MOST_FILES = 1000
"""Files read of one directory: every one costs a call, and real ones hold a few."""


class Files(Protocol):
    """What a fact may ask of a guest; every path is absolute. All but `warn` raise PathError."""

    def read(self, path: str, most: int = MOST) -> bytes:
        """Give up to `most` bytes of a regular file, symbolic links followed inside the guest."""

    def open(self, path: str) -> io.BufferedReader:
        """Open a regular file that may be large: seekable, read in blocks on demand."""

    def entry(self, path: str) -> Entry:
        """Give the row of one path, a symbolic link not followed."""

    def resolve(self, path: str) -> Name:
        """Give the path with every symbolic link and `..` resolved inside the guest."""

    def entries(self, directory: str) -> Sequence[Entry]:
        """Give the rows of a directory in byte order."""

    def walk(
        self,
        top: str,
        *,
        depth: int | None = None,
        enter: Callable[[Name], bool] = lambda path: True,
    ) -> Iterator[Entry]:
        """Yield every entry below a directory, parents first; what cannot be read is warned of."""

    def warn(self, message: str) -> None:
        """Say that a source is missing or damaged, naming it; the rest of the rows still come."""


def read_if_there(files: Files, path: str, most: int = MOST) -> bytes | None:
    """Give what a file holds, None where there is none; one that cannot be read is warned of."""
    try:
        return files.read(path, most)
    except NoSuchPath:
        return None
    except PathError as error:
        files.warn(str(error))
        return None


def read_small(files: Files, path: str) -> bytes | None:
    """Give what a configuration file holds, None where there is none; cut off at SMALL."""
    data = read_if_there(files, path, SMALL + 1)
    if data is not None and len(data) > SMALL:
        files.warn(f"{path}: only the first {SMALL} bytes were read")
        data = data[:SMALL]
    return data


def read_needed(files: Files, path: str, most: int = MOST) -> bytes:
    """Give what a file holds, b"" with a warning where it is missing or cannot be read."""
    try:
        return files.read(path, most)
    except PathError as error:
        files.warn(str(error))
        return b""


def entry_if_there(files: Files, path: str) -> Entry | None:
    """Give the row of a path, a symbolic link not followed; None where there is none."""
    try:
        return files.entry(path)
    except NoSuchPath:
        return None
    except PathError as error:
        files.warn(str(error))
        return None


def real_entry(files: Files, path: str) -> Entry | None:
    """Give the row of what a path leads to, links followed; None where that is nothing.

    Its device and inode tell whether two paths are one file. Cheaper than `resolve`, which only
    a link needs.
    """
    try:
        entry = files.entry(path)
        return files.entry(files.resolve(path)) if entry.kind == "symlink" else entry
    except PathError as error:
        _warn_of_damage(files, error)
        return None


def is_there(files: Files, path: str) -> bool:
    """Say whether a path is there, be it a symbolic link that leads nowhere."""
    try:
        files.entry(path)
    except PathError as error:
        _warn_of_damage(files, error)
        return False
    return True


def _warn_of_damage(files: Files, error: PathError) -> None:
    """Say that something is there after all."""
    if error.is_damage:
        files.warn(str(error))


def changed(files: Files, path: str) -> Timestamp | None:
    """Give when the file that a path leads to was last written."""
    entry = real_entry(files, path)
    return entry.mtime if entry else None


def entries_if_there(files: Files, directory: str) -> Sequence[Entry]:
    """Give the rows of a directory, none where there is none."""
    try:
        return files.entries(directory)
    except NoSuchPath:
        return ()
    except PathError as error:
        files.warn(str(error))
        return ()


def files_below(files: Files, directory: str, suffix: str = "") -> Iterator[Name]:
    """Yield the paths of a directory's regular files and links with names that end so."""
    for entry in entries_if_there(files, directory):
        if entry.kind in ("file", "symlink") and entry.name.endswith(suffix):
            yield paths.child(directory, entry.name)


def configured(files: Files, directory: str) -> Iterator[Entry]:
    """Yield the rows of a directory that may be configuration: no backups, at most a thousand."""
    found = [
        entry
        for entry in entries_if_there(files, directory)
        if entry.kind in ("file", "symlink")
        and not entry.name.startswith(".")
        and not entry.name.endswith(("~", ".bak", ".orig", ".rpmsave", ".rpmnew", ".dpkg-old"))
    ]
    if len(found) > _MOST_FILES:
        files.warn(f"{directory}: only the first {_MOST_FILES} files were read")
    yield from found[:_MOST_FILES]


def matching(files: Files, pattern: str) -> list[Name]:
    """Give the files that fit an absolute pattern with wildcards in its last part only."""
    from fnmatch import fnmatchcase

    directory, last = paths.split(pattern)
    if not set(pattern) & set("*?["):
        return [Name(pattern)]
    if len(last) > 255:
        return []
    return [
        paths.child(directory, entry.name)
        for entry in configured(files, directory)
        if fnmatchcase(entry.name, last)
    ]
