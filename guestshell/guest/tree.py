"""The guest's directories: listing, looking up and walking, with what was read kept in memory.

Listings are kept because a read-only image cannot change; a mount or unmount drops them.
"""

import errno
import functools
import os
import tempfile
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from guestshell.engine.appliance import Appliance, Pending
from guestshell.engine.bytecalls import Attributes, Dirent, StatNs, check_count
from guestshell.engine.handle import Handle
from guestshell.errors import GuestError, GuestShellError, NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.entries import KINDS, Entry, kind_of, make_entry, unknown_entry
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.listing import Listing
from guestshell.guest.ways import Ways
from guestshell.temporary import own_directory
from guestshell.values import Name, decode_name, encode_name

_T = TypeVar("_T")
_V = TypeVar("_V")

_KEPT_NAMES = 500_000
_BATCH = 10_000
"""Names a call; at 176 bytes a stat the answer stays under the protocol's 4 MiB."""


class _Kept(OrderedDict[str, Sequence[_V]]):
    """Listings by directory, the least recently used thrown out when too many names are kept."""

    def __init__(self) -> None:
        super().__init__()
        self._names = 0
        self._lock = threading.Lock()  # the completer and the prompt's own thread read too

    def look_up(self, directory: str) -> Sequence[_V] | None:
        with self._lock:
            if directory in self:
                self.move_to_end(directory)
                return self[directory]
            return None

    def keep(self, directory: str, listing: Sequence[_V]) -> None:
        with self._lock:
            if directory in self:
                return
            self[directory] = listing
            self._names += len(listing)
            while self._names > _KEPT_NAMES and len(self) > 1:
                _, dropped = self.popitem(last=False)
                self._names -= len(dropped)


def path_error(path: str, error: GuestError) -> GuestShellError:
    """Give the error to show when a call on a path failed."""
    if error.errno == errno.E2BIG:  # only our own, and it says more
        return PathError(path, error.message, errno=error.errno)
    if error.errno == errno.ENOENT:
        return NoSuchPath(path, "no such file or directory", errno=error.errno)
    if error.errno:
        return PathError(path, os.strerror(error.errno).lower(), errno=error.errno)
    return PathError(path, error.message)


class Tree:
    """The mounted file systems as one tree."""

    def __init__(self, appliance: Appliance, check_mounted: Callable[[], None]) -> None:
        self._appliance = appliance
        self.check_mounted = check_mounted
        self._dirents: _Kept[Dirent] = _Kept()
        self._entries: _Kept[Entry] = _Kept()
        self._ahead: dict[str, Pending[list[Dirent]]] = {}
        self._asks = True
        self.user_name: Callable[[int], Name] = lambda uid: Name(str(uid))
        self.group_name: Callable[[int], Name] = lambda gid: Name(str(gid))
        self.renumbered: Callable[[], Mapping[int, int]] = dict
        """Gives the numbers of devices for which others are to be said."""
        self.knowledge: Knowledge | None = None
        """What an index says; None once other file systems are mounted than it is about."""

    def forget(self) -> None:
        """Drop what is kept: the mounts changed."""
        self._dirents = _Kept()
        self._entries = _Kept()
        self._ahead.clear()

    def call(self, path: str, call: Callable[[Handle], _T], *, stream: bool = False) -> _T:
        """Run a call about a path; its failure becomes a PathError that names the path."""
        self.check_mounted()
        try:
            return self._appliance.call(call, stream=stream)
        except GuestError as error:
            if isinstance(error, PathError):
                raise
            raise path_error(path, error) from error

    # -- looking up ----------------------------------------------------------------------------

    def status(self, path: str, *, follow: bool = True) -> StatNs:
        """Give stat(2), or lstat(2) when not `follow`. Raises PathError."""
        knowledge = self.knowledge
        known = knowledge.status(path, follow=follow) if knowledge else None
        if known is not None:
            return known
        try:
            found = self.call(path, lambda handle: (handle.stat if follow else handle.lstat)(path))
        except NoSuchPath:
            if knowledge:
                knowledge.learn_status(path, None, follow=follow)
            raise
        device = self.renumbered().get(found.device)
        if device is not None:
            found = replace(found, device=device)
        if knowledge:
            knowledge.learn_status(path, found, follow=follow)
        return found

    def resolve(self, path: str) -> Name:
        """Give the path without `..` and symbolic links, resolved inside the guest."""
        known = self.knowledge.resolve(path) if self.knowledge else None
        if known is not None:
            return known
        knowledge = self.knowledge
        found = self.call(path, lambda handle: handle.realpath(path))
        if knowledge:
            knowledge.learn_resolved(path, found)
        return found

    def target(self, path: str) -> Name:
        """Give where a symbolic link leads. Raises PathError."""
        known = self.knowledge.target(path) if self.knowledge else None
        return self.call(path, lambda handle: handle.readlink(path)) if known is None else known

    def attributes(self, path: str) -> Attributes:
        """Give the extended attributes of a path, a symbolic link not followed."""
        known = self.knowledge.attributes(path) if self.knowledge else None
        return self.call(path, lambda handle: handle.xattrs(path)) if known is None else known

    def entry(self, path: str) -> Entry:
        """Give the row of one path, a symbolic link not followed. Raises PathError."""
        status = self.status(path, follow=False)
        target = self.target(path) if kind_of(status.mode) == "symlink" else None
        name = paths.split(path)[1] or Name("/")
        return self._entry(name, Name(path), status, target)

    def _entry(self, name: Name, path: Name, status: StatNs, target: Name | None) -> Entry:
        return make_entry(
            path, name, status, target, self.user_name(status.uid), self.group_name(status.gid)
        )

    # -- listing -------------------------------------------------------------------------------

    def names(self, directory: str) -> Sequence[Dirent]:
        """Give the names and kinds of a directory in byte order. Raises PathError."""
        kept, knowledge = self._dirents, self.knowledge  # a mount meanwhile has others
        listing = kept.look_up(directory)
        if listing is not None:
            return listing
        listing = knowledge.names(directory) if knowledge else None
        self._asks = listing is None
        if listing is None:
            listing = self._read_names(directory)
            if knowledge:
                knowledge.learn_names(directory, listing)
        kept.keep(directory, listing)
        return listing

    def _read_ahead(self, directory: Name) -> None:
        """Have a directory read that will be asked for next, where the appliance is asked."""
        if self._asks and directory not in self._ahead:
            self._ahead.clear()  # whoever wanted the one before did not come for it
            call = functools.partial(_read_directory, directory)
            self._ahead[directory] = self._appliance.submit(call)

    def _read_once(self, directory: str) -> list[Dirent]:
        pending = self._ahead.pop(directory, None)
        if pending is None:
            return self.call(directory, functools.partial(_read_directory, directory))
        try:
            return pending.result()
        except GuestError as error:
            raise path_error(directory, error) from error

    def _read_names(self, directory: str) -> list[Dirent]:
        try:
            listing = self._read_once(directory)
        except PathError as error:
            if error.errno:
                raise
            # before 1.50 a listing over the protocol's 4 MiB fails without an errno
            read = functools.partial(_read_long_directory, directory)
            listing = self.call(directory, read, stream=True)
        listing.sort(key=lambda dirent: encode_name(dirent.name))
        return listing

    def entries(self, directory: str) -> Sequence[Entry]:
        """Give the rows of a directory in byte order, in two or three calls. Raises PathError."""
        kept = self._entries
        rows = kept.look_up(directory)
        if rows is None:
            rows = self._rows(directory, self.listing(directory))
            if all(row.kind != "unknown" for row in rows):  # it may be read later
                kept.keep(directory, rows)
        return rows

    def listing(self, directory: str) -> Listing:
        """Give lstat(2) of all in a directory, in byte order. Raises PathError."""
        knowledge = self.knowledge
        known = knowledge.listing(directory) if knowledge else None
        if known is not None:
            return known
        found = self.read_listing(directory)
        if knowledge:
            knowledge.learn_listing(directory, found)
        return found

    def read_listing(
        self, directory: str, most: int = _BATCH, pause: Callable[[], None] = lambda: None
    ) -> Listing:
        """Ask the appliance for a listing, at most so many names a call; `pause` between calls."""
        dirents = self.names(directory)
        names = [dirent.name for dirent in dirents]
        links = [dirent.name for dirent in dirents if dirent.kind == "l"]
        targets: dict[Name, Name] = {}
        for batch in _batches(links, most):
            pause()
            targets.update(zip(batch, self._targets(directory, batch), strict=True))
        table = array("q")
        for batch in _batches(names, most):
            pause()
            table += self.call(directory, functools.partial(_read_stats, directory, batch))
        return Listing.of(names, table, targets, self.renumbered())

    def _rows(self, directory: str, listing: Listing) -> list[Entry]:
        return [
            self._entry(name, paths.child(directory, name), status, listing.targets.get(name))
            if status is not None
            else unknown_entry(paths.child(directory, name), name)
            for name, status in zip(listing.names, listing.statuses(), strict=True)
        ]

    def _targets(self, directory: str, links: Sequence[Name]) -> list[Name]:
        try:
            return self.call(directory, functools.partial(_read_links, directory, links))
        except PathError as error:
            if error.errno or len(links) < 2:
                raise
        # targets of 4 KiB each overflow a message that holds thousands of plain ones
        half = len(links) // 2
        return self._targets(directory, links[:half]) + self._targets(directory, links[half:])

    # -- walking -------------------------------------------------------------------------------

    def walk(self, top: str, limits: "Limits | None" = None) -> Iterator[Entry]:
        """Yield every entry below a directory, parents first."""
        rows = self._descend(
            top,
            self.entries,
            lambda _directory, entry: entry.path,
            lambda entry: entry.is_directory,
            lambda path, entry: (path, entry.inode, lambda: entry.device),
            limits or Limits(),
        )
        return (entry for _, entry in rows)

    def walk_names(self, top: str, limits: "Limits | None" = None) -> Iterator[tuple[Name, str]]:
        """Yield path and readdir's letter as `walk` does, from one call a directory."""
        rows = self._descend(
            top,
            self.names,
            lambda directory, dirent: paths.child(directory, dirent.name),
            lambda dirent: dirent.kind == "d",
            lambda path, dirent: (path, dirent.inode, lambda: self.device_of(path)),
            limits or Limits(),
            self._read_ahead,
        )
        return ((path, dirent.kind) for path, dirent in rows)

    def device_of(self, path: str) -> int:
        """Give the number of the device that a path is on. Raises PathError."""
        return self.status(path, follow=False).device

    def _descend(
        self,
        top: str,
        listing: Callable[[str], Sequence[_T]],
        path_of: Callable[[str, _T], Name],
        is_directory: Callable[[_T], bool],
        way_of: Callable[[Name, _T], tuple[Name, int, Callable[[], int]]],
        limits: "Limits",
        ahead: Callable[[Name], None] | None = None,
    ) -> Iterator[tuple[Name, _T]]:
        """Yield the rows below a directory; `ahead` gets the one that will be listed next."""
        if limits.depth == 0:
            return

        def enters(depth: int, directory: str, row: _T) -> Name | None:
            if not is_directory(row) or (limits.depth is not None and depth >= limits.depth):
                return None
            path = path_of(directory, row)
            return path if limits.enter(path) else None

        def following() -> Name | None:
            for depth in range(len(stack), 0, -1):
                upper = stack[depth - 1]
                for place in range(upper.place, len(upper.rows)):
                    if (path := enters(depth, upper.directory, upper.rows[place])) is not None:
                        return path
            return None

        ways = Ways(limits.failed or _raise)
        stack = [_Level(top, listing(top))]
        while stack:
            level = stack[-1]
            if level.place == len(level.rows):
                stack.pop()
                continue
            row = level.rows[level.place]
            level.place += 1
            yield path_of(level.directory, row), row
            path = enters(len(stack), level.directory, row)
            if path is None or not ways.enters(*way_of(path, row)):
                continue
            try:
                stack.append(_Level(path, listing(path)))
            except PathError as error:
                if limits.failed is None:
                    raise
                limits.failed(error)
            else:
                if ahead is not None and (later := following()) is not None:
                    ahead(later)


@dataclass
class _Level(Generic[_V]):
    """A directory that is being walked, and how far."""

    directory: str
    rows: Sequence[_V]
    place: int = 0


@dataclass(frozen=True)
class Limits:
    """Where a walk goes: at most so deep, only into directories that may be entered.

    A directory that cannot be read goes to `failed`; without one it raises.
    """

    depth: int | None = None
    enter: Callable[[Name], bool] = lambda path: True
    failed: Callable[[GuestShellError], None] | None = None


def _raise(error: GuestShellError) -> None:
    raise error


def _batches(names: Sequence[Name], most: int = _BATCH) -> Iterator[Sequence[Name]]:
    for start in range(0, len(names), most):
        yield names[start : start + most]


def _read_links(directory: str, names: Sequence[Name], handle: Handle) -> list[Name]:
    return handle.readlink_list(directory, names)


def _read_stats(directory: str, names: Sequence[Name], handle: Handle) -> "array[int]":
    return handle.lstat_table(directory, names)


def _read_directory(directory: str, handle: Handle) -> list[Dirent]:
    listing = handle.readdir(directory)
    unknown = [dirent.name for dirent in listing if dirent.kind not in KINDS]
    if not unknown:
        return listing
    known = [dirent for dirent in listing if dirent.kind in KINDS]
    return known + _dirents_by_stat(handle, directory, unknown)


def _read_long_directory(directory: str, handle: Handle) -> list[Dirent]:
    with tempfile.TemporaryDirectory(dir=own_directory()) as temporary:
        target = Path(temporary) / "names"
        handle.ls0(directory, str(target))
        with target.open("rb") as file:
            check_count(sum(block.count(b"\0") for block in iter(lambda: file.read(2**20), b"")))
        names = [decode_name(name) for name in target.read_bytes().split(b"\0") if name]
    return _dirents_by_stat(handle, directory, names)


def _dirents_by_stat(handle: Handle, directory: str, names: list[Name]) -> list[Dirent]:
    found: list[Dirent] = []
    for batch in _batches(names):
        found += Listing.of(batch, handle.lstat_table(directory, batch), {}).dirents()
    return found
