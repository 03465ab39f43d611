"""Take a kernel out of its compressed image, so that no emulated processor has to."""

import bz2
import gzip
import lzma
import shutil
import struct
import subprocess
from collections.abc import Callable

_HEADER = b"HdrS"
_LOAD, _NOTE = 1, 4
_PVH_NOTE = struct.pack("<III", 4, 8, 18) + b"Xen\0"
"""How an ELF note of a 64-bit XEN_ELFNOTE_PHYS32_ENTRY begins: sizes, type, name."""


def _xz(packed: bytes) -> bytes:
    # the size of the kernel follows the stream, which a plain decompress takes for damage
    return lzma.LZMADecompressor().decompress(packed)


def _gzip(packed: bytes) -> bytes:
    return gzip.decompress(packed[:-4])


def _zstd(packed: bytes) -> bytes:
    program = shutil.which("zstd")
    if program is None:
        raise ValueError("no zstd")
    done = subprocess.run([program, "-dcq"], input=packed[:-4], capture_output=True, check=False)
    if done.returncode != 0:
        raise ValueError("zstd failed")
    return done.stdout


_UNPACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\xfd7zXZ": _xz,
    b"\x5d\0\0": _xz,
    b"\x1f\x8b": _gzip,
    b"BZh": lambda packed: bz2.BZ2Decompressor().decompress(packed),
    b"\x28\xb5\x2f\xfd": _zstd,
}


def _starts_by_pvh(elf: bytes) -> bool:
    """Say whether QEMU can start this ELF by itself: x86/HVM direct boot ABI (Xen, pvh.html)."""
    if elf[:5] != b"\x7fELF\x02":
        return False
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for index in range(count):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", elf, table + index * size)
        if kind == _NOTE and _PVH_NOTE in elf[offset : offset + length]:
            return True
    return False


def unpacked(image: bytes) -> bytes | None:
    """Give the ELF kernel inside an x86 bzImage, or None when QEMU could not start that.

    Format: the Linux/x86 boot protocol, fields setup_sects, payload_offset, payload_length.
    An emulated processor takes 3 s to unpack an xz kernel, this one half a second, once.
    """
    if image[0x202:0x206] != _HEADER:
        return None
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    packed = image[start : start + length]
    for magic, unpack in _UNPACKERS.items():
        if packed.startswith(magic):
            try:
                elf = unpack(packed)
            except (ValueError, EOFError, OSError, lzma.LZMAError):
                return None
            return elf if _starts_by_pvh(elf) else None
    return None
