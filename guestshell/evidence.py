"""The evidence log: what was done and when, in a file whose later changes show.

JSON Lines in ASCII. Every object has `type` (header, line or end), `previous` (the SHA-256 of
the line before without its newline, 64 zeros on the first) and `time` (RFC 3339, UTC, with
nanoseconds). A session is a header, its lines and an end. The end also has `entries`, the number
of its session's lines, and `sha256`, the digest of that object without this key: no line that
follows need vouch for it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from guestshell.errors import HostError

_UNREADABLE = "name an evidence log that can be read"
_LONGEST = 16 * 2**20
_TYPES = ("header", "line", "end")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", re.ASCII)


class _BrokenChain(Exception):
    """A line cannot stand where it stands; the message goes on from "line N"."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an examination of a log found.

    `entries` is the number of lines, of any type. `line` is the first bad line counted from 1
    and `problem` what is wrong, to be read after "line N"; 0 and empty when the chain is intact.
    `complete` says that it is intact and its last line is an end.
    """

    entries: int
    line: int
    problem: str
    complete: bool


@dataclass(frozen=True, slots=True)
class _Chain:
    """Where a chain stands: its size in bytes, its last line, its session's number of lines."""

    size: int = 0
    last: str = ""
    lines: int = 0
    previous: str = "0" * 64

    def follow(self, line: bytes) -> "_Chain":
        """Give the chain continued by `line`; raises _BrokenChain when it does not continue it."""
        if len(line) > _LONGEST + len(b"\n"):
            raise _BrokenChain("is longer than 16 MiB")
        if not line.endswith(b"\n"):
            raise _BrokenChain("does not end with a newline")
        fields = _decode(line)
        if self.last in ("", "end") and fields["type"] != "header":
            raise _BrokenChain("is no header, and a session must begin with one")
        if fields["previous"] != self.previous:
            raise _BrokenChain(
                "does not follow what stands before it: lines were edited, added, dropped or moved"
            )
        if fields["type"] == "end" and line != self.end(fields["time"]):
            raise _BrokenChain("was edited, or does not count the lines of its session")
        return _Chain(
            self.size + len(line),
            fields["type"],
            0 if fields["type"] == "header" else self.lines + 1,
            hashlib.sha256(line[:-1]).hexdigest(),
        )

    def end(self, when: str) -> bytes:
        """Give the one end line that can follow here at that time."""
        fields: dict[str, object] = {"type": "end", "previous": self.previous, "time": when}
        fields["entries"] = self.lines
        digest = hashlib.sha256(_encode(fields)[:-1]).hexdigest()
        return _encode({**fields, "sha256": digest})


def _encode(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, allow_nan=False).encode("ascii") + b"\n"


def _decode(line: bytes) -> dict[str, str]:
    try:
        # json takes NaN and Infinity for numbers; int does not
        fields = json.loads(line.decode("ascii"), parse_constant=int)
    except (ValueError, RecursionError) as error:
        raise _BrokenChain("is not valid JSON") from error
    if not isinstance(fields, dict) or next(iter(fields), "") != "type":
        raise _BrokenChain("is not an entry of an evidence log")
    values = {key: fields.get(key) for key in ("type", "previous", "time")}
    chained = {key: value for key, value in values.items() if isinstance(value, str)}
    if chained.keys() != values.keys():
        raise _BrokenChain("lacks a type, a previous digest or a time")
    if chained["type"] not in _TYPES or not _TIME.fullmatch(chained["time"]):
        raise _BrokenChain("has no known type or no valid time")
    return chained


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanoseconds:09d}Z"


def _host_error(path: Path, error: OSError, remedy: str) -> HostError:
    return HostError(f"{path}: {(error.strerror or str(error)).lower()}", remedy)


def _open_file(path: Path, flags: int, remedy: str) -> int:
    try:
        # a FIFO without a writer would hang a plain open
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _host_error(path, error, remedy) from error
    except ValueError as error:
        raise HostError(f"{path}: is not a name a file can have", remedy) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise HostError(f"{path}: is no regular file", remedy)
    return descriptor


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        remedy = "end the other session, or name another file"
        raise HostError(f"{path}: another process is writing this log", remedy) from error
    except OSError as error:
        raise _host_error(path, error, "name a file on a file system that can lock") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_LONGEST + len(b"\n") + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(2**16)


def _examine(path: Path, descriptor: int) -> tuple[_Chain, Verdict]:
    chain, entries, bad, problem = _Chain(), 0, 0, ""
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            for entries, line in enumerate(_lines(file), 1):
                if not bad:
                    try:
                        chain = chain.follow(line)
                    except _BrokenChain as error:
                        bad, problem = entries, str(error)
    except OSError as error:
        raise _host_error(path, error, _UNREADABLE) from error
    if not entries:
        bad, problem = 1, "is missing: the file is empty"
    return chain, Verdict(entries, bad, problem, not bad and chain.last == "end")


def verify(path: Path) -> Verdict:
    """Give a verdict on the log `path`, read as a stream.

    Any line edited, added, dropped or moved is found, at the latest by the line after it. Lines
    cut off the end cannot be seen by a chain: that shows as `complete` False, and not at all
    when whole sessions are cut off. Without an end, nothing vouches for the last line. Whoever
    rewrites all that follows a change leaves no trace in the file either; a digest of the log
    kept elsewhere finds these. Raises HostError when the file cannot be read.
    """
    descriptor = _open_file(path, os.O_RDONLY, _UNREADABLE)
    try:
        return _examine(path, descriptor)[1]
    finally:
        os.close(descriptor)


class EvidenceLog:
    """A session of an evidence log, open for appending and locked against other writers."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._chain = _Chain()

    @classmethod
    def open(cls, path: Path, header: Mapping[str, object]) -> Self:
        """Give a new session of the log `path`, which is made (mode 0600) or continued.

        Its first line has the fields of `header`. Raises HostError, and leaves what the file
        holds alone, when it is no intact log or no regular file, cannot be written, or has
        another writer; ValueError and TypeError as `append` does.
        """
        remedy = "name a file that can be written, in a directory that exists"
        is_new = not os.path.lexists(path)
        descriptor = _open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, remedy)
        log = cls(path, descriptor)
        with contextlib.ExitStack() as stack:
            stack.callback(log._release)
            if is_new:  # an empty file would be no log
                stack.callback(path.unlink, missing_ok=True)
            _lock(path, descriptor)
            log._chain, verdict = _examine(path, descriptor)
            if verdict.entries and verdict.problem:
                problem = f"line {verdict.line} {verdict.problem}"
                remedy = "name another file; this one was left as it is"
                raise HostError(f"{path}: is not an intact evidence log: {problem}", remedy)
            log._add("header", header)
            stack.pop_all()
        return log

    @property
    def path(self) -> Path:
        """The file, as it was named."""
        return self._path

    def append(self, entry: Mapping[str, object]) -> None:
        """Write one line with the fields of `entry`; it is on the disk when this returns.

        Raises HostError when it cannot be written, is longer than 16 MiB, or the log is closed;
        the log then ends with the line before. Raises ValueError when a field has a name of the
        log's own (type, previous, time), ValueError or TypeError when one cannot be JSON.
        """
        self._add("line", entry)

    def close(self) -> None:
        """Write the end line and release the lock; does nothing the second time.

        Raises HostError when the end cannot be written; the lock is released all the same.
        """
        if self._descriptor >= 0:
            try:
                self._write(self._chain.end(_now()))
            finally:
                self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _add(self, kind: str, entry: Mapping[str, object]) -> None:
        fields = {"type": kind, "previous": self._chain.previous, "time": _now()}
        if clash := fields.keys() & entry.keys():
            raise ValueError(f"the log itself names its fields {', '.join(sorted(clash))}")
        self._write(_encode({**fields, **entry}))

    def _write(self, line: bytes) -> None:
        if self._descriptor < 0:
            raise HostError(f"{self._path}: this log is closed", "begin a new session of it")
        try:
            chain = self._chain.follow(line)
        except _BrokenChain as error:
            raise HostError(f"{self._path}: an entry {error}", "it was not logged") from error
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
            self._chain = chain
        except BaseException as error:
            # Ctrl-C tears a line as a full disk does
            self._take_back()
            if isinstance(error, OSError):
                remedy = "make room, or log elsewhere; the log is intact without this entry"
                raise _host_error(self._path, error, remedy) from error
            raise

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._chain.size)
        except OSError as error:
            self._release()
            remedy = "its last line is torn; go on in another file"
            raise _host_error(self._path, error, remedy) from error

    def _release(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                # a child between fork and exec would keep the lock that only close releases
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            with contextlib.suppress(OSError):
                os.close(descriptor)
