"""Which files of a directory are disk images, told by their first sectors."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from guestshell.errors import ImageError
from guestshell.guest.image import detect_format

_SIGNATURES = (
    (510, b"\x55\xaa"),
    (1080, b"\x53\xef"),
    (0, b"XFSB"),
    (0, b"LUKS\xba\xbe"),
    (512, b"LABELONE"),
    (65600, b"_BHRfS_M"),
    (32769, b"CD001"),
    (0, b"hsqs"),
)
"""Offset and bytes: MBR, GPT, FAT and NTFS, ext, XFS, LUKS, LVM, Btrfs, ISO 9660, squashfs.

Other raw files are taken for no images in a directory; named by themselves they are.
"""


def is_image(path: Path) -> bool:
    """Say whether a regular file is a disk image, by its format or by what stands on it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        if detect_format(path) != "raw":
            return True
        with path.open("rb") as file:
            return any(_stands(file.fileno(), at, magic) for at, magic in _SIGNATURES)
    except (OSError, ImageError):
        return False


def _stands(descriptor: int, at: int, magic: bytes) -> bool:
    return os.pread(descriptor, len(magic), at) == magic


def images_below(directory: Path) -> Iterator[Path]:
    """Yield the images in a directory and all below it by name; each directory is entered once.

    Symbolic links are followed. Raises OSError when the directory itself cannot be read.
    """
    entered: set[tuple[int, int]] = set()
    yield from _below(directory, entered)


def _below(directory: Path, entered: set[tuple[int, int]]) -> Iterator[Path]:
    status = directory.stat()
    if (status.st_dev, status.st_ino) in entered:
        return
    entered.add((status.st_dev, status.st_ino))
    for path in sorted(directory.iterdir()):
        if not path.is_dir():
            if is_image(path):
                yield path
            continue
        try:
            yield from _below(path, entered)
        except OSError:  # one that may not be read is as one that is empty
            continue
