"""What is compressed, unpacked in steps and never beyond a limit."""

import importlib
import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from guestshell.errors import PathError
from guestshell.guest.facts.files import Files

MOST = 256 * 2**20
"""Bytes unpacked of one file: a rotated log has some tens of MiB, a bomb has no end."""

_STEP = 256 * 2**10
_MEMORY = 128 * 2**20  # xz -9 needs 65 MiB, xz(1)


class UnpackError(Exception):
    """What is packed is damaged, or of a kind that nothing here can unpack."""


def kind_of(head: bytes) -> str:
    """Say how a file is packed by its first bytes, "" when it is not."""
    for name, magic in (
        ("gzip", b"\x1f\x8b"),  # RFC 1952, section 2.3.1
        ("xz", b"\xfd7zXZ\0"),  # the .xz file format, section 2.1.1.1
        ("bzip2", b"BZh"),
        ("zstd", b"\x28\xb5\x2f\xfd"),  # RFC 8878, section 3.1.1
    ):
        if head.startswith(magic):
            return name
    return ""


def blocks(
    files: Files, path: str, most: int = MOST, *, warn: Callable[[str], None] | None = None
) -> Iterator[bytes]:
    """Yield what a file holds, unpacked when it is packed; damage and a limit are warned of.

    Raises PathError when it cannot be opened.
    """
    warn = warn or files.warn
    with files.open(path) as file:
        packed = kind_of(file.read(6))
        file.seek(0)
        left = most if packed else None
        try:
            for block in _unpacked(packed, file) if packed else _plain(file):
                yield block if left is None else block[:left]
                if left is not None:
                    left -= len(block)
                    if left <= 0:
                        warn(f"{path}: only the first {most >> 20} MiB were unpacked")
                        return
        except (UnpackError, PathError) as error:
            problem = error.problem if isinstance(error, PathError) else error
            warn(f"{path}: {problem}; what comes before was read")


def _plain(file: io.BufferedReader) -> Iterator[bytes]:
    while block := file.read(_STEP):
        yield block


def _unpacked(packed: str, file: BinaryIO) -> Iterator[bytes]:
    if packed == "xz":
        return _xz(file)
    if packed == "zstd":
        return _zstd(file)
    return _from_reader(packed, file)


def _from_reader(packed: str, file: BinaryIO) -> Iterator[bytes]:
    import bz2
    import gzip
    import zlib

    try:
        opened = gzip.GzipFile(fileobj=file) if packed == "gzip" else bz2.BZ2File(file)
        reader: io.BufferedIOBase = opened
        while block := reader.read(_STEP):
            yield block
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise UnpackError(f"the {packed} data is damaged: {error}") from None


def _xz(file: BinaryIO) -> Iterator[bytes]:
    import lzma

    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
        data = b""
        while True:
            if decoder.eof:  # streams and their padding may follow each other
                data = decoder.unused_data.lstrip(b"\0") or file.read(_STEP).lstrip(b"\0")
                if not data:
                    return
                decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
            elif decoder.needs_input:
                data = file.read(_STEP)
                if not data:
                    raise UnpackError("the xz data ends too early")
            if block := decoder.decompress(data, _STEP):
                yield block
            data = b""
    except lzma.LZMAError as error:
        raise UnpackError(f"the xz data is damaged: {error}") from None


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    module = _zstd_module()
    if module is None:
        raise UnpackError("unpacking zstd needs the Python package zstandard")
    try:
        if hasattr(module, "ZstdFile"):
            reader = module.ZstdFile(
                file, options={module.DecompressionParameter.window_log_max: 27}
            )
        else:
            decoder = module.ZstdDecompressor(max_window_size=_MEMORY)
            reader = decoder.stream_reader(file, read_across_frames=True)
        while block := reader.read(_STEP):
            yield block
    except (module.ZstdError, EOFError, OSError, ValueError) as error:
        raise UnpackError(f"the zstd data is damaged: {error}") from None


def _zstd_module() -> Any:
    """Give the module that knows Zstandard: Python's own from 3.14 on, else `zstandard`."""
    for name in ("compression.zstd", "zstandard"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def unpack(packed: str, data: bytes, most: int) -> bytes:
    """Give up to `most` bytes of what is packed as gzip, xz, bzip2, zstd, or as a journal's lz4.

    Raises UnpackError.
    """
    if packed == "lz4":
        return _lz4(data, most)
    found = []
    left = most
    for block in _unpacked(packed, io.BytesIO(data)):
        found.append(block[:left])
        left -= len(found[-1])
        if left <= 0:
            break
    return b"".join(found)


def _lz4(data: bytes, most: int) -> bytes:
    """Unpack one LZ4 block behind its length in 64 bits, as journald writes it.

    The block format is lz4_Block_format.md of the lz4 project: tokens of two nibbles, literals,
    and matches at a distance back.
    """
    out = bytearray()
    place = 8
    while place < len(data) and len(out) < most:
        token = data[place]
        length, place = _lz4_length(data, token >> 4, place + 1)
        out += data[place : place + length]
        place += length
        if place >= len(data):
            break  # the last sequence has literals only
        distance = int.from_bytes(data[place : place + 2], "little")
        length, place = _lz4_length(data, token & 15, place + 2)
        if not 0 < distance <= len(out):
            raise UnpackError("the lz4 data is damaged: a match begins before the data")
        length = min(length + 4, most)
        start = len(out) - distance
        piece = bytes(out[start : start + length])  # one longer than its distance repeats itself
        out += (piece * (length // len(piece) + 1))[:length]
    return bytes(out[:most])


def _lz4_length(data: bytes, nibble: int, place: int) -> tuple[int, int]:
    """Give a length and where what follows it stands: 15 is continued by bytes up to not 255."""
    length = nibble
    while nibble == 15:
        if place >= len(data):
            raise UnpackError("the lz4 data ends too early")
        length += data[place]
        place += 1
        if data[place - 1] != 255:
            break
    return length, place
