"""Partition tables, as Linux reads them: GPT of the UEFI specification, chapter 5, and MBR."""

import struct
import uuid
import zlib
from dataclasses import dataclass

from guestshell.guest.ondisk.blocks import InDoubt, Read

SECTOR = 512
_MOST_ENTRIES = 1024
_MOST_LOGICAL = 100
_EXTENDED = {0x05, 0x0F, 0x85}
_PROTECTIVE = 0xEE
_NESTED = {0x42, 0x63, 0x81, 0xA5, 0xA6, 0xA9, 0xBF}
"""MBR types of Windows' dynamic disks, UnixWare, Minix, BSD and Solaris, in whose partitions
Linux looks for more.
"""

_OLD_SOLARIS, _VTOC_SANE = 0x82, b"\xee\xde\x0d\x60"
"""Solaris' other type is that of swap: there is more where its table of contents is."""

_BEFORE_MBR = (b"\x0b\xe5\xa9\x41", b"\xc9\xc2\xd4\xc1")
"""How a table of SGI and one of AIX begin, to which Linux gives precedence."""

_AMIGA, _AMIGA_PLACES = b"RDSK", range(16)
_ULTRIX, _ULTRIX_PLACE = b"\x57\x29\x03\0", 16384 - 72

_FIRST_LOGICAL = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One partition; `start` and `size` in sectors of 512 bytes."""

    number: int
    start: int
    size: int
    scheme: str
    type: str
    uuid: str
    name: str

    def tags(self) -> dict[str, str]:
        """Give blkid(8)'s PART_ENTRY_* tags."""
        found = {
            "PART_ENTRY_SCHEME": self.scheme,
            "PART_ENTRY_NAME": self.name,
            "PART_ENTRY_UUID": self.uuid,
            "PART_ENTRY_TYPE": self.type,
            "PART_ENTRY_NUMBER": str(self.number),
            "PART_ENTRY_OFFSET": str(self.start),
            "PART_ENTRY_SIZE": str(self.size),
        }
        return {key: value for key, value in found.items() if value}


def read_table(read: Read, disk_size: int) -> list[Entry] | None:
    """Give the partitions of a disk in their order, None for one without a table.

    Raises InDoubt for anything but a sound GPT or MBR.
    """
    first = read(0, SECTOR)
    if len(first) < SECTOR:
        raise InDoubt("the disk ends")
    if first[510:] != b"\x55\xaa":
        # other tables begin with bytes of their own; these are no table's
        if any(first) and not first.startswith((b"XFSB", b"LUKS\xba\xbe")):
            raise InDoubt("an unknown first sector")
        _refuse_later_tables(read, first)
        return None
    if first.startswith(_BEFORE_MBR):
        raise InDoubt("a table of another kind")
    slots = [_slot(first, 446 + 16 * index) for index in range(4)]
    if any(first[446 + 16 * index] not in (0, 0x80) for index in range(4)):
        raise InDoubt("no partition table")
    if any(kind == _PROTECTIVE for kind, _, _ in slots):
        if not any(kind == _PROTECTIVE and start == 1 for kind, start, _ in slots):
            raise InDoubt("a GPT that Linux does not look for")
        return _gpt(read, disk_size)
    if any(size and not kind for kind, _, size in slots):
        raise InDoubt("a partition without a type, which Linux has all the same")
    if not any(kind and size for kind, _, size in slots):
        raise InDoubt("an empty table, or a boot sector")
    entries = _mbr(read, slots, struct.unpack_from("<I", first, 440)[0])
    _check(entries, disk_size)
    return entries


def _refuse_later_tables(read: Read, first: bytes) -> None:
    """Raise InDoubt where a table may stand that leaves the first sector, or its start, alone."""
    head = read(0, 16384)
    amiga = any(head[at * SECTOR :][:4] == _AMIGA for at in _AMIGA_PLACES)
    if amiga or head[_ULTRIX_PLACE:][:4] == _ULTRIX:
        raise InDoubt("a table of another kind")
    if first.startswith(b"XFSB") and any(first[448:]):  # Atari's and Sun's stand at the end
        raise InDoubt("an unknown first sector")


def _slot(sector: bytes, offset: int) -> tuple[int, int, int]:
    """Give type, start and size of one entry of an MBR."""
    start, size = struct.unpack_from("<II", sector, offset + 8)
    return sector[offset + 4], start, size


def _check(entries: list[Entry], disk_size: int) -> None:
    for entry in entries:
        if entry.start < 1 or entry.size < 1 or (entry.start + entry.size) * SECTOR > disk_size:
            raise InDoubt("a partition beyond the end")


def _mbr_entry(number: int, kind: int, start: int, size: int, disk: int) -> Entry:
    identity = f"{disk:08x}-{number:02x}" if disk else ""
    return Entry(number, start, size, "dos", f"{kind:#x}", identity, "")


def _mbr(read: Read, slots: list[tuple[int, int, int]], disk: int) -> list[Entry]:
    entries, extended = [], []
    for number, (kind, start, size) in enumerate(slots, 1):
        if not kind or not size:
            continue
        solaris = kind == _OLD_SOLARIS and read((start + 1) * SECTOR + 12, 4) == _VTOC_SANE
        if kind in _NESTED or solaris:
            raise InDoubt("a table within a partition")
        entries.append(_mbr_entry(number, kind, start, size, disk))
        if kind in _EXTENDED:
            extended.append(start)
    if len(extended) > 1:
        raise InDoubt("two extended partitions")
    for base in extended:
        entries += _logical(read, base, disk)
    return entries


def _logical(read: Read, base: int, disk: int) -> list[Entry]:
    """Give the partitions of the chain of tables in an extended one."""
    entries: list[Entry] = []
    place = base
    while len(entries) < _MOST_LOGICAL:
        sector = read(place * SECTOR, SECTOR)
        if sector[510:] != b"\x55\xaa":
            raise InDoubt("a broken chain")
        kind, start, size = _slot(sector, 446)
        following, next_start, next_size = _slot(sector, 462)
        if any(_slot(sector, offset)[2] for offset in (478, 494)):
            raise InDoubt("a chain of more than two")  # Linux has those partitions too
        if not kind or not size or kind in _EXTENDED | _NESTED:
            raise InDoubt("an odd chain")
        entries.append(_mbr_entry(_FIRST_LOGICAL + len(entries), kind, place + start, size, disk))
        if not following and not next_size:
            return entries
        if following not in _EXTENDED or not next_size:
            raise InDoubt("an odd chain")
        place = base + next_start
    raise InDoubt("a chain without end")


def _gpt(read: Read, disk_size: int) -> list[Entry]:
    header = read(SECTOR, SECTOR)
    if header[:8] != b"EFI PART":
        raise InDoubt("no GPT header")
    length, checksum = struct.unpack_from("<II", header, 12)
    (own,) = struct.unpack_from("<Q", header, 24)
    first, last = struct.unpack_from("<QQ", header, 40)
    table, count, width, table_checksum = struct.unpack_from("<QIII", header, 72)
    if not 92 <= length <= SECTOR or own != 1 or width != 128 or not 0 < count <= _MOST_ENTRIES:
        raise InDoubt("an odd GPT header")
    if zlib.crc32(header[:16] + bytes(4) + header[20:length]) != checksum:
        raise InDoubt("a damaged GPT header")
    array = read(table * SECTOR, count * width)
    if len(array) != count * width or zlib.crc32(array) != table_checksum:
        raise InDoubt("a damaged GPT")
    if last * SECTOR >= disk_size:
        raise InDoubt("a GPT of a larger disk")
    entries = []
    for index in range(count):
        raw = array[index * width : (index + 1) * width]
        if not any(raw[:16]):
            continue
        start, end = struct.unpack_from("<QQ", raw, 32)
        if not first <= start <= end <= last:
            raise InDoubt("a partition beyond the end")
        name = raw[56:128].decode("utf-16-le", "replace").partition("\0")[0]
        if "\ufffd" in name:
            raise InDoubt("a name that is none")
        kind, own_uuid = (str(uuid.UUID(bytes_le=raw[at : at + 16])) for at in (0, 16))
        entries.append(Entry(index + 1, start, end - start + 1, "gpt", kind, own_uuid, name))
    return entries
