"""Which files of a directory are disk images, told by their first sectors."""

import os
import stat
from collections.abc import Callable, Iterator
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
    """Say whether a regular file is a disk image, by its format or by what stands on it.

    Raises OSError for one that cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return False
    with path.open("rb") as file:
        found = any(_stands(file.fileno(), at, magic) for at, magic in _SIGNATURES)
    try:
        return found or detect_format(path) != "raw"
    except ImageError as error:
        raise OSError(error.message) from error


def _stands(descriptor: int, at: int, magic: bytes) -> bool:
    return os.pread(descriptor, len(magic), at) == magic


Failed = Callable[[Path, OSError], None]


def images_below(directory: Path, failed: Failed) -> Iterator[Path]:
    """Yield the images in a directory and all below it by name; each directory is entered once.

    Symbolic links are followed. What cannot be read goes to `failed`.
    """
    entered: set[tuple[int, int]] = set()
    yield from _below(directory, entered, failed)


def _below(directory: Path, entered: set[tuple[int, int]], failed: Failed) -> Iterator[Path]:
    try:
        status = directory.stat()
        if (status.st_dev, status.st_ino) in entered:
            return
        entered.add((status.st_dev, status.st_ino))
        paths = sorted(directory.iterdir())
    except OSError as error:
        failed(directory, error)
        return
    for path in paths:
        if path.is_dir():
            yield from _below(path, entered, failed)
            continue
        try:
            found = path.exists() and is_image(path)  # a link may lead nowhere
        except OSError as error:
            failed(path, error)
        else:
            if found:
                yield path
