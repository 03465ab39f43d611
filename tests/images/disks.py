"""Make disks of partitions with the host's own tools."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.images.build import MIB, run

_LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
SWAP = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"
LVM = "E6D6D379-F507-44C2-A23C-238F2A3DF928"
FREEBSD = "516E7CB6-6ECF-11D6-8FF8-00022D09712B"


def uuid(number: int) -> str:
    """Give the file system UUID that a number stands for, the same in every image and fstab."""
    return f"5e5e5e5e-0000-4000-8000-{number:012x}"


@dataclass(frozen=True)
class Part:
    """One partition: MiB, file system, tree of the host that goes in, UUID, label, GPT type."""

    size: int
    kind: str = ""
    tree: Path | None = None
    uuid: str = ""
    label: str = ""
    type: str = _LINUX


def _make(part: Part, target: Path) -> None:
    with target.open("wb") as file:
        file.truncate(part.size * MIB)
    if part.kind == "ext4":
        tree = ["-d", str(part.tree)] if part.tree else []
        run(
            "mke2fs", "-q", "-t", "ext4", "-L", part.label, "-U", part.uuid,
            "-E", "root_owner=0:0", *tree, str(target),
        )  # fmt: skip
    elif part.kind == "ffs":
        run("makefs", "-t", "ffs", "-o", "version=1", "-s", f"{part.size}m", str(target),
            str(part.tree))  # fmt: skip
    elif part.kind == "vfat":
        run("mkfs.vfat", "-i", part.uuid.replace("-", ""), "-n", part.label, str(target))
    elif part.kind == "btrfs":
        run("mkfs.btrfs", "-q", "-U", part.uuid, "-L", part.label, str(target))
    elif part.kind == "swap":
        run("mkswap", "--quiet", "-U", part.uuid, "-L", part.label, str(target))


def _copy_sparse(source: Path, image: Path, offset: int) -> None:
    run("dd", f"if={source}", f"of={image}", "bs=64K", f"seek={offset // 65536}",
        "conv=notrunc,sparse", "status=none")  # fmt: skip


def disk(image: Path, table: str, parts: Sequence[Part]) -> None:
    """Make an image with a `gpt` or `dos` table."""
    with image.open("wb") as file:
        file.truncate((sum(part.size for part in parts) + 2) * MIB)
    lines, start = [f"label: {table}"], 1
    for part in parts:
        kind = part.type if table == "gpt" else {SWAP: "82", LVM: "8e"}.get(part.type, "83")
        lines.append(f"start={start * 2048}, size={part.size * 2048}, type={kind}")
        start += part.size
    run("sfdisk", "--quiet", str(image), text="\n".join(lines) + "\n")
    start = 1
    for part in parts:
        if part.kind:
            made = image.with_suffix(".part")
            _make(part, made)
            _copy_sparse(made, image, start * MIB)
            made.unlink()
        start += part.size
