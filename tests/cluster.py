"""A Dask scheduler and its workers, as processes of their own."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.images.build import guestfish_environment

_PATIENCE = 60.0


class Cluster:
    """A scheduler and so many workers of one thread each; `address` is the scheduler's."""

    def __init__(self, workers: int) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="guestctl-dask-")
        file = Path(self._directory.name) / "scheduler.json"
        options = ["--scheduler-file", str(file)]
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *options
        )
        until = time.monotonic() + _PATIENCE
        while not file.exists():
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.05)
        self.address: str = json.loads(file.read_text())["address"]
        self.workers = [
            self._start("worker", "--nthreads", "1", "--no-dashboard", "--no-nanny", *options)
            for _ in range(workers)
        ]

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=self._directory.name,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=guestfish_environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        processes = [*self.workers, self.scheduler]
        for process in processes:  # a worker that is asked to end ends its task first
            process.kill()
        for process in processes:
            process.wait(_PATIENCE)
        self._directory.cleanup()
