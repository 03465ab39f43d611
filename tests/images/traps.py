"""Make an image of trees that lead out, in circles, without end, or down for ever."""

import os
from pathlib import Path

from tests.images.build import cached, run
from tests.images.directories import DIRECTORY, FILE, LINK, Raw, raw_ext4

DEPTH = 4096
"""Directories in one another under /deep; the path of the last has twice as many bytes."""

LEVELS = 40
"""Directories under /doubled, each twice in the one above: a million million ways down."""

MARK = "traps end here"

NAMES = (
    b"CON", b"nul", b"dot.", b"space ", b"a", b"A", b"\xff\xfe", b"N" * 255, b" ", b"-rf", b"..x",
    b"...", b"new\nline", b"~", b"$(id)", b".guestctl-0.partial",
)  # fmt: skip
"""What files are called in /kinds: harmless on Linux, all of it."""


def _chain(directories: dict[str, list[Raw]], tree: Path) -> None:
    (tree / "chain").mkdir()
    for level in range(DEPTH):
        below = Raw(b"d", f"/chain/{level + 1}", DIRECTORY) if level + 1 < DEPTH else None
        directories[f"/chain/{level}"] = [below or Raw(b"end", "/end")]


def _circles(directories: dict[str, list[Raw]], tree: Path) -> None:
    (tree / "circle/real").mkdir(parents=True)
    (tree / "circle/real/file").write_text(MARK)
    directories["/circle/real/again"] = [
        Raw(b"circle", "/circle", DIRECTORY),
        Raw(b"real", "/circle/real", DIRECTORY),
        Raw(b"root", "/", DIRECTORY),
        Raw(b"self", "/circle/real/again", DIRECTORY),
        Raw(b"end", "/end"),
    ]
    (tree / "levels").mkdir()
    for level in range(LEVELS):
        to = f"/levels/{level + 1}" if level + 1 < LEVELS else "/end"
        kind = DIRECTORY if level + 1 < LEVELS else FILE
        directories[f"/levels/{level}"] = [Raw(b"a", to, kind), Raw(b"b", to, kind)]


def _names(directories: dict[str, list[Raw]], tree: Path) -> None:
    (tree / "names/inside").mkdir(parents=True)
    (tree / "names/inside/file").write_text(MARK)
    (tree / "names/out").symlink_to("/")
    end, out = "/end", "/names/out"
    for name, raws in {
        "slash": [Raw(b"../../escaped", end)],
        "absolute": [Raw(b"/tmp/escaped", end)],
        "inner-slash": [Raw(b"inside/escaped", end)],
        "dots": [Raw(b"..", end), Raw(b".", end)],
        "nul": [Raw(b"a\0b", end)],
        "twice": [
            Raw(b"x", out, LINK), Raw(b"x", "/names/inside", DIRECTORY), Raw(b"x", end),
            Raw(b"y", "/names/inside", DIRECTORY), Raw(b"y", out, LINK), Raw(b"z", end),
        ],
    }.items():  # fmt: skip
        directories[f"/names/{name}"] = raws


def _kinds(tree: Path) -> None:
    kinds = tree / "kinds"
    (kinds / "inside/deeper").mkdir(parents=True)
    for name in NAMES:
        (kinds / os.fsdecode(name)).write_bytes(name)
    (kinds / "inside/file").write_text(MARK)
    os.link(kinds / "inside/file", kinds / "inside/hard")
    for link, target in {
        "absolute": "/etc",
        "up": "../../etc",
        "climbing": "inside/../../../etc",
        "sideways": "inside/file",
        "itself": "itself",
        "first": "second",
        "second": "first",
        "inside/top": "..",
        "inside/over": "../..",
        "proc": "/proc/self/root",
        "device": "/dev/sda",
    }.items():
        (kinds / link).symlink_to(target)
    os.mkfifo(kinds / "fifo")


def _special(image: Path) -> None:
    script = image.with_suffix(".special")
    script.write_text(
        "cd /kinds\nmknod character c 1 5\nmknod block b 8 0\n"
        "cd /\nsif /sparse size 1152921504606846976\n"  # 1 EiB
        + "".join(f"unlink /chain/{level}\n" for level in range(1, DEPTH))
        + "".join(f"unlink /levels/{level}\n" for level in range(1, LEVELS))
    )
    run("debugfs", "-w", "-f", str(script), str(image))
    script.unlink()


def traps_image() -> Path:
    """Give the image; built once."""

    def build(image: Path) -> None:
        tree = image.with_suffix(".tree")
        tree.mkdir()
        directories: dict[str, list[Raw]] = {}
        try:
            (tree / "end").write_text(MARK)
            (tree / "sparse").write_bytes(b"")
            _chain(directories, tree)
            _circles(directories, tree)
            _names(directories, tree)
            _kinds(tree)
            raw_ext4(image, tree, directories, 96)
            _special(image)
        finally:
            run("rm", "-rf", str(tree))

    recipe = Path(__file__).read_text() + Path(__file__).with_name("directories.py").read_text()
    return cached("traps.img", recipe, build)
