"""A sink that keeps what a line gives instead of showing it."""

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from guestshell.errors import GuestShellError
from guestshell.output.bytes import whole_lines
from guestshell.output.encoded import encoded
from guestshell.output.results import Blob, ClearScreen, Records, Result, Text
from guestshell.output.sink import Sink
from guestshell.scan.report import Failure, Report, Rows
from guestshell.scan.rows import packed, shape_of

_MOST_TEXT = 64 * 2**20
"""Bytes of text that one line may give of one image: it is held in memory."""


@dataclass(frozen=True)
class TextLine:
    """One line of a text."""

    text: str


class Capture(Sink):
    """Keeps rows, errors and remarks in the report of one image; `line` says whose they are."""

    def __init__(self, report: Report, *, verbose: bool = False) -> None:
        super().__init__(verbose=verbose)
        self.terminal = self.stderr_terminal = False
        self._report = report
        self.line: int = 0

    def show(self, result: Result) -> None:
        """Keep a result. Errors of rows still being found are raised here."""
        if isinstance(result, Records):
            self._keep(result)
        elif isinstance(result, Text | Blob):
            lines = whole_lines(_bounded(encoded(result, "table")))
            self._keep(Records((TextLine(line) for line in lines), TextLine))
        else:
            assert result is None or isinstance(result, ClearScreen)

    def _keep(self, records: Records[Any]) -> None:
        shape = shape_of(records.type)
        kept = Rows(self.line, shape, [], records.columns, records.layout, records.human_sizes)
        self._report.rows.append(kept)
        for row in records.rows:
            kept.values.append(packed(row, shape))

    def notice(self, message: str) -> None:
        """Keep a remark."""
        self._report.remarks.append(message)

    def warn(self, message: str) -> None:
        """Keep a warning."""
        self.notice(f"warning: {message}")

    def complain(self, data: bytes) -> None:
        """Keep what a program of this host said on standard error."""
        for line in data.decode("utf-8", "surrogateescape").splitlines():
            self.notice(line)

    def error(self, error: GuestShellError, message: str = "") -> None:
        """Keep what went wrong, with its trace when verbose."""
        failure = Failure(self.line, message or str(error), int(error.exit_code))
        self._report.failures.append(failure)
        if self.verbose:
            for line in "".join(traceback.format_exception(error)).splitlines():
                self.notice(line)

    def forgive(self) -> None:
        """Make remarks of what went wrong in the line, which may fail."""
        mine = [failure for failure in self._report.failures if failure.line == self.line]
        for failure in mine:
            self._report.failures.remove(failure)
            self.warn(failure.message)


def _bounded(blocks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > _MOST_TEXT:
            raise GuestShellError(
                f"gives more than {_MOST_TEXT // 2**20} MiB of text", "save carries files out"
            )
        yield block
