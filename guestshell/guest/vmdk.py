"""Which files of the host a VMDK names as its data, read as QEMU's block/vmdk.c reads it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

_TEXT = b"# Disk DescriptorFile"
_SPARSE = b"KDMV"
_SECTOR = 512
_LONGEST_TEXT = 2**20
"""Bytes that QEMU reads of a descriptor."""

_EXTENT = re.compile(
    rb'^[^\S\n]*(?:RW|RDONLY|NOACCESS)\s+[+-]?\d+\s*\S{1,9}\s*"([^"\r\n]*)', re.MULTILINE
)
"""A line such as `RW 2048 FLAT "disk-flat.vmdk" 0`, with all that sscanf(3) lets pass for one."""


def extents(path: Path) -> Iterator[bytes]:
    """Yield the names that an image gives its data, and those of files beside it that name more.

    Raises OSError.
    """
    waiting = [path]
    seen = {path}
    while waiting:
        for name in _EXTENT.findall(_descriptor(waiting.pop())):
            yield name
            file = path.parent / os.fsdecode(name)
            if is_beside(name) and file not in seen and os.path.isfile(file):  # noqa: PTH113  never raises
                seen.add(file)
                waiting.append(file)


def is_beside(name: bytes) -> bool:
    """Say whether a name leads to no other directory than that of the image."""
    return b"/" not in name and name != b".."


def _descriptor(path: Path) -> bytes:
    """Give the text that describes an image: the file itself, or a part of a sparse one."""
    with path.open("rb") as file:
        head = file.read(_SECTOR)
        if head.startswith(_SPARSE):
            place = int.from_bytes(head[28:36], "little") * _SECTOR
            file.seek(min(place, path.stat().st_size))
        elif head.startswith(_TEXT):
            file.seek(0)
        else:
            return b""
        return file.read(_LONGEST_TEXT).split(b"\0", 1)[0]
