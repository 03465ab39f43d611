"""Hash databases of Berkeley DB, in which rpm kept Packages until 4.16.

After the page layouts in Berkeley DB's db_page.h: page 0 has the magic 0x061561 at 12 and the
page size at 20, in the byte order of the machine that wrote it. A page has its successor at 16,
its number of items at 20, its kind at 25, and the offsets of the items from 26 on; items fill it
from its end. A value that does not fit stands on a chain of overflow pages, whose fill is at 22.
"""

import io
import struct
from collections.abc import Iterator

MAGIC = 0x061561
_HASH_PAGES = (2, 13)
_OVERFLOW = 7
_ON_PAGE, _OFF_PAGE = 1, 3
_HEAD = 26
_SIZES = tuple(2**power for power in range(9, 17))
_MOST_VALUE = 64 * 2**20
_MOST = 2**31
"""Bytes of a database that are read; a large one has 200 MB."""


def _order(head: bytes) -> str:
    for order in "<", ">":
        if len(head) >= 512 and struct.unpack_from(f"{order}I", head, 12) == (MAGIC,):
            return order
    return ""


def hash_values(file: io.BufferedReader) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield each key with its value; None for a value that is damaged."""
    file.seek(0)
    head = file.read(512)
    order = _order(head)
    if not order:
        return
    size, last = struct.unpack_from(f"{order}I8xI", head, 20)
    if size not in _SIZES:
        return
    chains = []
    for number in range(1, min(last, _MOST // size) + 1):
        file.seek(number * size)
        page = file.read(size)
        if len(page) < size:
            break
        if page[25] not in _HASH_PAGES:
            continue
        items = list(_items(page, order))
        for key, value in zip(items[::2], items[1::2], strict=False):
            if value[0] == _ON_PAGE:
                yield key[1:], value[1:]
            elif value[0] == _OFF_PAGE and len(value) == 12:
                chains.append((*struct.unpack_from(f"{order}II", value, 4), key[1:]))
            else:
                yield key[1:], None
    left = _MOST  # many items may name the same chain
    for number, length, key in sorted(chains):  # in the order of the file, which is read ahead
        left -= length
        yield key, _chained(file, number, length, size, order) if left > 0 else None


def _items(page: bytes, order: str) -> Iterator[bytes]:
    [count] = struct.unpack_from(f"{order}H", page, 20)
    end = len(page)
    for index in range(min(count, (len(page) - _HEAD) // 2)):
        [start] = struct.unpack_from(f"{order}H", page, _HEAD + 2 * index)
        if not _HEAD <= start < end:
            return
        yield page[start:end]
        end = start


def _chained(
    file: io.BufferedReader, number: int, length: int, size: int, order: str
) -> bytes | None:
    if length > _MOST_VALUE:
        return None
    value = bytearray()
    # every page of the chain must bring something, so a loop ends too
    while number and len(value) < length:
        file.seek(number * size)
        page = file.read(size)
        if len(page) < size or page[25] != _OVERFLOW:
            return None
        [fill] = struct.unpack_from(f"{order}H", page, 22)
        if not 0 < fill <= size - _HEAD:
            return None
        value += page[_HEAD : _HEAD + fill]
        [number] = struct.unpack_from(f"{order}I", page, 16)
    return bytes(value) if len(value) == length else None
