"""That the images are what they were: their digests from when they were opened and at the end."""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from guestshell.errors import HostError, ImageChanged

_BLOCK = 2**20
_GLANCE_SECONDS = 0.1

ShowProgress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows a bar under a label for so many bytes, and gives what advances it."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a file held: `size` in bytes, `began_ns` and `ended_ns` since the epoch."""

    path: str
    size: int
    sha256: str
    began_ns: int
    ended_ns: int


def digest(path: Path, advance: Callable[[int], None] = lambda count: None) -> Digest:
    """Read a file to its end; `advance` is told of each block's bytes. Raises HostError."""
    began = time.time_ns()
    found = hashlib.sha256()
    size = 0
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                found.update(block)
                size += len(block)
                advance(len(block))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise HostError(f"{path}: {why}", "what it holds cannot be vouched for") from None
    return Digest(str(path), size, found.hexdigest(), began, time.time_ns())


def _size(path: Path) -> int:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.seek(0, os.SEEK_END)
    return 0


class _NotWanted(Exception):
    pass


class Verification:
    """The digests of files: the first taken behind a session, the second when it ends.

    `note` is given each as it is had, in the thread of whoever asks.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(dict.fromkeys(files))
        self._total = sum(map(_size, self._files))
        self._read = 0
        self._wanted = True
        self._first: Future[list[Digest]] = Future()
        self._reported = False

    def start(self) -> None:
        """Begin to take the first digests and return at once."""
        threading.Thread(target=self._take_first, name="verification", daemon=True).start()

    def _take_first(self) -> None:
        try:
            self._first.set_result([digest(file, self._count) for file in self._files])
        except BaseException as error:  # whoever waits is told
            self._first.set_exception(error)

    def _count(self, read: int) -> None:
        self._read += read
        if not self._wanted:
            raise _NotWanted

    @property
    def share(self) -> float:
        """How much of the first digests is taken, 0 to 1."""
        return 1.0 if self._first.done() else self._read / max(self._total, 1)

    def first(self) -> Mapping[str, object] | None:
        """Give the first digests for the evidence log, once, when they are there."""
        if self._reported or not self._first.done() or self._first.exception() is not None:
            return None
        self._reported = True
        return self._entry("before", self._first.result())

    def finish(self, progress: ShowProgress, log: Callable[[Mapping[str, object]], None]) -> str:
        """Take the second digests and say that nothing changed, in a line.

        Raises ImageChanged when something did, HostError when a file cannot be read any more.
        Ctrl-C ends it, and the log says so.
        """
        try:
            before = self._wait(progress)
            if (entry := self.first()) is not None:
                log(entry)
            with progress("Verifying", self._total) as advance:
                after = [digest(file, advance) for file in self._files]
        except KeyboardInterrupt:
            self.abandon(log)
            raise
        except HostError as error:
            log({"verification": "failed", "files": [], "problem": error.message})
            raise
        log(self._entry("after", after))
        changed = [
            (one, other)
            for one, other in zip(before, after, strict=True)
            if (one.sha256, one.size) != (other.sha256, other.size)
        ]
        if changed:
            raise ImageChanged(
                "; ".join(
                    f"{one.path} CHANGED while it was open: its SHA-256 was {one.sha256},"
                    f" {one.size} bytes, and is {other.sha256}, {other.size} bytes"
                    for one, other in changed
                ),
                "guestctl writes to no image: find out what does",
            )
        return "; ".join(f"{found.path} is unchanged, SHA-256 {found.sha256}" for found in after)

    def abandon(self, log: Callable[[Mapping[str, object]], None]) -> None:
        """Read no more; the log says that nothing is vouched for."""
        self._wanted = False
        log({"verification": "interrupted", "files": []})

    def _wait(self, progress: ShowProgress) -> list[Digest]:
        if self._first.done():
            return self._first.result()
        shown = self._read
        with progress("Verifying what was opened", self._total - shown) as advance:
            while True:
                with contextlib.suppress(FutureTimeoutError):
                    return self._first.result(_GLANCE_SECONDS)
                read = self._read
                advance(read - shown)
                shown = read

    @staticmethod
    def _entry(when: str, digests: Sequence[Digest]) -> Mapping[str, object]:
        return {"verification": when, "files": [asdict(found) for found in digests]}
