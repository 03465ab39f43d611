"""A disk whose storage can be told to fail: nbdkit's error filter behind a file of FUSE's."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class FailingDisk:
    """`image` reads like the original until `fails()` is entered."""

    image: Path
    _switch: Path

    @contextlib.contextmanager
    def fails(self) -> Iterator[None]:
        """Answer every read inside with an I/O error."""
        self._switch.touch()
        try:
            yield
        finally:
            self._switch.unlink()


@contextlib.contextmanager
def failing_disk(original: Path, directory: Path) -> Iterator[FailingDisk]:
    """Serve an image from a directory of its own; skips where FUSE may not be used."""
    missing = [tool for tool in ("nbdkit", "nbdfuse", "fusermount3") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    image, socket, switch = directory / "disk.img", directory / "socket", directory / "fail"
    image.touch()
    with contextlib.ExitStack() as ending:
        serve = ["nbdkit", "-f", "-r", "-U", str(socket), "--filter=error", "file", str(original)]
        failing = ["error-pread-rate=1", f"error-file={switch}", "error=EIO"]
        ending.enter_context(_serving([*serve, *failing]))
        _wait_until(socket.exists)
        ending.enter_context(_serving(["nbdfuse", "-r", str(image), "--unix", str(socket)]))
        ending.callback(subprocess.run, ["fusermount3", "-u", "-z", str(image)], check=False)
        if not _wait_until(lambda: image.stat().st_size > 0):
            pytest.skip("a FUSE file system cannot be mounted here")
        yield FailingDisk(image, switch)


@contextlib.contextmanager
def _serving(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_until(holds: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
