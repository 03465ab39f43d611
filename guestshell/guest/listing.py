"""A directory as lstat(2) saw it: its names and their numbers, column by column.

The form in which listings come from the appliance and stand in the index: a thousand files take
a few dozen kilobytes, and a row is made only of what somebody looks at.
"""

import bisect
import struct
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from guestshell.engine.bytecalls import STATNS_WORDS, Dirent, StatNs
from guestshell.guest.entries import LETTERS, kind_of
from guestshell.values import Name, decode_name, encode_name

_COUNT = struct.Struct("<I")
_WORD = 8

_KEPT = tuple(range(8)) + tuple(range(9, 16))
"""Which words of guestfs_statns are kept: all but the block size and the spare ones."""

_INODE, _MODE = 1, 2
_NS = 10**9


@dataclass(frozen=True, slots=True)
class Listing:
    """The names of one directory in byte order, lstat(2) of each, and where the links lead.

    `columns` holds an array of 64-bit numbers for each word of guestfs_statns that is kept. A
    name that could not be looked at has -1 for its inode.
    """

    names: Sequence[Name]
    columns: tuple["array[int]", ...]
    targets: Mapping[Name, Name]

    @classmethod
    def of(
        cls,
        names: Sequence[Name],
        table: "array[int]",
        targets: Mapping[Name, Name],
        renumbered: Mapping[int, int] = MappingProxyType({}),
    ) -> "Listing":
        """Give the listing of names and what lstat_table gave for them.

        `renumbered` has other numbers for some of the devices.
        """
        device, *others = (table[word::STATNS_WORDS] for word in _KEPT)
        if renumbered:
            device = array("q", [renumbered.get(number, number) for number in device])
        return cls(names, (device, *others), targets)

    def __len__(self) -> int:
        return len(self.names)

    def status(self, place: int) -> StatNs | None:
        """Give lstat(2) of the name at a place, None when it could not be looked at."""
        if self.columns[_INODE][place] == -1:
            return None
        return _status([column[place] for column in self.columns])

    def statuses(self) -> list[StatNs | None]:
        """Give lstat(2) of every name."""
        rows = zip(*self.columns, strict=True)
        return [None if row[_INODE] == -1 else _status(row) for row in rows]

    def place(self, name: str) -> int | None:
        """Give where a name stands, None when the directory does not have it."""
        wanted = encode_name(name)
        place = bisect.bisect_left(self.names, wanted, key=encode_name)
        return place if place < len(self.names) and self.names[place] == name else None

    def dirents(self) -> list[Dirent]:
        """Give the names with readdir's letters."""
        letters = {mode: _letter(mode) for mode in set(self.columns[_MODE])}
        kinds = [letters[mode] for mode in self.columns[_MODE]]
        return list(map(Dirent, self.names, kinds, self.columns[_INODE]))

    def packed(self) -> bytes:
        """Give it as bytes, compressed."""
        targets = (self.targets.get(name, "") for name in self.names)
        words = b"".join(_little(column) for column in self.columns)
        parts = (_COUNT.pack(len(self)), words, _joined(self.names), b"\0", _joined(targets))
        return zlib.compress(b"".join(parts), 1)

    @classmethod
    def unpacked(cls, packed: bytes) -> "Listing":
        """Give it back. Raises ValueError, struct.error or zlib.error when it is damaged."""
        data = zlib.decompress(packed)
        (count,) = _COUNT.unpack_from(data)
        columns = []
        start = _COUNT.size
        for _ in _KEPT:
            columns.append(_from_little(data[start : start + _WORD * count]))
            start += _WORD * count
        names, targets = _texts(data[start:], count)
        known = {name: target for name, target in zip(names, targets, strict=True) if target}
        return cls(names, tuple(columns), known)


def packed_names(listing: Sequence[Dirent]) -> bytes:
    """Give names and kinds as bytes, compressed."""
    kinds = "".join([dirent.kind for dirent in listing]).encode("ascii")
    return zlib.compress(kinds + b"\0" + _joined(d.name for d in listing), 1)


def unpacked_names(packed: bytes) -> list[Dirent]:
    """Give them back. Raises ValueError or zlib.error when they are damaged."""
    kinds, _, rest = zlib.decompress(packed).partition(b"\0")
    names = map(Name, decode_name(rest).split("\0")[:-1])
    return [Dirent(name, kind) for name, kind in zip(names, kinds.decode("ascii"), strict=True)]


def _status(row: Sequence[int]) -> StatNs:
    device, inode, mode, links, uid, gid, rdev, size, blocks, *times = row
    atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns = times
    return StatNs(
        device, inode, mode, links, uid, gid, rdev, size, blocks,
        atime * _NS + atime_ns, mtime * _NS + mtime_ns, ctime * _NS + ctime_ns,
    )  # fmt: skip


def _letter(mode: int) -> str:
    return LETTERS.get(kind_of(mode), "u") if mode >= 0 else "u"


def _joined(names: Iterable[str]) -> bytes:
    return encode_name("".join([f"{name}\0" for name in names]))


def _texts(data: bytes, count: int) -> tuple[list[Name], list[Name]]:
    texts = decode_name(data).split("\0")
    # the names, an empty one that stands for the NUL between, the targets, the end
    names, targets = texts[:count], texts[count + 1 : 2 * count + 1]
    return list(map(Name, names)), list(map(Name, targets))


def _little(column: "array[int]") -> bytes:
    if struct.pack("=H", 1) != struct.pack("<H", 1):
        column = array("q", column)
        column.byteswap()
    return column.tobytes()


def _from_little(data: bytes) -> "array[int]":
    column = array("q", data)
    if struct.pack("=H", 1) != struct.pack("<H", 1):
        column.byteswap()
    return column
