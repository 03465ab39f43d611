"""The bytes of a guest's disk, out of its image."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from guestshell.guest.image import Image

Read = Callable[[int, int], bytes]
"""Gives `count` bytes from an offset on; what lies beyond the end is left out."""

_MOST = 8 * 2**20
"""Bytes that one structure on a disk may take."""


class InDoubt(Exception):
    """What stands there is for the appliance to say."""


def part(read: Read, start: int, size: int) -> Read:
    """Give the bytes of a part of what is read."""

    def read_part(offset: int, count: int) -> bytes:
        return read(start + offset, max(0, min(count, size - offset)))

    return read_part


def _raw(file: BinaryIO) -> Read:
    def read(offset: int, count: int) -> bytes:
        if offset < 0 or count > _MOST:
            raise InDoubt("no such place")
        return os.pread(file.fileno(), count, offset)

    return read


_QCOW2_OFFSET = 0x00FFFFFFFFFFFE00
_QCOW2_COMPRESSED = 1 << 62
_QCOW2_ZERO = 1
_QCOW2_HARMLESS = 1
"""Of the incompatible features only `dirty`, which is about reference counts."""


def _qcow2(file: BinaryIO, size: int, below: Read | None) -> Read:
    """Read a qcow2 by its two levels of tables, docs/interop/qcow2.txt of QEMU."""
    header = os.pread(file.fileno(), 104, 0)
    version, cluster_bits = _number(header, 4, 4), _number(header, 20, 4)
    features = _number(header, 72, 8) if version >= 3 else 0
    encrypted, entries, table = (
        _number(header, 32, 4),
        _number(header, 36, 4),
        _number(header, 40, 8),
    )
    usable = version in (2, 3) and 9 <= cluster_bits <= 21 and not encrypted
    if not usable or features & ~_QCOW2_HARMLESS:
        raise InDoubt("a qcow2 of another kind")
    cluster, second_bits = 1 << cluster_bits, cluster_bits - 3

    def entry(where: int) -> int:
        return _number(os.pread(file.fileno(), 8, where), 0, 8)

    def read_cluster(offset: int, count: int) -> bytes:
        index = offset >> (cluster_bits + second_bits)
        level2 = entry(table + 8 * index) & _QCOW2_OFFSET if index < entries else 0
        found = 0
        if level2:
            found = entry(level2 + 8 * ((offset >> cluster_bits) & ((1 << second_bits) - 1)))
        if found & _QCOW2_COMPRESSED:
            raise InDoubt("a compressed cluster")
        place = found & _QCOW2_OFFSET
        if version >= 3 and found & _QCOW2_ZERO:
            data = b""
        elif place:
            data = os.pread(file.fileno(), count, place + offset % cluster)
        else:
            data = below(offset, count) if below else b""
        return data.ljust(count, b"\0")

    def read(offset: int, count: int) -> bytes:
        if offset < 0 or count > _MOST:
            raise InDoubt("no such place")
        pieces, end = [], min(offset + count, size)
        while offset < end:
            length = min(cluster - offset % cluster, end - offset)
            pieces.append(read_cluster(offset, length))
            offset += length
        return b"".join(pieces)

    return read


def _number(data: bytes, offset: int, size: int) -> int:
    piece = data[offset : offset + size]
    if len(piece) < size:
        raise InDoubt("the file ends")
    return int.from_bytes(piece, "big")


class DiskReader:
    """The disk that an image stands for; its files are open until `close`."""

    def __init__(self, image: Image) -> None:
        """Raises InDoubt for a format that is not read here, OSError for what cannot be read."""
        self._files: list[BinaryIO] = []
        self.size = image.size
        try:
            self.read = self._open(image)
        except BaseException:
            self.close()
            raise

    def _open(self, image: Image) -> Read:
        if image.format not in ("raw", "qcow2"):
            raise InDoubt(image.format)
        below = self._open(image.backing) if image.backing else None
        file = Path(image.path).open("rb")  # noqa: SIM115  closed by `close`
        self._files.append(file)
        return _raw(file) if image.format == "raw" else _qcow2(file, image.size, below)

    def close(self) -> None:
        """Close its files."""
        for file in self._files:
            file.close()
