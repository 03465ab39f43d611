"""Sessions that answer one question at a time, ours and guestfish's, driven the same way."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.terminal import GUESTCTL
from tests.images.build import guestfish_environment


class Peer:
    """A process that reads commands from a pipe; `mark` makes it print a line of its own."""

    def __init__(
        self,
        command: list[str],
        mark: str,
        marked: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._mark = mark
        self._marked = marked
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=guestfish_environment() | dict(environment or {}),
        )

    def ask(self, line: str, expected: str = "") -> float:
        """Run a line and give the seconds until its whole answer was there.

        Raises RuntimeError when no line of the answer holds what is `expected`, or none comes.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        started = time.monotonic()
        self.process.stdin.write(f"{line}\n{self._mark}\n")
        self.process.stdin.flush()
        is_there = not expected
        for answer in self.process.stdout:
            if answer.rstrip("\n") == self._marked:
                seconds = time.monotonic() - started
                if not is_there:
                    raise RuntimeError(f"no {expected!r} in the answer to {line!r}")
                return seconds
            is_there = is_there or expected in answer
        raise RuntimeError(f"the session ended at {line!r}")

    def close(self) -> None:
        """End the session."""
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"proc(5) has no {field}")

    def memory(self) -> int:
        """Give the resident memory in bytes."""
        return self._status("VmRSS")

    def peak_memory(self) -> int:
        """Give the largest resident memory there was, in bytes."""
        return self._status("VmHWM")


class Guestctl(Peer):
    """Our shell on an image, of which it knows nothing from before."""

    def __init__(self, image: Path, **environment: str) -> None:
        command = [GUESTCTL, "interactive", "--no-index", str(image)]
        super().__init__(command, "echo the-end", "the-end", environment)


class Guestfish(Peer):
    """guestfish on an image, its lines sent as they come."""

    def __init__(self, image: Path) -> None:
        command = ["stdbuf", "-oL", "guestfish", "--ro", "--format=raw", "-a", str(image), "-i"]
        super().__init__(command, "echo the-end", "the-end")
