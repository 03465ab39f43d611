"""Record what the terminal shows, for asciinema to play.

The file is an asciicast v2, https://docs.asciinema.org/manual/asciicast/v2/: one JSON object that
describes the terminal, then one `[seconds, kind, text]` a line.
"""

import codecs
import contextlib
import json
import os
import select
import signal
import sys
import termios
import threading
import time
from pathlib import Path
from typing import Self

from guestshell.errors import HostError, UsageError

_POLL_MILLISECONDS = 200
_PTY_HOLDS = 1 << 18
"""Bytes; more than the kernel keeps between the two ends of a pseudo-terminal."""


class Recording:
    """Puts a pseudo-terminal between standard output and error and the terminal they go to.

    What this process and its children write is shown as ever, and recorded. Input stays with the
    terminal itself; so a pager, which takes its keys from behind its standard error, must be
    given standard input there. What is written to /dev/tty passes by unseen.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cast: _Cast | None = None
        self._kept: dict[int, int] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def failure(self) -> str:
        """What ended the recording before its time, on one line; empty while all is well."""
        return self._cast.failure if self._cast else ""

    def start(self) -> None:
        """Record from now on, into a new file that only its owner can read.

        Raises HostError without a terminal and where the file exists or cannot be written,
        OSError where the host has no pseudo-terminal left. Nothing has changed then.
        """
        if not os.isatty(1):
            raise HostError("there is no terminal to record", "standard output must go to one")
        lines, columns = termios.tcgetwinsize(1)
        with contextlib.ExitStack() as undo:
            master, slave = os.openpty()
            undo.callback(os.close, master)
            undo.callback(os.close, slave)
            termios.tcsetwinsize(slave, (lines, columns))
            kept = {
                descriptor: os.dup(descriptor) for descriptor in (1, 2) if os.isatty(descriptor)
            }
            for terminal in kept.values():
                undo.callback(os.close, terminal)
            cast = _Cast(self._path, columns, lines)
            undo.callback(cast.close)
            self._cast, self._kept, self._stopping = cast, kept, threading.Event()
            relay = (master, slave, cast, undo.pop_all())
            self._thread = threading.Thread(target=self._relay, args=relay, daemon=True)
            self._thread.start()
        _flush()
        for descriptor in kept:
            os.dup2(slave, descriptor)

    def stop(self) -> None:
        """Give the terminal back once all of it is shown and recorded; safe to call twice."""
        if self._thread is None:
            return
        if not self._stopping.is_set():
            _flush()
            for descriptor, terminal in self._kept.items():
                os.dup2(terminal, descriptor)
            self._stopping.set()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _relay(self, master: int, slave: int, cast: "_Cast", undo: contextlib.ExitStack) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        events = select.poll()
        events.register(master, select.POLLIN)
        left = _PTY_HOLDS
        with undo:
            while left > 0:  # a child that writes on and on does not keep us from stopping
                stopping = self._stopping.is_set()
                with contextlib.suppress(OSError, termios.error):  # a terminal that hung up
                    _follow(self._kept[1], slave, cast)
                if events.poll(0 if stopping else _POLL_MILLISECONDS):
                    data = os.read(master, 1 << 16)
                    with contextlib.suppress(OSError):
                        _write(self._kept[1], data)
                    cast.event("o", decoder.decode(data))
                    left -= len(data) if stopping else 0
                elif stopping:
                    break
            cast.event("o", decoder.decode(b"", final=True))


class _Cast:
    """The file. The first error ends it, whole to its last event; `failure` then says why."""

    def __init__(self, path: Path, columns: int, lines: int) -> None:
        self.failure = ""
        self._path = path
        self._start = time.monotonic()
        self._length = 0
        self._file = _create(path)
        header = {"version": 2, "width": columns or 80, "height": lines or 24}
        env = {name: os.environ[name] for name in ("SHELL", "TERM") if name in os.environ}
        self._add({**header, "timestamp": int(time.time()), "env": env})
        if self.failure:
            self.close()
            path.unlink(missing_ok=True)
            raise HostError(self.failure)

    def event(self, kind: str, text: str) -> None:
        """Add what happens now, unless it is nothing or the recording has ended."""
        if text and not self.failure:
            self._add([round(time.monotonic() - self._start, 6), kind, text])

    def close(self) -> None:
        """Close the file."""
        try:
            os.close(self._file)
        except OSError as error:  # some network file systems say only now that they are full
            self.failure = self.failure or _sentence(self._path, error)

    def _add(self, value: object) -> None:
        line = json.dumps(value).encode() + b"\n"
        try:
            _write(self._file, line)
            self._length += len(line)
        except OSError as error:
            self.failure = _sentence(self._path, error)
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._length)


def _create(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise HostError(f"{path}: exists already", "name a file that does not exist yet") from None
    except OSError as error:
        raise HostError(_sentence(path, error)) from error


def _sentence(path: Path, error: OSError) -> str:
    return f"{path}: {(error.strerror or str(error)).lower()}"


def _write(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # another program has made the terminal so
            time.sleep(0.01)


def _follow(terminal: int, slave: int, cast: _Cast) -> None:
    """Give the slave the terminal's size when it has become another."""
    lines, columns = termios.tcgetwinsize(terminal)
    if (lines, columns) != termios.tcgetwinsize(slave):
        termios.tcsetwinsize(slave, (lines, columns))
        cast.event("r", f"{columns}x{lines}")
        # the kernel's own signal came before the slave had the size
        os.killpg(os.tcgetpgrp(terminal), signal.SIGWINCH)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is when the caller has closed it
            with contextlib.suppress(OSError, ValueError):
                stream.flush()


class ScreenRecorder:
    """The recordings of a session, one after the other."""

    def __init__(self) -> None:
        self._recording: Recording | None = None

    def start(self, file: Path) -> None:
        """Begin to write into a new file. Raises HostError, or UsageError during another."""
        if self._recording is not None:
            raise UsageError("a recording is being written", "record stop ends it")
        recording = Recording(file)
        recording.start()
        self._recording = recording

    def stop(self) -> None:
        """End the recording, if there is one. Raises HostError for one that is not whole."""
        if self._recording is None:
            return
        recording, self._recording = self._recording, None
        recording.stop()
        if recording.failure:
            raise HostError(recording.failure, "the recording ends before its time")
