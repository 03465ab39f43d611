"""rpm's own database format, Packages.db of SUSE: magic `RpmP`, all numbers little-endian.

A header of 32 bytes says how many pages of 4096 bytes of slots there are, itself included in
the first. A slot of 16 bytes is `Slot`, the package's number, and where its blob is, in units of
16 bytes. A blob begins with `BlbS`, the number, a generation and its length in bytes. After
lib/backend/ndb/rpmpkg.c of rpm, whose comments are the only description there is.
"""

import io
import struct
from collections.abc import Iterator

MAGIC = b"RpmP"
_PAGE, _SLOT, _UNIT = 4096, 16, 16
_MOST_PAGES = 1024
"""Pages of slots that are taken: room for 260,000 packages."""
_MOST_BLOB = 64 * 2**20
_MOST = 2**31
"""Bytes of all blobs: many slots may name the same one."""


def ndb_blobs(file: io.BufferedReader) -> Iterator[bytes | None]:
    """Yield each package's header; None for one that is damaged. Nothing if it is another file."""
    head = file.read(32)
    if len(head) < 32 or head[:4] != MAGIC:
        return
    [pages] = struct.unpack_from("<I", head, 12)
    file.seek(0)
    slots = file.read(min(pages, _MOST_PAGES) * _PAGE)
    found = []
    for place in range(2 * _SLOT, len(slots) - _SLOT + 1, _SLOT):
        magic, number, unit, count = struct.unpack_from("<4sIII", slots, place)
        if magic != b"Slot":
            yield None
        elif number and unit:
            found.append((unit, number, count))
    left = _MOST
    for unit, number, count in sorted(found):  # in the order of the file, which is read ahead
        blob = _blob(file, number, unit, count) if left > 0 else None
        left -= len(blob or b"")
        yield blob


def _blob(file: io.BufferedReader, number: int, unit: int, count: int) -> bytes | None:
    file.seek(unit * _UNIT)
    head = file.read(16)
    if len(head) < 16:
        return None
    magic, own_number, _generation, length = struct.unpack("<4sIII", head)
    if magic != b"BlbS" or own_number != number or length > min(count * _UNIT, _MOST_BLOB):
        return None
    data = file.read(length)
    return data if len(data) == length else None
