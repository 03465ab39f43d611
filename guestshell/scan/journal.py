"""The journal of a scan: a line for each image that is done, so that a killed scan goes on.

JSON Lines: first what was asked, then one report each. A last line that was cut off is as one
that was never written.
"""

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from guestshell.errors import GuestShellError, HostError, UsageError
from guestshell.guest.image import open_image
from guestshell.guest.index import fingerprint
from guestshell.scan.examine import Plan
from guestshell.scan.report import Report, Target, report_from_json

_FORMAT = 1
_LONGEST_HEAD = 2**20
"""Bytes of the first line; a file that is no journal may be one line of gigabytes."""


class Journal:
    """A journal that is being written."""

    def __init__(self, path: Path, plan: Plan) -> None:
        """Open or begin a journal.

        Raises HostError when that cannot be done, UsageError for a file that is no journal, or
        one of other questions.
        """
        self._path = path
        self._head = {
            "scan": _FORMAT, "lines": list(plan.lines), "image_format": plan.image_format
        }  # fmt: skip
        self._image_format = plan.image_format
        self._done: dict[str, Report] = {}
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HostError.of(path, error) from None
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            self._lock()
            self._read()
        except OSError as error:
            self._file.close()
            raise HostError.of(path, error) from None
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _lock(self) -> None:
        if not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            raise HostError(f"{self._path}: is no regular file", "name a new file")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HostError(f"{self._path}: another scan is writing it") from None

    def _read(self) -> None:
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            first = lines.readline(_LONGEST_HEAD)
            whole = len(first) if first.endswith(b"\n") else 0
            if whole:
                self._check(first)
            elif not _line(self._head).startswith(first):
                raise self._no_journal()
            for line in lines:
                if line.endswith(b"\n"):
                    whole += len(line)
                    self._take(line)
        self._file.truncate(whole)
        if not whole:
            self._append(self._head)

    def _check(self, first: bytes) -> None:
        try:
            head = json.loads(first)
        except ValueError:
            raise self._no_journal() from None
        if not isinstance(head, dict) or "scan" not in head:
            raise self._no_journal()
        if head != self._head:
            raise UsageError(
                f"{self._path}: is the journal of other questions", "name another file"
            )

    def _no_journal(self) -> UsageError:
        return UsageError(f"{self._path}: is no journal of a scan", "name a new file")

    def _take(self, line: bytes) -> None:
        # a damaged line means no more than that its image is looked at again
        with contextlib.suppress(ValueError, KeyError, TypeError):
            report = report_from_json(json.loads(line))
            if report.key is not None:
                self._done[report.key] = report

    def report_of(self, target: Target) -> Report | None:
        """Give what an earlier run found of an image that is unchanged."""
        if not self._done:
            return None
        try:
            key = fingerprint([open_image(target.name, self._image_format)])
        except (GuestShellError, OSError):
            return None
        found = self._done.get(key.hex()) if key is not None else None
        return replace(found, image=target.name) if found is not None else None

    def add(self, report: Report) -> None:
        """Write down an image that is done, unless another time may find more.

        Raises HostError.
        """
        if report.is_final:
            try:
                self._append(report.to_json())
            except OSError as error:
                raise HostError.of(self._path, error) from None

    def _append(self, value: Mapping[str, Any]) -> None:
        rest = memoryview(_line(value))
        while rest:
            rest = rest[self._file.write(rest) :]


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
