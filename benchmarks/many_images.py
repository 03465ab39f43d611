"""Ten images inspected: by one appliance, by two processes, by a cluster, one after the other."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.peers import Guestfish
from benchmarks.processes import ran, virt
from guestshell.demo.image import demo_image
from tests.cluster import Cluster
from tests.e2e.terminal import GUESTCTL
from tests.images.build import TOOL_PATH

_COUNT = 10
_FILE_SYSTEM = 2**20
"""Where the teaching image's one file system begins, in bytes."""


def measure() -> Iterator[Figure]:
    """Give what ten images cost that guestctl has never seen."""
    with tempfile.TemporaryDirectory(prefix="guestctl-bench-") as directory, Cluster(2) as cluster:
        images = [_different(Path(directory) / f"{number}.img") for number in range(_COUNT)]
        serial = _scan(images, "--jobs", "1")
        jobs = _scan(images, "--jobs", "2")
        shared = _scan(images, "--share")
        by_dask = _scan(images, "--dask", cluster.address)
        inspected = _each(images, lambda image: virt("virt-inspector", image).expect("<root>"))
        opened = _each(images, _guestfish)
    what = f"{_COUNT} images inspected"
    yield Figure(f"{what}, --share", shared, "s", "virt-inspector, ten runs", inspected, 0.2)
    yield Figure(f"{what}, --share", shared, "s", "guestfish -i, ten runs", opened, 0.25)
    yield Figure(f"{what}, --jobs 2", jobs, "s", "the same with --jobs 1", serial, 0.6)
    yield Figure(f"{what}, --dask, 2 workers", by_dask, "s", "the same with --jobs 2", jobs, 1.3)


def _different(image: Path) -> Path:
    """Copy the teaching image, with a file system UUID of its own: copies cannot share."""
    shutil.copyfile(demo_image(), image)
    tune2fs = shutil.which("tune2fs", path=TOOL_PATH)
    assert tune2fs is not None
    device = f"{image}?offset={_FILE_SYSTEM}"
    subprocess.run([tune2fs, "-U", "random", device], check=True, capture_output=True)
    return image


def _scan(images: list[Path], *options: str) -> float:
    command = [GUESTCTL, "scan", "--no-index", *options, *map(str, images)]
    return ran(command).expect('"hostname": "web01"', _COUNT)


def _each(images: list[Path], ask: Callable[[Path], float]) -> float:
    return sum(map(ask, images))


def _guestfish(image: Path) -> float:
    started = time.monotonic()
    with Guestfish(image) as session:
        session.ask("cat /etc/hostname", "web01")
        return time.monotonic() - started
