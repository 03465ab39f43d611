"""Write small journal files, systemd.io/JOURNAL_FILE_FORMAT: not compact, unkeyed hashes.

journalctl reads them, indexes and all, so tests and damage need no journald.
"""

import itertools
import struct
from collections.abc import Mapping, Sequence

_DATA, _FIELD, _ENTRY, _DATA_TABLE, _FIELD_TABLE, _ARRAY = 1, 2, 3, 4, 5, 6
_HEADER = 240
_BUCKETS = 233
_MASK = 0xFFFFFFFF


def _rotated(value: int, count: int) -> int:
    return (value << count | value >> 32 - count) & _MASK


def jenkins(data: bytes) -> int:
    """Give hashlittle2 of Bob Jenkins's lookup3 as journald joins its halves."""
    a = b = c = 0xDEADBEEF + len(data) & _MASK
    if not data:
        return c << 32 | b
    blocks = max(-(-len(data) // 12), 1)
    words = struct.unpack(f"<{blocks * 3}I", data.ljust(blocks * 12, b"\0"))
    for block in range(blocks):
        x, y, z = words[block * 3 : block * 3 + 3]
        a, b, c = a + x & _MASK, b + y & _MASK, c + z & _MASK
        if block == blocks - 1:
            break
        for count in (4, 6, 8, 16, 19, 4):
            a = (a - c & _MASK) ^ _rotated(c, count)
            c = c + b & _MASK
            a, b, c = b, c, a
    for count in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - _rotated(b, count) & _MASK
        a, b, c = b, c, a
    a, b, c = c, a, b  # seven turns are one more than two whole rounds
    return c << 32 | b


class JournalWriter:
    """A journal file in memory; `bytes` gives it when every entry was added."""

    def __init__(self) -> None:
        self._file = bytearray(_HEADER)
        self._counts = dict.fromkeys(range(7), 0)
        self._last = 0
        self._data_table = self._add(_DATA_TABLE, bytes(16 * _BUCKETS)) + 16
        self._field_table = self._add(_FIELD_TABLE, bytes(16 * _BUCKETS)) + 16
        self._data: dict[bytes, int] = {}
        self._fields: dict[bytes, int] = {}
        self._entries_of: dict[int, list[int]] = {}
        self._entries: list[int] = []
        self._times: list[int] = []
        self.flags = 0

    def _add(self, kind: int, content: bytes, flags: int = 0) -> int:
        offset = self._last = len(self._file)
        self._counts[kind] += 1
        self._file += struct.pack("<BB6xQ", kind, flags, 16 + len(content)) + content
        self._file += bytes(-len(self._file) % 8)
        return offset

    def _get(self, offset: int) -> int:
        return int(struct.unpack_from("<Q", self._file, offset)[0])

    def _set(self, offset: int, *values: int) -> None:
        struct.pack_into(f"<{len(values)}Q", self._file, offset, *values)

    def _link(self, table: int, hash_: int, offset: int) -> None:
        """Put an object, whose next of the same hash stands at 24, at the end of its bucket."""
        bucket = table + hash_ % _BUCKETS * 16
        tail = self._get(bucket + 8)
        self._set(tail + 24 if tail else bucket, offset)
        self._set(bucket + 8, offset)

    def field(self, name: bytes) -> int:
        """Give where the name of a field stands."""
        if name not in self._fields:
            hash_ = jenkins(name)
            offset = self._add(_FIELD, struct.pack("<QQQ", hash_, 0, 0) + name)
            self._link(self._field_table, hash_, offset)
            self._fields[name] = offset
        return self._fields[name]

    def data(self, payload: bytes, packed: bytes | None = None, flag: int = 0) -> int:
        """Give where `NAME=value` stands; `packed` is that compressed, `flag` says how."""
        if payload not in self._data:
            field = self.field(payload.partition(b"=")[0])
            hash_ = jenkins(payload)
            head = struct.pack("<6Q", hash_, 0, self._get(field + 32), 0, 0, 0)
            offset = self._add(_DATA, head + (packed or payload), flag)
            self.flags |= flag if flag < 4 else 8
            self._set(field + 32, offset)
            self._link(self._data_table, hash_, offset)
            self._data[payload] = offset
            self._entries_of[offset] = []
        return self._data[payload]

    def entry(self, time: int, fields: Mapping[str, str | bytes]) -> int:
        """Add an entry of a time in microseconds."""
        payloads = [
            name.encode() + b"=" + (value.encode() if isinstance(value, str) else value)
            for name, value in fields.items()
        ]
        places = [(self.data(payload), jenkins(payload)) for payload in payloads]
        mixed = 0
        for _, hash_ in places:
            mixed ^= hash_
        self._times.append(time)
        number = len(self._times)
        head = struct.pack("<QQQ16sQ", number, time, number, b"boot" * 4, mixed)
        items = b"".join(struct.pack("<QQ", *place) for place in sorted(places))
        offset = self._add(_ENTRY, head + items)
        for place, _ in places:
            self._entries_of[place].append(offset)
        self._entries.append(offset)
        return offset

    def _array(self, offsets: Sequence[int], size: int = 0) -> int:
        """Write a chain of entry arrays of up to `size` offsets each and give its start."""
        size = size or len(offsets)
        places = [
            self._add(_ARRAY, struct.pack(f"<{1 + len(part)}Q", 0, *part))
            for part in (offsets[i : i + size] for i in range(0, len(offsets), size))
        ]
        for place, following in itertools.pairwise(places):
            self._set(place + 16, following)
        return places[0]

    def bytes(self, array_size: int = 0) -> bytes:
        """Give the file, its arrays of entries of so many offsets each."""
        for place, entries in self._entries_of.items():
            if entries:
                rest = self._array(entries[1:], array_size) if entries[1:] else 0
                self._set(place + 40, entries[0], rest, len(entries))
        array = self._array(self._entries, array_size) if self._entries else 0
        machine, file, boot = b"machine!" * 2, b"the file" * 2, b"boot" * 4
        head = struct.pack("<8sIIB7x16s16s16s16s", b"LPKSHHRH", 0, self.flags, 0, file, machine,
                           boot, file)  # fmt: skip
        numbers = [
            _HEADER, len(self._file) - _HEADER, self._data_table, 16 * _BUCKETS, self._field_table,
            16 * _BUCKETS, self._last, sum(self._counts.values()), len(self._times),
            len(self._times), min(len(self._times), 1), array, *(self._times[:1] or [0]),
            *(self._times[-1:] or [0]), len(self._times), self._counts[_DATA], self._counts[_FIELD],
            0, self._counts[_ARRAY],
        ]  # fmt: skip
        self._file[:_HEADER] = head + struct.pack(f"<{len(numbers)}Q", *numbers)
        return bytes(self._file)
