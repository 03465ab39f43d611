"""What to open: an image file, its format, and the chain of files it stands on."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guestshell.errors import ImageError
from guestshell.guest.vmdk import extents, is_beside

FORMATS = ("raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "vhdx")
"""Formats that can be named, as QEMU spells them; `vpc` is what others call VHD."""

_MAGIC = (
    (0, b"QFI\xfb\x00\x00\x00\x01", "qcow"),
    (0, b"QFI\xfb", "qcow2"),
    (0, b"QED\0", "qed"),
    (0, b"KDMV", "vmdk"),
    (0, b"COWD", "vmdk"),
    (0, b"# Disk DescriptorFile", "vmdk"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"conectix", "vpc"),
    (64, b"\x7f\x10\xda\xbe", "vdi"),
)
"""Offset, bytes and format: the headers that QEMU's own block drivers probe for."""

_MAX_CHAIN = 64
_SECTOR = 512
_PATIENCE = 30.0

_TOO_LARGE = 2**51
"""Bytes of a disk for which QEMU makes no overlay: its clusters have 64 KiB, qcow2.txt."""


@dataclass(frozen=True)
class Image:
    """One image that can be opened.

    `size` is the virtual disk's in bytes; `backing` the image this one is a difference to.
    """

    path: Path
    format: str
    size: int
    backing: "Image | None" = None

    def is_read_from(self, file: "str | os.PathLike[str]") -> bool:
        """Say whether a file of the host is this image or one that it stands on."""
        for part in self.chain():
            with contextlib.suppress(OSError, ValueError):
                if os.path.samefile(file, part.path):  # noqa: PTH121  may be a text
                    return True
        return False

    def chain(self) -> "Iterator[Image]":
        """Give this image and every one below it."""
        image: Image | None = self
        while image is not None:
            yield image
            image = image.backing


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def detect_format(path: Path) -> str:
    """Give the format that a file's first bytes show, `raw` when they show none."""
    try:
        with path.open("rb") as file:
            head = file.read(_SECTOR)
            file.seek(0, os.SEEK_END)
            if file.tell() >= 2 * _SECTOR:
                file.seek(-_SECTOR, os.SEEK_END)
                if file.read(8) == b"conectix":  # a fixed VHD has its header at the end only
                    return "vpc"
    except OSError as error:
        raise ImageError(f"{path}: {_why(error)}") from None
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    return "raw"


def _check_file(path: Path) -> int:
    """Give the file's size in bytes; raises ImageError for what is no readable image."""
    try:
        status = path.stat()
    except OSError as error:
        raise ImageError(f"{path}: {_why(error)}", "name a disk image") from None
    if path.is_dir():
        raise ImageError(f"{path}: is a directory", "name a disk image")
    if not (path.is_file() or path.is_block_device()):
        raise ImageError(f"{path}: is neither a file nor a block device", "name a disk image")
    if not os.access(path, os.R_OK):
        raise ImageError(
            f"{path}: permission denied", f"sudo chmod a+r {path}, or run as its owner"
        )
    if path.is_block_device():
        with path.open("rb") as device:
            return device.seek(0, os.SEEK_END)
    return status.st_size


def qemu_img(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Ask qemu-img of an image and give its answer, JSON. Raises ImageError for none at all."""
    command = ["qemu-img", *words, "--output=json", "--force-share", f"file:{path}"]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise ImageError(f"{path}: qemu-img gave no answer in {_PATIENCE:.0f} s") from None
    except OSError as error:
        raise ImageError(
            f"qemu-img cannot be run: {_why(error)}", "install qemu-utils (Fedora: qemu-img)"
        ) from None


def _qemu_img_info(path: Path, image_format: str | None) -> dict[str, Any]:
    answer = qemu_img(path, "info", *(["-f", image_format] if image_format else []))
    if answer.returncode < 0:
        raise ImageError(f"{path}: is damaged: qemu-img crashes on it")
    if answer.returncode != 0:
        reason = (answer.stderr.strip().splitlines() or ["unknown error"])[-1]
        reason = reason.removeprefix("qemu-img: ").replace(f"Could not open 'file:{path}': ", "")
        raise ImageError(
            f"{path}: is damaged or no {image_format} image: {reason}",
            "--image-format names another format",
        )
    information = json.loads(answer.stdout)
    if not isinstance(information, dict):
        raise ImageError(f"{path}: qemu-img gave no description")
    return information


def _looks_like_disk(path: Path) -> bool:
    """Say whether a raw file can be a disk: text from its first to its last sector cannot."""
    with path.open("rb") as file:
        head = file.read(8 * _SECTOR)
    return b"\0" in head


def open_image(path: str | os.PathLike[str], image_format: str | None = None) -> Image:
    """Find out what an image is and what it stands on. Nothing is opened for writing.

    Raises ImageError naming the file and the way out.
    """
    image = _open(Path(path).absolute(), image_format, 0)
    if image.size >= _TOO_LARGE:
        raise ImageError(f"{image.path}: its disk is larger than the 2 PiB that can be opened")
    return image


def _open(path: Path, image_format: str | None, depth: int) -> Image:
    if depth > _MAX_CHAIN:
        raise ImageError(f"{path}: its backing files form a loop or a chain of over {_MAX_CHAIN}")
    size = _check_file(path)
    if size == 0:
        raise ImageError(f"{path}: is empty", "an image has at least one sector")
    found = image_format or detect_format(path)
    if found == "raw":
        if image_format is None and depth == 0 and not _looks_like_disk(path):
            raise ImageError(
                f"{path}: is a text file, not a disk image", "--image-format raw opens it anyway"
            )
        return Image(path, "raw", size)
    _refuse_outside_data(path, found)
    information = _qemu_img_info(path, found)
    virtual_size = int(information.get("virtual-size", 0))
    name = information.get("backing-filename")
    if name is None:
        return Image(path, found, virtual_size)
    return Image(path, found, virtual_size, _open_backing(path, str(name), information, depth))


_QCOW2_EXTERNAL_DATA = 1 << 2
"""Bit of qcow2's incompatible_features: the data stands in another host file, qcow2.txt."""


def _refuse_outside_data(path: Path, image_format: str) -> None:
    """Raise ImageError when an image names host files outside its directory as its data."""
    if image_format == "qcow2":
        with path.open("rb") as file:
            head = file.read(_SECTOR)
        version, features = int.from_bytes(head[4:8], "big"), int.from_bytes(head[72:80], "big")
        if version >= 3 and features & _QCOW2_EXTERNAL_DATA:
            raise ImageError(
                f"{path}: keeps its data in another file, which is not opened",
                "qemu-img convert makes one image of both, if you trust them",
            )
    elif image_format == "vmdk":
        for name in extents(path):
            if not is_beside(name):
                raise ImageError(
                    f"{path}: names data outside its directory: {os.fsdecode(name)}",
                    "put the extents beside the descriptor and name them so",
                )


def _probed_by_qemu(path: Path) -> str:
    """Give the format that QEMU itself takes a file for."""
    return str(_qemu_img_info(path, None).get("format", ""))


class _NoBacking(ImageError):
    """A backing file cannot be opened, and it is said of which image."""


def _open_backing(path: Path, name: str, information: dict[str, Any], depth: int) -> Image:
    scheme = name.split(":", 1)[0]
    # QEMU takes what follows `file:` as it is, and that seen from wherever it was started
    elsewhere = scheme != "file" or not name.startswith("file:/")
    if ":" in name and "/" not in scheme and elsewhere:
        raise _NoBacking(
            f"{path}: its backing file is not a file of this host: {name}",
            "copy the image with qemu-img convert where the backing store can be reached",
        )
    backing = path.resolve().parent / name.removeprefix("file:")
    recorded = information.get("backing-filename-format")
    try:
        if recorded is not None and recorded not in FORMATS:
            raise ImageError(f"{backing}: {recorded} is no format of images")
        below = _open(backing, recorded, depth + 1)
        if recorded is None and _probed_by_qemu(backing) != below.format:
            raise ImageError(f"{backing}: QEMU takes it for another format than {below.format}")
        return below
    except _NoBacking:
        raise
    except ImageError as error:
        raise _NoBacking(
            f"{path}: its backing file cannot be opened: {error.message}",
            f"restore it, or name its new place: qemu-img rebase -u -b FILE -F FORMAT {path.name}",
        ) from None
