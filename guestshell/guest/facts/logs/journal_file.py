"""One file of the systemd journal: systemd.io/JOURNAL_FILE_FORMAT, section by section.

libguestfs reads journals too, but gives some 250 entries a second under emulation and knows no
filters; this follows the indexes that the file has. Every offset is checked before it is used,
and every chain goes forward in the file or is counted, so a damaged file cannot loop.
"""

import io
import struct
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator

from guestshell.guest.facts.formats import compressed
from guestshell.guest.facts.logs.lines import LONGEST
from guestshell.guest.facts.logs.pages import Pages

SIGNATURE = b"LPKSHHRH"

_COMPACT = 1 << 4
_KNOWN_FLAGS = 0x1F
_DATA, _FIELD, _ENTRY, _ENTRY_ARRAY = 1, 2, 3, 6
_PACKED = {1: "xz", 2: "lz4", 4: "zstd"}

_HEADER = struct.Struct("<8sIIB7x64x14Q")  # up to tail_entry_realtime
_OBJECT = struct.Struct("<BB6xQ")
_DATA_LINKS = struct.Struct("<16x8x8xQQQQ")  # next field, entry, entry array, number of entries
_FIELD_LINKS = struct.Struct("<16x8xQQ")  # next of the same hash, first data
_ENTRY_HEAD = 64
_ARRAY_HEAD = 24
_FIELD_HEAD = 40

_MOST_ITEMS = 1024  # fields of an entry; journald takes no more
_MOST_BUCKETS = 100_000
_MOST_VALUES = 1_000_000
_KEPT_DATA = 20_000
_LONGEST_KEPT = 256


class JournalError(Exception):
    """What stands at a place of the file is not what should."""


class JournalFile:
    """The entries of a journal file by their place in it, oldest first as they were written."""

    def __init__(self, file: io.BufferedReader, names: frozenset[str]) -> None:
        """Read the header; `names` are the fields that will be asked for.

        Raises JournalError for a file that cannot be read at all.
        """
        self._names = names
        self._pages = Pages(file)
        head = self._pages.read(0, _HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(SIGNATURE):
            raise JournalError("is no journal file")
        _, _, flags, _, *numbers = _HEADER.unpack(head)
        self._head_size, _, _, _, fields, fields_size, _, _, count, _, _, entries = numbers[:12]
        self.start, self.end = numbers[12:]
        """When its first and last entries were written, in microseconds since the epoch."""
        if flags & ~_KNOWN_FLAGS:
            raise JournalError(f"is of a newer format than is known here (flags {flags:#x})")
        self._compact = bool(flags & _COMPACT)
        self._fields = (fields, fields_size)
        self._count = min(count, self._pages.size // _ENTRY_HEAD)
        self._first_array = entries
        self._kept: OrderedDict[int, tuple[str, bytes]] = OrderedDict()
        self._damaged = 0
        self._said: set[str] = set()
        self.problems: list[str] = []
        """What was found wrong since this list was emptied last, each kind once a file."""

    def _damage(self) -> None:
        self._damaged += 1
        self.problem("some of its objects are damaged, what they held is missing")

    def problem(self, text: str) -> None:
        """Note what is wrong, once."""
        if text not in self._said:
            self._said.add(text)
            self.problems.append(text)

    # -- entries -------------------------------------------------------------------------------

    def entries(self) -> "array[int]":
        """Give the places of all entries in their order.

        Where the list of them is damaged, the file is searched for entries from its start on.
        """
        found = self._array(self._first_array, self._count)
        if len(found) == self._count:
            return found
        scanned = self._scanned()
        return scanned if len(scanned) > len(found) else found

    def _scanned(self) -> "array[int]":
        """Give the places of the entries met on the way from object to object."""
        found: array[int] = array("Q")
        place = self._head_size
        while place % 8 == 0 and place + _OBJECT.size <= self._pages.size:
            kind, _, size = _OBJECT.unpack(self._pages.read(place, _OBJECT.size))
            if size < _OBJECT.size:
                break
            if kind == _ENTRY:
                found.append(place)
            place += -(-size // 8) * 8
        return found

    def moment(self, place: int) -> int:
        """Give an entry's time in microseconds since the epoch. Raises JournalError."""
        self._object(place, _ENTRY, _ENTRY_HEAD)
        return int.from_bytes(self._pages.read(place + 24, 8), "little")

    def entry(self, place: int) -> dict[str, bytes]:
        """Give the fields asked for of an entry, the first value of each. Raises JournalError."""
        size = self._object(place, _ENTRY, _ENTRY_HEAD)[1]
        width = 4 if self._compact else 16
        count = min((size - _ENTRY_HEAD) // width, _MOST_ITEMS)
        items = self._pages.read(place + _ENTRY_HEAD, count * width)
        found: dict[str, bytes] = {}
        whole = items[: len(items) // width * width]
        for (data,) in struct.iter_unpack("<I" if self._compact else "<Q8x", whole):
            try:
                name, value = self._value(data)
            except JournalError:
                self._damage()
                continue
            if name in self._names:
                found.setdefault(name, value)
        return found

    def _value(self, place: int) -> tuple[str, bytes]:
        """Give a data object's field and value; the value of a field not asked for is empty."""
        kept = self._kept.get(place)
        if kept is not None:
            return kept
        packed, size = self._object(place, _DATA, self._data_head)
        count = size - self._data_head
        head = self._pages.read(place + self._data_head, min(count, 64))
        if not packed and head.partition(b"=")[0].decode("utf-8", "replace") not in self._names:
            return self._keep(place, "", b"")
        if packed:
            payload = self._unpacked(place, packed, count)
        else:
            payload = self._pages.read(place + self._data_head, min(count, LONGEST))
        name, _, value = payload.partition(b"=")
        if len(value) > _LONGEST_KEPT:
            return name.decode("utf-8", "replace"), value
        return self._keep(place, name.decode("utf-8", "replace"), value)

    def _unpacked(self, place: int, packed: int, count: int) -> bytes:
        # what is packed may be a core dump of which only the name is wanted
        data = self._pages.read(place + self._data_head, min(count, 16 * LONGEST))
        try:
            return compressed.unpack(_PACKED[packed], data, LONGEST)
        except compressed.UnpackError as error:
            self.problem(f"some values are missing: {error}")
            return b""

    def _keep(self, place: int, name: str, value: bytes) -> tuple[str, bytes]:
        self._kept[place] = (name, value)
        if len(self._kept) > _KEPT_DATA:
            self._kept.popitem(last=False)
        return name, value

    # -- the index -----------------------------------------------------------------------------

    def having(self, field: str, fits: Callable[[str], bool]) -> set[int]:
        """Give the places of the entries that have a value of a field which fits.

        Raises JournalError where the index is damaged.
        """
        found: set[int] = set()
        damaged, listed = self._damaged, 0
        for place in self._values_of(field):
            name, value = self._value(place)
            if name == field and fits(value.decode("utf-8", "surrogateescape")):
                _, first, entries, count = self._links(_DATA_LINKS, place, _DATA, self._data_head)
                if count:
                    found.add(first)
                    found.update(self._array(entries, count - 1))
                listed += count
            if self._damaged > damaged or listed > _MOST_VALUES + 4 * self._count:
                raise JournalError(f"the index of {field} is damaged")
        return found

    def _values_of(self, field: str) -> Iterator[int]:
        """Yield the places of a field's values."""
        for place in self._field_objects():
            size = self._object(place, _FIELD, _FIELD_HEAD)[1]
            name = self._pages.read(place + _FIELD_HEAD, min(size - _FIELD_HEAD, 64))
            if name != field.encode():
                continue
            _, data = self._links(_FIELD_LINKS, place, _FIELD, _FIELD_HEAD)
            seen: set[int] = set()
            while data and data not in seen and len(seen) < _MOST_VALUES:
                seen.add(data)
                yield data
                data = self._links(_DATA_LINKS, data, _DATA, self._data_head)[0]
            return

    def _field_objects(self) -> Iterator[int]:
        offset, size = self._fields
        count = min(size // 16, _MOST_BUCKETS)
        table = self._pages.read(offset, count * 16)
        seen: set[int] = set()
        for head, _ in struct.iter_unpack("<QQ", table[: len(table) // 16 * 16]):
            place = head
            while place and place not in seen:
                seen.add(place)
                yield place
                place = self._links(_FIELD_LINKS, place, _FIELD, _FIELD_HEAD)[0]

    # -- objects -------------------------------------------------------------------------------

    @property
    def _data_head(self) -> int:
        return 72 if self._compact else 64

    def _object(self, place: int, kind: int, least: int) -> tuple[int, int]:
        """Give flags and size of an object that must be of a kind. Raises JournalError."""
        if place % 8 or not 0 < place <= self._pages.size - least:
            raise JournalError(f"offset {place} leads nowhere")
        found, flags, size = _OBJECT.unpack(self._pages.read(place, _OBJECT.size))
        if found != kind or not least <= size <= self._pages.size - place:
            raise JournalError(f"what stands at offset {place} is damaged")
        packed = flags & 7
        if packed and packed not in _PACKED:
            raise JournalError(f"what stands at offset {place} is packed in no known way")
        return packed, size

    def _links(self, form: struct.Struct, place: int, kind: int, least: int) -> tuple[int, ...]:
        self._object(place, kind, least)
        return form.unpack(self._pages.read(place, form.size))

    def _array(self, place: int, count: int) -> "array[int]":
        """Give up to `count` offsets of a chain of entry arrays, as many as are sound."""
        found: array[int] = array("Q")
        width = 4 if self._compact else 8
        count = min(count, self._count)
        while place and len(found) < count:
            try:
                size = self._object(place, _ENTRY_ARRAY, _ARRAY_HEAD)[1]
            except JournalError:
                self._damage()
                break
            items = min((size - _ARRAY_HEAD) // width, count - len(found))
            data = self._pages.read(place + _ARRAY_HEAD, items * width)
            items = len(data) // width
            offsets = struct.unpack(
                f"<{items}{'I' if self._compact else 'Q'}", data[: items * width]
            )
            if 0 in offsets:  # allocated, not yet used
                found.extend(offsets[: offsets.index(0)])
                break
            found.extend(offsets)
            following = int.from_bytes(self._pages.read(place + 16, 8), "little")
            if following and following < place + size:  # later arrays stand later in the file
                self._damage()
                break
            place = following
        return found
