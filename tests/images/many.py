"""An image of 100,000 files in 1,111 directories, for what must scale."""

import tempfile
from pathlib import Path

from tests.images.build import MIB, cached, run

COUNT = 100_000
_RECIPE = "100,000 files in three levels of ten, a hundred names each 1"
_SIZE = 256


def _fill(root: Path) -> None:
    """Make ten directories in ten in ten, each of the last with 100 names, and a small system."""
    for number in range(COUNT // 100):
        one, two, three = number // 100, number // 10 % 10, number % 10
        leaf = root / f"srv/area{one}/shelf{two}/box{three}"
        leaf.mkdir(parents=True)
        for item in range(100):
            (leaf / f"item-{number:04d}-{item:02d}.dat").touch()
    for path, text in {
        "etc/os-release": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID=12\n',
        "etc/debian_version": "12.11\n",
        "etc/hostname": "many\n",
        "etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "bin/sh": "",
        "lib/keep": "",
        "sbin/keep": "",
        "var/keep": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def many_files_image() -> Path:
    """Give the image: MBR, one ext4."""

    def build(image: Path) -> None:
        with image.open("wb") as file:
            file.truncate((_SIZE + 2) * MIB)
        run(
            "sfdisk", "--quiet", str(image),
            text=f"label: dos\nstart=2048, size={_SIZE * 2048}, type=83\n",
        )  # fmt: skip
        with tempfile.TemporaryDirectory(dir=image.parent) as temporary:
            _fill(Path(temporary))
            run(
                "mke2fs", "-q", "-t", "ext4", "-L", "many", "-N", "120000", "-m", "0",
                "-E", f"offset={MIB},root_owner=0:0", "-d", temporary, str(image),
                str(_SIZE * 1024),
            )  # fmt: skip

    return cached("many.img", _RECIPE, build)
