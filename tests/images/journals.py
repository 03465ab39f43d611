"""Make file systems whose journals hold what is not in its place yet."""

from pathlib import Path

from tests.images.build import MIB, run

BLOCK = 4096
OLD, NEW = b"old content\n", b"new content\n"


def unreplayed(image: Path, directory: Path) -> None:
    """Make an ext4 whose /file holds OLD, and NEW once its journal is replayed."""
    tree = directory / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(OLD)
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    run("mke2fs", "-q", "-t", "ext4", "-b", str(BLOCK), "-d", str(tree), str(image))
    block = run("debugfs", "-R", "blocks /file", str(image)).strip()
    (directory / "block").write_bytes(NEW.ljust(BLOCK, b"\0"))
    commands = directory / "commands"
    commands.write_text(f"jo\njw -b {block} {directory / 'block'}\njc\n")
    run("debugfs", "-w", "-f", str(commands), str(image))
