"""A real terminal: a pty with a screen behind it that answers as terminals do."""

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pexpect
import pyte

GUESTCTL = str(Path(sys.executable).parent / "guestctl")

KEYS = {"tab": "\t", "enter": "\r", "up": "\x1b[A", "ctrl-c": "\x03", "ctrl-d": "\x04",
        "ctrl-r": "\x12", "ctrl-z": "\x1a", "right": "\x1b[C", "ctrl-u": "\x15"}  # fmt: skip


class _Screen(pyte.HistoryScreen):
    """A screen whose answers (cursor position requests) go back to the program."""

    child: Any = None

    def write_process_input(self, data: str) -> None:
        self.child.send(data)


class Terminal:
    """A program in a terminal of `columns` by `lines`; `text` is what a person would read."""

    def __init__(
        self,
        *arguments: str,
        columns: int = 100,
        lines: int = 30,
        environment: Mapping[str, str] | None = None,
        program: str = GUESTCTL,
    ) -> None:
        self._screen = _Screen(columns, lines, history=5000)
        self._stream = pyte.ByteStream(self._screen)
        self.seen = b""
        self.child: Any = pexpect.spawn(
            program,
            list(arguments),
            dimensions=(lines, columns),
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "", **(environment or {})},
            timeout=30,
        )
        self.child.delaybeforesend = None
        self._screen.child = self.child

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.child.close(force=True)

    def _pump(self, seconds: float) -> None:
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            data = self.child.read_nonblocking(65536, timeout=seconds)
            self.seen += data
            self._stream.feed(data)

    def settle(self, seconds: float = 0.4) -> str:
        """Let the screen come to rest and give it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._pump(0.05)
        return self.text

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def everything(self) -> str:
        """What has scrolled away, too."""
        above = [
            "".join(line[column].data for column in range(self._screen.columns)).rstrip()
            for line in self._screen.history.top
        ]
        return "\n".join([*above, self.text])

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """Wait until a text is on the screen."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} never came; the screen:\n{self.everything}"
            self._pump(0.02)
        return self.text

    def wait_gone(self, text: str, seconds: float = 60) -> str:
        """Wait until a text is off the screen."""
        end = time.monotonic() + seconds
        while text in self.text:
            assert time.monotonic() < end, f"{text!r} stayed; the screen:\n{self.text}"
            self._pump(0.05)
        return self.text

    def type(self, text: str) -> None:
        """Type text; nothing is run without `press("enter")`."""
        self.child.send(text)

    def press(self, key: str) -> None:
        """Press a key by its name."""
        self.child.send(KEYS[key])

    def run(self, line: str) -> None:
        """Type a line and press Enter."""
        self.type(line)
        end = time.monotonic() + 60
        while line[-20:] not in self.text.replace("\n", ""):  # it may be wider than the screen
            assert time.monotonic() < end, f"{line!r} never came; the screen:\n{self.text}"
            self._pump(0.02)
        self.press("enter")

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the window."""
        self._screen.resize(lines, columns)
        self.child.setwinsize(lines, columns)

    def wait_exit(self, seconds: float = 20) -> int:
        """Wait until the program has ended and give its exit status."""
        end = time.monotonic() + seconds
        while self.child.isalive() and time.monotonic() < end:
            self._pump(0.05)
        assert not self.child.isalive(), f"still running:\n{self.text}"
        self._pump(0.1)
        return int(self.child.exitstatus)
