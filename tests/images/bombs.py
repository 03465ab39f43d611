"""Make an image of a system whose files are small on the disk and large to whoever reads them."""

import bz2
import gzip
import os
import shutil
import subprocess
from pathlib import Path

from tests.images.build import MIB, TOOL_PATH, cached, run
from tests.images.directories import Raw, raw_ext4

LINE = 128 * MIB
"""Bytes of one line without an end, which is /long/line and much of /etc."""

NAMES = 200_000
"""Files in /many."""

SPARSE = 8 * 2**40
"""Bytes of /var/log/messages, of which nearly all is a hole."""

_INODES = 4
"""Files that have those names, for ext4 allows 65,000 links of each."""

FIRST = b"Nov  1 10:00:00 host bomb[1]: the first line\n"
MANY_LINES = FIRST + b"a\n" * (120 * MIB)
LARGE = ("passwd", "group", "shadow", "gshadow", "sudoers", "hosts", "crontab", "resolv.conf")
"""Files of /etc that are the long line."""


def _fill(tree: Path) -> None:
    for directory in ("etc", "var/log", "long", "inodes", "root", "bin", "lib/modules", "usr"):
        (tree / directory).mkdir(parents=True)
    (tree / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\nPRETTY_NAME=Bombs\n")
    (tree / "etc/debian_version").write_text("12.1\n")
    (tree / "etc/fstab").write_text("/dev/sda / ext4 ro 0 1\n")
    (tree / "long/line").write_bytes(b"x" * LINE)
    for name in LARGE:
        (tree / "etc" / name).symlink_to("/long/line")
    (tree / "root/.bash_history").symlink_to("/long/line")
    for number in range(_INODES):
        (tree / f"inodes/{number}").touch()
    logs = tree / "var/log"
    (logs / "messages").write_bytes(FIRST)
    (logs / "syslog.1.gz").write_bytes(gzip.compress(MANY_LINES, 6))
    (logs / "kern.log.1.bz2").write_bytes(bz2.compress(FIRST + bytes(300 * MIB)))
    for program, name in (("xz", "auth.log.1.xz"), ("zstd", "daemon.log.1.zst")):
        if (found := shutil.which(program, path=TOOL_PATH)) is not None:
            options = ["-0"] if program == "xz" else ["-q"]
            done = subprocess.run(
                [found, *options, "-c"], input=FIRST + bytes(1024 * MIB), stdout=subprocess.PIPE,
                check=True,
            )  # fmt: skip
            (logs / name).write_bytes(done.stdout)


def bombs_image() -> Path:
    """Give the image; built once."""

    def build(image: Path) -> None:
        tree = image.with_suffix(".tree")
        tree.mkdir()
        try:
            _fill(tree)
            names = [Raw(b"%07d" % n, f"/inodes/{n % _INODES}") for n in range(NAMES)]
            raw_ext4(image, tree, {"/many": names}, 256)
        finally:
            run("rm", "-rf", str(tree))
        run("debugfs", "-w", "-R", f"sif /var/log/messages size {SPARSE}", str(image))
        run("tune2fs", "-O", "dir_index", str(image))
        checked = subprocess.run(
            ["e2fsck", "-fyD", str(image)], capture_output=True, check=False,
            env={**os.environ, "PATH": TOOL_PATH},
        )  # fmt: skip
        assert checked.returncode in (0, 1), checked.stdout  # 1: the errors were corrected

    recipe = Path(__file__).read_text() + Path(__file__).with_name("directories.py").read_text()
    return cached("bombs.img", recipe, build)
