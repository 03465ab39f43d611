"""What is wrong with the structure of an image, as when a copy was cut short."""

import json
import struct
from pathlib import Path

from guestshell.errors import ImageError
from guestshell.guest.image import Image, qemu_img

_CHECKED = ("qcow2", "qed", "vmdk", "vdi", "vhdx")
"""Formats that qemu-img checks; of those it does not, most say when they are opened."""

_CHECK_FAILED = 1
"""Exit code of a check that could not be completed, qemu-img(1)."""


def damage(image: Image) -> str:
    """Say what is wrong with the structure of an image, or "".

    Takes as long as reading its tables does.
    """
    if image.format not in _CHECKED:
        return ""
    try:
        answer = qemu_img(image.path, "check", "-f", image.format)
        if answer.returncode == _CHECK_FAILED:
            return f"{image.path.name} is damaged or cut short"
        count = int(json.loads(answer.stdout).get("corruptions", 0))
        if not count and image.format == "vdi" and _vdi_is_short(image.path):
            return f"{image.path.name} is cut short"
    except (ImageError, ValueError, AttributeError, OSError, struct.error):
        return ""
    plural = "" if count == 1 else "s"
    return f"{image.path.name} is damaged or cut short: {count} error{plural}" if count else ""


def _vdi_is_short(path: Path) -> bool:
    """Say whether blocks of a VDI stand beyond its end, VdiHeader in QEMU's block/vdi.c."""
    with path.open("rb") as file:
        head = file.read(512)
    data, block, allocated = (struct.unpack_from("<I", head, at)[0] for at in (344, 376, 388))
    return int(data + block * allocated) > path.stat().st_size
