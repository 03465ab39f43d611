"""A scan on a Dask cluster: of threads in processes, and of processes that die."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from tests.cluster import Cluster
from tests.conftest import own_cache
from tests.e2e.terminal import GUESTCTL

pytestmark = pytest.mark.appliance

COUNT = 6
LINES = ("-c", "cat /etc/hostname", "-c", "users | where uid = 0 | select name")


@pytest.fixture(scope="module")
def images(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six teaching images, a text, and a name that leads nowhere."""
    root = tmp_path_factory.mktemp("images")
    found = [root / f"{number}.img" for number in range(COUNT)]
    for image in found:
        shutil.copyfile(demo, image)
    (root / "text.img").write_text("no image\n")
    return [*found, root / "text.img", root / "none.img"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "cache").mkdir()
    return {**os.environ, "XDG_CACHE_HOME": str(own_cache(tmp_path / "cache"))}


def begun(
    images: list[Path], environment: dict[str, str], *options: str
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [GUESTCTL, "scan", "--no-index", *options, *LINES, *map(str, images)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


def records(process: "subprocess.Popen[bytes]") -> list[dict[str, Any]]:
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 1, errors  # for the text, and the one that is not there
    assert b"Traceback" not in errors
    return sorted(map(json.loads, output.splitlines()), key=json.dumps)


@pytest.fixture(scope="module")
def here(images: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(own_cache(tmp_path_factory.mktemp("here")))}
    return records(begun(images, environment, "--jobs", "2"))


@pytest.fixture(scope="module")
def local() -> Iterator[str]:
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    with cluster, Client(cluster):
        yield cluster.scheduler_address


def test_a_cluster_gives_the_same(
    local: str, images: list[Path], environment: dict[str, str], here: list[dict[str, Any]]
) -> None:
    assert records(begun(images, environment, "--dask", local)) == here


def test_what_a_killed_worker_had_is_looked_at_by_another(
    images: list[Path], environment: dict[str, str], here: list[dict[str, Any]]
) -> None:
    with Cluster(2) as cluster:
        scan = begun(images, environment, "--dask", cluster.address, "-o", "jsonl")
        victim = cluster.workers[0]
        until = time.monotonic() + 60
        while not _emulators(victim.pid):  # in the midst of an image
            assert time.monotonic() < until
            time.sleep(0.05)
        victim.send_signal(signal.SIGKILL)
        assert records(scan) == here


def _emulators(pid: int) -> list[int]:
    found = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, tasks.read_text().split()):
            name = Path(f"/proc/{child}/comm")
            if name.exists() and name.read_text().startswith("qemu-system"):
                found.append(child)
    return found


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (("--dask", "tcp://127.0.0.1:1"), 1, "no Dask scheduler answers"),
        (("--dask", "nonsense://x"), 1, "no Dask scheduler answers"),
        (("--dask", "tcp://127.0.0.1:1", "--jobs", "2"), 2, "--dask or --jobs"),
    ],
)
def test_what_cannot_be_is_one_line(
    images: list[Path],
    environment: dict[str, str],
    options: tuple[str, ...],
    status: int,
    why: str,
) -> None:
    scan = begun(images[:1], environment, *options)
    output, errors = scan.communicate(timeout=60)
    assert (scan.returncode, output) == (status, b"")
    assert errors.count(b"\n") == 1
    assert why in errors.decode()
