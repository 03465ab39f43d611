"""Carry files out to the host: complete under their name or not there at all.

A guest chooses names; the host must not follow them. Every name is made by one `open` in a
directory that is held open (`dir_fd`, O_NOFOLLOW, O_EXCL), inside a new temporary directory.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat as st
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from guestshell.errors import GuestError, HostError, PathError
from guestshell.guest import paths
from guestshell.guest.content import Content
from guestshell.guest.entries import Entry
from guestshell.guest.tree import Tree
from guestshell.values import Name, Size, encode_name

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


_DEEPEST = 200
"""Directories in one another: each is held open while what is in it is saved."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A file carried out, or one left behind and why."""

    path: Name
    host: Name
    size: Size
    sha256: str
    skipped: str


def link_stays_inside(target: str, depth: int) -> bool:
    """Say whether a link `depth` directories below the top cannot lead out of it.

    `..` may only come first, and no more often than there are real directories above: after
    a name it would climb from wherever that name, perhaps a link too, leads.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    return not target.startswith("/") and climbs <= depth and ".." not in parts[climbs:]


class Saver:
    """Saves files and trees of one guest."""

    def __init__(self, tree: Tree, content: Content) -> None:
        self._tree = tree
        self._content = content

    def save(
        self,
        path: str,
        host: Path,
        *,
        recursive: bool = False,
        force: bool = False,
        advance: Callable[[int], None] = lambda count: None,
    ) -> list[Saved]:
        """Save a file, or with `recursive` a directory, under the host path `host`.

        Gives a row for each file, and for each special file that was left out. `advance`
        gets the number of bytes written as they are. Times are kept; owners, modes and
        attributes are not. Raises PathError, or HostError, and then leaves nothing behind.
        """
        if "\0" in str(host):
            raise HostError("a host path cannot contain a NUL byte")
        if os.path.lexists(host):
            if not force:
                raise HostError(f"{host}: exists already", "--force overwrites it")
            if not (host.is_file() or host.is_dir()):
                raise HostError(f"{host}: is no regular file and is not overwritten")
        # the host's name is not part of it: that may be as long as a name can be
        temporary = host.parent / f".guestctl-{secrets.token_hex(8)}.partial"
        try:
            entry = self._tree.entry(self._tree.resolve(path))
            if entry.is_directory:
                if not recursive:
                    raise PathError(path, "is a directory", "save -r saves it whole")
                rows = list(self._save_directory(entry, temporary, host, advance))
            else:
                rows = [self._save_single(entry, temporary, host, advance)]
            self._put_in_place(temporary, host)
        except OSError as error:
            raise HostError.of(host, error) from error
        finally:
            self._remove(temporary)
        return rows

    @staticmethod
    def _put_in_place(temporary: Path, host: Path) -> None:
        if host.is_dir() and not host.is_symlink() and temporary.is_dir():
            old = temporary.with_suffix(".old")
            host.rename(old)
            try:
                temporary.rename(host)
            except BaseException:
                old.rename(host)
                raise
            shutil.rmtree(old)
        else:
            temporary.rename(host)

    @staticmethod
    def _remove(temporary: Path) -> None:
        if temporary.is_dir() and not temporary.is_symlink():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _save_single(
        self, entry: Entry, temporary: Path, host: Path, advance: Callable[[int], None]
    ) -> Saved:
        directory = os.open(temporary.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            name = os.fsencode(temporary.name)
            return self._copy(entry, directory, name, Name(str(host)), advance)
        finally:
            os.close(directory)

    def _copy(
        self,
        entry: Entry,
        directory: int,
        name: bytes,
        host: Name,
        advance: Callable[[int], None],
    ) -> Saved:
        digest = hashlib.sha256()
        size = 0
        blocks = self._content.blocks(entry.path)
        descriptor = os.open(name, _NEW_FILE, 0o666, dir_fd=directory)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for block in blocks:
                digest.update(block)
                file.write(block)
                size += len(block)
                advance(len(block))
            os.utime(file.fileno(), ns=(entry.atime, entry.mtime))
        return Saved(entry.path, host, Size(size), digest.hexdigest(), "")

    def _save_directory(
        self, top: Entry, temporary: Path, host: Path, advance: Callable[[int], None]
    ) -> Iterator[Saved]:
        temporary.mkdir()
        descriptor = os.open(temporary, _DIRECTORY)
        try:
            yield from self._save_entries(top, descriptor, Name(str(host)), 0, advance)
        finally:
            os.close(descriptor)

    def _save_entries(
        self,
        directory: Entry,
        descriptor: int,
        host: Name,
        depth: int,
        advance: Callable[[int], None],
    ) -> Iterator[Saved]:
        try:
            entries = self._tree.entries(directory.path)
        except PathError as error:
            yield Saved(directory.path, Name(""), Size(0), "", error.problem)
            return
        for entry in entries:
            name = encode_name(entry.name)
            target = Name(f"{host}/{entry.name}")
            if b"/" in name or name in (b"", b".", b".."):
                yield Saved(entry.path, Name(""), Size(0), "", "its name is no file name")
            elif entry.is_directory and depth >= _DEEPEST:
                yield Saved(entry.path, Name(""), Size(0), "", "is nested too deeply")
            elif entry.is_directory:
                os.mkdir(name, dir_fd=descriptor)
                inner = os.open(name, _DIRECTORY, dir_fd=descriptor)
                try:
                    yield from self._save_entries(entry, inner, target, depth + 1, advance)
                finally:
                    os.close(inner)
            elif entry.is_file:
                yield self._copy_or_skip(entry, descriptor, name, target, advance)
            else:
                yield self._save_link(entry, descriptor, name, target, depth)
        os.utime(descriptor, ns=(directory.atime, directory.mtime))

    def _copy_or_skip(
        self,
        entry: Entry,
        directory: int,
        name: bytes,
        host: Name,
        advance: Callable[[int], None],
    ) -> Saved:
        try:
            return self._copy(entry, directory, name, host, advance)
        except GuestError as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=directory)
            return Saved(entry.path, Name(""), Size(0), "", error.message)

    @staticmethod
    def _save_link(entry: Entry, directory: int, name: bytes, host: Name, depth: int) -> Saved:
        if not entry.target or not st.S_ISLNK(entry.mode):
            return Saved(entry.path, Name(""), Size(0), "", f"is a {entry.kind}")
        if not link_stays_inside(entry.target, depth):
            return Saved(entry.path, Name(""), Size(0), "", "is a symlink that leads out")
        os.symlink(encode_name(entry.target), name, dir_fd=directory)
        return Saved(entry.path, host, Size(0), "", "")


def host_target(path: str, host: Path) -> Path:
    """Give where a guest path is saved: under its own last name when `host` is a directory.

    Raises HostError when it has no name of its own.
    """
    if not host.is_dir():
        return host
    _, name = paths.split(path)
    if name in ("", ".", ".."):
        raise HostError(f"{path} has no name to save it under", f"name one: {host}/NAME")
    return host / os.fsdecode(encode_name(name))
