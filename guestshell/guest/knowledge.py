"""What an index says of a guest's tree, in the words in which the tree is asked.

Every answer is the one that the appliance would give, errors included; None means that it is
not known. A path is followed through what is known of each directory on its way.
"""

import dataclasses
import errno
import functools
import json
import os
import struct
import threading
import typing
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar, cast

from guestshell.engine.bytecalls import Attributes, Dirent, StatNs
from guestshell.errors import NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.entries import kind_of
from guestshell.guest.index import Index, Kind
from guestshell.guest.listing import Listing, packed_names, unpacked_names
from guestshell.values import Name, decode_name, encode_name

_T = TypeVar("_T")

_MOST_LINKS = 40
"""Symbolic links that Linux follows on the way of one path, path_resolution(7)."""

_LONGEST_NAME = 255
_KEPT_LISTINGS, _KEPT_NAMES = 64, 500_000
_ABSENT = b""
_ABOVE_ROOT = ""
_STATUS = struct.Struct("<" + "16s" * 12)
LARGEST_CONTENT = 8 * 2**20
"""Bytes of a file that are worth keeping: package databases are, logs of years are not."""

_DAMAGED = (ValueError, struct.error, zlib.error, TypeError, KeyError)


class Knowledge:
    """Asks and teaches one index. Any thread may; never raises but for paths that are no paths."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.is_exact: Callable[[Name], bool] = lambda directory: True
        """Whether names in a directory are told apart by every byte, so that a listing says what
        is not there; FAT and its like find a name in any case.
        """
        self._listings: OrderedDict[str, Listing] = OrderedDict()
        self._lock = threading.Lock()
        self.times_forgotten = 0

    def forget(self) -> None:
        """Drop all that is known; what is learned afterwards is kept again."""
        self.times_forgotten += 1
        with self._lock:
            self._listings.clear()
        self.index.drop()

    # -- directories -----------------------------------------------------------------------------

    def names(self, directory: str) -> list[Dirent] | None:
        """Give the names and kinds of a directory in byte order."""
        return self._of_directory(directory, self._names)

    def listing(self, directory: str) -> Listing | None:
        """Give the listing of a directory."""
        return self._of_directory(directory, self._listing)

    def _of_directory(self, directory: str, ask: Callable[[str], _T | None]) -> _T | None:
        """Ask of a directory as it is called, then of where that leads."""
        known = ask(directory) if _is_plain(directory) else None
        if known is not None:
            return known
        place = self._locate(directory, follow=True)
        if place is None:
            return None
        status = self.status(place, follow=False)
        if status is not None and kind_of(status.mode) != "directory":
            raise _error(directory, errno.ENOTDIR)
        return ask(place)

    def _names(self, place: str) -> list[Dirent] | None:
        packed = self.index.get(Kind.NAMES, place)
        if packed is not None:
            return self._read(packed, unpacked_names)
        listing = self._listing(place)
        return None if listing is None else listing.dirents()

    def _listing(self, place: str) -> Listing | None:
        with self._lock:
            if place in self._listings:
                self._listings.move_to_end(place)
                return self._listings[place]
        packed = self.index.get(Kind.LISTING, place)
        listing = None if packed is None else self._read(packed, Listing.unpacked)
        if listing is not None:
            self._keep(place, listing)
        return listing

    def _keep(self, place: str, listing: Listing) -> None:
        with self._lock:
            self._listings.pop(place, None)
            self._listings[place] = listing
            names = sum(map(len, self._listings.values()))
            while len(self._listings) > 1 and (
                len(self._listings) > _KEPT_LISTINGS or names > _KEPT_NAMES
            ):
                names -= len(self._listings.popitem(last=False)[1])

    def learn_names(self, directory: str, listing: Sequence[Dirent]) -> None:
        """Remember the names and kinds of a directory."""
        # where `..` leads depends on symbolic links, so such a path is no name to learn by
        if ".." not in directory.split("/"):
            self.index.put(Kind.NAMES, paths.lexical(directory), packed_names(listing))

    def learn_listing(self, directory: str, listing: Listing) -> None:
        """Remember the listing of a directory."""
        if ".." not in directory.split("/"):
            place = paths.lexical(directory)
            self.index.put(Kind.LISTING, place, listing.packed())
            self._keep(place, listing)

    # -- single paths ----------------------------------------------------------------------------

    def status(self, path: str, *, follow: bool) -> StatNs | None:
        """Give stat(2), or lstat(2). Raises NoSuchPath or PathError where that is known."""
        packed = self.index.get(Kind.FOLLOWED if follow else Kind.STATUS, path)
        if packed == _ABSENT:
            raise _no_such(path)
        if packed is not None:
            return self._read(packed, _unpacked_status)
        place = self._locate(path, follow=follow)
        if place is None:
            return None
        if place == "/":
            packed = self.index.get(Kind.STATUS, "/")
            return None if not packed else self._read(packed, _unpacked_status)
        directory, name = paths.split(place)
        listing = self._listing(directory)
        found = listing.place(name) if listing else None
        return listing.status(found) if listing and found is not None else None

    def target(self, path: str) -> Name | None:
        """Give where a symbolic link leads."""
        place = self._locate(path, follow=False)
        if place is None:
            return None
        directory, name = paths.split(place)
        listing = self._listing(directory)
        return listing.targets.get(name) if listing else None

    def resolve(self, path: str) -> Name | None:
        """Give the path with its symbolic links resolved. Raises as `status` does."""
        packed = self.index.get(Kind.RESOLVED, path)
        return decode_name(packed) if packed else self._locate(path, follow=True)

    def attributes(self, path: str) -> Attributes | None:
        """Give the extended attributes of a path, a symbolic link not followed."""
        place = self._locate(path, follow=False)
        if place is None:
            return None
        directory, name = paths.split(place)
        packed = self.index.get(Kind.ATTRIBUTES, directory if place != "/" else _ABOVE_ROOT)
        known = None if packed is None else self._read(packed, _unpacked_attributes)
        return None if known is None else known.get(name, [])

    def has_attributes(self, directory: str) -> bool:
        """Say whether the extended attributes of a directory's files are known."""
        return self.index.get(Kind.ATTRIBUTES, directory) is not None

    def has_root_attributes(self) -> bool:
        """Say whether those of / are known."""
        return self.has_attributes(_ABOVE_ROOT)

    def learn_root_attributes(self, found: Attributes) -> None:
        """Remember the extended attributes of /, which stands in no directory."""
        self.index.put(Kind.ATTRIBUTES, _ABOVE_ROOT, _packed_attributes({Name(""): found}))

    def learn_status(self, path: str, status: StatNs | None, *, follow: bool) -> None:
        """Remember stat(2) or lstat(2), None for a path that is not there."""
        packed = _ABSENT if status is None else _packed_status(status)
        self.index.put(Kind.FOLLOWED if follow else Kind.STATUS, path, packed)

    def learn_resolved(self, path: str, resolved: Name) -> None:
        """Remember where a path leads."""
        self.index.put(Kind.RESOLVED, path, encode_name(resolved))

    def learn_attributes(self, directory: str, found: dict[Name, Attributes]) -> None:
        """Remember the extended attributes of a directory's files, of those that have any."""
        self.index.put(Kind.ATTRIBUTES, directory, _packed_attributes(found))

    # -- contents and facts ----------------------------------------------------------------------

    def content(self, path: str) -> bytes | None:
        """Give what a file holds, if all of it is known."""
        packed = self.index.get(Kind.CONTENT, path)
        return None if packed is None else self._read(packed, zlib.decompress)

    def learn_content(self, path: str, content: bytes) -> None:
        """Remember what a file holds, unless that is too much."""
        if len(content) <= LARGEST_CONTENT:
            self.index.put(Kind.CONTENT, path, zlib.compress(content, 1))

    def fact(self, name: str, kind: type[_T]) -> _T | None:
        """Give a dataclass that was learned by a name."""
        import dacite

        packed = self.index.get(Kind.FACT, f"{name} {_shape(cast(Hashable, kind))}")
        if packed is None:
            return None

        def read(data: bytes) -> _T:
            values: dict[str, Any] = json.loads(data)
            return dacite.from_dict(kind, values, dacite.Config(cast=[tuple]))

        try:
            return self._read(packed, read)
        except dacite.DaciteError:
            return None

    def learn_fact(self, name: str, value: Any) -> None:
        """Remember a dataclass of texts, numbers, lists and other such dataclasses."""
        key = f"{name} {_shape(cast(Hashable, type(value)))}"
        self.index.put(Kind.FACT, key, json.dumps(dataclasses.asdict(value)).encode())

    def rows(self, name: str, kind: Callable[..., _T]) -> list[_T] | None:
        """Give rows of a dataclass that were learned by a name."""
        packed = self.index.get(Kind.FACT, name)
        if packed is None:
            return None
        return self._read(packed, lambda data: [kind(*row) for row in json.loads(data)])

    def learn_rows(self, name: str, rows: Sequence[Any]) -> None:
        """Remember rows of a dataclass with slots, all of texts and numbers."""
        values = [[getattr(row, field) for field in row.__slots__] for row in rows]
        self.index.put(Kind.FACT, name, json.dumps(values).encode())

    # -- following a path ------------------------------------------------------------------------

    def _locate(self, path: str, *, follow: bool) -> Name | None:
        """Give where a path leads without links, as path_resolution(7) says.

        Raises NoSuchPath and PathError as Linux does.
        """
        waiting = [part for part in path.split("/") if part][::-1]
        slash = path.endswith("/")
        place = Name("/")
        links = 0
        while waiting:
            part = waiting.pop()
            if part == ".":
                continue
            if part == "..":
                place = paths.split(place)[0]
                continue
            if len(encode_name(part)) > _LONGEST_NAME:
                return None
            listing = self._listing(place)
            if listing is None:
                return None
            found = listing.place(part)
            if found is None:
                if not self._is_absent(part, place, listing):
                    return None
                raise _no_such(path)
            status = listing.status(found)
            if status is None:
                return None
            child = paths.child(place, part)
            kind = kind_of(status.mode)
            if kind == "symlink" and (waiting or follow or slash):
                links += 1
                target = listing.targets.get(Name(part), "")
                if links > _MOST_LINKS:
                    raise _error(path, errno.ELOOP)
                if not target:
                    return None
                if target.startswith("/"):
                    place = Name("/")
                waiting += [piece for piece in target.split("/") if piece][::-1]
                slash = slash or (not waiting and target.endswith("/"))
                continue
            if kind != "directory" and (waiting or slash):
                raise _error(path, errno.ENOTDIR)
            place = child
        return place

    def _is_absent(self, name: str, place: Name, listing: Listing) -> bool:
        """Say whether a name that a listing does not have leads nowhere."""
        # a directory of ext4 or f2fs, and all of an XFS or JFS, may be without cases too
        return self.is_exact(place) and name.casefold() not in map(str.casefold, listing.names)

    def _read(self, packed: bytes, read: Callable[[bytes], _T]) -> _T | None:
        try:
            return read(packed)
        except _DAMAGED:
            return None


@functools.cache
def _shape(kind: Hashable) -> str:
    """Give a digest of a dataclass's fields: what another version wrote may lack some of them."""
    seen: dict[object, str] = {}
    waiting: list[object] = [kind]
    while waiting:
        found = waiting.pop()
        if isinstance(found, type) and dataclasses.is_dataclass(found):
            hints = typing.get_type_hints(found)
            seen[found] = f"{found.__qualname__} {hints}"
            waiting += [hint for hint in hints.values() if hint not in seen]
        else:
            waiting += [part for part in typing.get_args(found) if part not in seen]
    return f"{zlib.crc32(' '.join(sorted(seen.values())).encode()):08x}"


def _is_plain(path: str) -> bool:
    return path == "/" or not (path.endswith("/") or {".", "..", ""} & set(path.split("/")[1:]))


def _no_such(path: str) -> NoSuchPath:
    return NoSuchPath(path, "no such file or directory", errno=errno.ENOENT)


def _error(path: str, number: int) -> PathError:
    return PathError(path, os.strerror(number).lower(), errno=number)


def _packed_status(status: StatNs) -> bytes:
    values = (getattr(status, name) for name in status.__slots__)
    return _STATUS.pack(*(value.to_bytes(16, "little", signed=True) for value in values))


def _unpacked_status(packed: bytes) -> StatNs:
    return StatNs(*(int.from_bytes(v, "little", signed=True) for v in _STATUS.unpack(packed)))


def _packed_attributes(found: dict[Name, Attributes]) -> bytes:
    texts = {
        name: [(attribute, value.hex()) for attribute, value in attributes]
        for name, attributes in found.items()
        if attributes
    }
    return zlib.compress(json.dumps(texts).encode(), 1)


def _unpacked_attributes(packed: bytes) -> dict[Name, Attributes]:
    texts = json.loads(zlib.decompress(packed))
    return {
        Name(name): [(Name(attribute), bytes.fromhex(value)) for attribute, value in attributes]
        for name, attributes in texts.items()
    }
