"""Make directories that no kernel would write, in an ext4 without checksums.

A regular file is given the blocks of a directory as its content and then called a directory: so
its names may be any bytes, and lead to any inode.
"""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.images.build import MIB, run

BLOCK = 4096
FILE, DIRECTORY, LINK = 1, 2, 7
"""Kinds of file as ext4_dir_entry_2 has them."""

_HEAD = struct.Struct("<IHBB")


@dataclass(frozen=True)
class Raw:
    """One name in such a directory: its bytes, what it leads to, a path of the image, its kind."""

    name: bytes
    to: str
    kind: int = FILE


def _blocks(entries: Sequence[tuple[int, bytes, int]]) -> Iterator[bytes]:
    """Yield the blocks of a directory: linear, ext4_dir_entry_2 one behind the other."""
    block = b""
    last = 0
    for inode, name, kind in entries:
        size = _HEAD.size + -(-len(name) // 4) * 4
        if len(block) + size > BLOCK:
            yield _closed(block, last)
            block = b""
        last = len(block)
        block += _HEAD.pack(inode, size, len(name), kind) + name.ljust(size - _HEAD.size, b"\0")
    yield _closed(block, last)


def _closed(block: bytes, last: int) -> bytes:
    """Give a block whose last name takes what is left of it."""
    length = struct.pack("<H", BLOCK - last)
    return (block[: last + 4] + length + block[last + 6 :]).ljust(BLOCK, b"\0")


def _marker(number: int, block: int) -> bytes:
    return b"raw directory %d block %d\n" % (number, block)


def _debugfs(image: Path, commands: Sequence[str], *options: str) -> str:
    script = image.with_suffix(".debugfs")
    script.write_text("\n".join(commands) + "\n")
    try:
        return run("debugfs", *options, "-f", str(script), str(image))
    finally:
        script.unlink()


def raw_ext4(image: Path, tree: Path, directories: Mapping[str, Sequence[Raw]], mib: int) -> None:
    """Make an image of a host tree with such directories at paths in it that do not exist yet."""
    for number, (path, names) in enumerate(directories.items()):
        count = len(list(_blocks([(0, b".", 0), (0, b"..", 0), *((0, n.name, 0) for n in names)])))
        markers = (_marker(number, block).ljust(BLOCK, b"\0") for block in range(count))
        (tree / path.lstrip("/")).write_bytes(b"".join(markers))
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    run(
        "mke2fs", "-q", "-t", "ext4", "-b", str(BLOCK), "-O",
        "^metadata_csum,^dir_index,^has_journal", "-E", "root_owner=0:0", "-d", str(tree),
        str(image),
    )  # fmt: skip
    inodes = _inodes(
        image, {*directories, *(n.to for names in directories.values() for n in names)}
    )
    _write(image, directories, inodes)
    commands = []
    for path in directories:
        inode = inodes[path]
        commands += [f"sif <{inode}> mode 040755", f"unlink {path}", f"ln <{inode}> {path}"]
    _debugfs(image, commands, "-w")


def _inodes(image: Path, paths: set[str]) -> dict[str, int]:
    wanted = sorted(paths)
    told = _debugfs(image, [f"stat {path}" for path in wanted])
    numbers = [int(number) for number in re.findall(r"^Inode: (\d+)", told, re.MULTILINE)]
    return dict(zip(wanted, numbers, strict=True))


def _write(
    image: Path, directories: Mapping[str, Sequence[Raw]], inodes: Mapping[str, int]
) -> None:
    contents = {}
    for number, (path, names) in enumerate(directories.items()):
        parent = inodes.get(path.rpartition("/")[0] or "/", 2)
        entries = [(inodes[path], b".", DIRECTORY), (parent, b"..", DIRECTORY)]
        entries += [(inodes[raw.to], raw.name, raw.kind) for raw in names]
        for block, data in enumerate(_blocks(entries)):
            contents[_marker(number, block)] = data
    with image.open("r+b") as file:
        place = 0
        while head := file.read(BLOCK):
            if (data := contents.pop(head.rstrip(b"\0"), b"")) != b"":
                file.seek(place)
                file.write(data)
            place += BLOCK
    assert not contents
