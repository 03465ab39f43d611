"""How facts read: the guest's files, and a warning for each that is missing or damaged.

Facts are functions from `Files` to rows. They know no appliance, so a tree of the host can
stand in for a guest in tests; the contract tests run them against both.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from guestshell.errors import GuestError, NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.values import Name

MOST = 16 * 2**20
"""Bytes read of a file as a whole: no real one of this kind is longer, a hostile one may be."""


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


def read_needed(files: Files, path: str, most: int = MOST) -> bytes:
    """Give what a file holds, b"" with a warning where it is missing or cannot be read."""
    try:
        return files.read(path, most)
    except PathError as error:
        files.warn(str(error))
        return b""


def entries_if_there(files: Files, directory: str) -> Sequence[Entry]:
    """Give the rows of a directory, none where there is none."""
    try:
        return files.entries(directory)
    except NoSuchPath:
        return ()
    except PathError as error:
        files.warn(str(error))
        return ()


def is_there(files: Files, path: str) -> bool:
    """Say whether a path is there, be it a symbolic link that leads nowhere."""
    try:
        files.entry(path)
    except GuestError:
        return False
    return True


def files_below(files: Files, directory: str, suffix: str = "") -> Iterator[Name]:
    """Yield the paths of a directory's regular files and links with names that end so."""
    for entry in entries_if_there(files, directory):
        if entry.kind in ("file", "symlink") and entry.name.endswith(suffix):
            yield paths.child(directory, entry.name)


def text_lines(data: bytes) -> list[str]:
    """Give the lines of a text in UTF-8, other bytes as surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape").splitlines()


def set_lines(data: bytes, comment: str = "#") -> list[str]:
    """Give the lines that say something: stripped, neither empty nor a comment."""
    stripped = (line.strip() for line in data.decode("utf-8", "surrogateescape").split("\n"))
    return [line for line in stripped if line and not line.startswith(comment)]
