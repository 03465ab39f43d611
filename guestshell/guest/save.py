"""Carry files out to the host: complete under their name or not there at all.

A guest chooses names; the host must not follow them. Every name is made by one `open` in a
directory that is held open (`dir_fd`, O_NOFOLLOW, O_EXCL), inside a new temporary directory.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import stat as st
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from guestshell.errors import GuestError, GuestShellError, HostError, PathError
from guestshell.guest import paths
from guestshell.guest.content import Content
from guestshell.guest.entries import Entry
from guestshell.guest.tree import Tree
from guestshell.guest.ways import Ways
from guestshell.values import Name, Size, encode_name

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


_DEEPEST = 200
"""Directories in one another: each is held open while what is in it is saved."""

_UNFIT = (errno.EEXIST, errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG)
"""What the host says of a name that it has already, or that its file system cannot have."""


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


Failed = Callable[[GuestShellError], None]
"""Is told of what could not be saved."""


class Saver:
    """Saves files and trees of one guest."""

    def __init__(self, tree: Tree, content: Content, failed: Failed = lambda error: None) -> None:
        """What of a tree cannot be saved goes to `failed`; a special file is no failure."""
        self._tree = tree
        self._content = content
        self._failed = failed

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
                tree = _TreeSaver(self._tree, self._content, advance, self._failed)
                rows = list(tree.save(entry, temporary, Name(str(host))))
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
            return _copy(self._content, entry, directory, name, Name(str(host)), advance)
        finally:
            os.close(directory)


def _copy(
    content: Content,
    entry: Entry,
    directory: int,
    name: bytes,
    host: Name,
    advance: Callable[[int], None],
) -> Saved:
    space = os.fstatvfs(directory)
    # not every file system of a network or of a program tells its size
    if space.f_blocks and entry.size > space.f_blocks * space.f_frsize:
        raise PathError(entry.path, f"has {entry.size} bytes, more than this host has room for")
    digest = hashlib.sha256()
    size = 0
    blocks = content.blocks(entry.path)
    with _naming(entry):
        descriptor = os.open(name, _NEW_FILE, 0o666, dir_fd=directory)
    with os.fdopen(descriptor, "wb") as file:  # buffered: a raw write may be a part of it
        try:
            for block in blocks:
                digest.update(block)
                file.write(block)
                size += len(block)
                advance(len(block))
        except GuestError:
            os.unlink(name, dir_fd=directory)
            raise
        file.flush()  # what is written later would be newer
        os.utime(file.fileno(), ns=(entry.atime, entry.mtime))
    return Saved(entry.path, host, Size(size), digest.hexdigest(), "")


@contextlib.contextmanager
def _naming(entry: Entry) -> Iterator[None]:
    """Turn what the host says of a name inside into a PathError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNFIT:
            raise
        twice = error.errno == errno.EEXIST
        raise PathError(
            entry.path, "another has its name" if twice else "the host can have no such name"
        ) from None


def _skipped(entry: Entry, why: str) -> Saved:
    return Saved(entry.path, Name(""), Size(0), "", why)


class _TreeSaver:
    """Saves one directory with all below it."""

    def __init__(
        self, tree: Tree, content: Content, advance: Callable[[int], None], failed: Failed
    ) -> None:
        self._tree = tree
        self._content = content
        self._advance = advance
        self._failed = failed
        # what is entered twice takes space twice
        self._ways = Ways(lambda error: None, uncounted=0)

    def save(self, top: Entry, temporary: Path, host: Name) -> Iterator[Saved]:
        """Make the directory `temporary` and save into it what will be known as `host`."""
        temporary.mkdir()
        descriptor = os.open(temporary, _DIRECTORY)
        try:
            yield from self._save_entries(top, descriptor, host, 0)
        finally:
            os.close(descriptor)

    def _save_entries(
        self, directory: Entry, descriptor: int, host: Name, depth: int
    ) -> Iterator[Saved]:
        try:
            entries = self._tree.entries(directory.path)
        except PathError as error:
            self._failed(error)
            yield _skipped(directory, error.problem)
            return
        for entry in entries:
            name = encode_name(entry.name)
            target = Name(f"{host}/{entry.name}")
            if b"/" in name or b"\0" in name or name in (b"", b".", b".."):
                yield _skipped(entry, "its name is no file name")
                continue
            try:
                if entry.is_directory:
                    yield from self._save_below(entry, descriptor, name, target, depth)
                elif entry.is_file:
                    yield _copy(self._content, entry, descriptor, name, target, self._advance)
                else:
                    yield self._save_link(entry, descriptor, name, target, depth)
            except GuestError as error:
                self._failed(error)
                yield _skipped(entry, error.message)
        os.utime(descriptor, ns=(directory.atime, directory.mtime))

    def _save_below(
        self, entry: Entry, descriptor: int, name: bytes, host: Name, depth: int
    ) -> Iterator[Saved]:
        if depth >= _DEEPEST:
            yield _skipped(entry, "is nested too deeply")
        elif not self._ways.enters(entry.path, entry.inode, lambda: entry.device):
            yield _skipped(entry, "is met too often, as in a circle")
        else:
            with _naming(entry):
                os.mkdir(name, dir_fd=descriptor)
            inner = os.open(name, _DIRECTORY, dir_fd=descriptor)
            try:
                yield from self._save_entries(entry, inner, host, depth + 1)
            finally:
                os.close(inner)

    @staticmethod
    def _save_link(entry: Entry, directory: int, name: bytes, host: Name, depth: int) -> Saved:
        if not entry.target or not st.S_ISLNK(entry.mode):
            return _skipped(entry, f"is a {entry.kind}")
        if not link_stays_inside(entry.target, depth):
            return _skipped(entry, "is a symlink that leads out")
        with _naming(entry):
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
