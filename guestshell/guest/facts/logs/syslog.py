"""Text logs of a syslog daemon, rotated and compressed ones too."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo

from guestshell.errors import PathError
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.formats import compressed
from guestshell.guest.facts.logs import lines
from guestshell.guest.facts.logs.clock import local_minute, local_time
from guestshell.guest.facts.logs.record import LogRecord, Wanted
from guestshell.guest.facts.logs.syslog_line import Line, month_of, parse_line, text_of
from guestshell.temporary import own_directory
from guestshell.values import Timestamp

HEAD = 8 * 2**10
"""Bytes of a file by which it is known for a log."""

_LINES_LOOKED_AT = 10
_IN_MEMORY = 8 * 2**20
"""Bytes of an unpacked log that are kept in memory, more of them in a temporary file."""

_DAY_NS = 86_400 * 10**9


class SyslogFile:
    """A text log as a source of records.

    The old format keeps no year. The last line is from the last year in which it is not later
    than the file's own time, and going back, months that leap up by more than half a year
    (January, then December before it) are those of the year before.
    """

    def __init__(self, files: Files, entry: Entry, packed: str, first: Line, zone: tzinfo) -> None:
        self._files = files
        self._zone = zone
        self._packed = packed
        self._keeps_no_year = first.month > 0
        self.path = entry.path
        self._written = local_time(zone, entry.mtime)
        self._latest = entry.mtime + _DAY_NS
        # a rename or compression sets the ctime, and touch(1) cannot take it back
        self.end: int = max(entry.mtime, entry.ctime)
        self.start: int = self._moment(first, self._last_year(first)) or 0

    def records(self, wanted: Wanted, *, backward: bool) -> Iterator[tuple[int, LogRecord]]:
        """Yield every record; damage is warned of."""
        if not backward:
            yield from self._forward()
        elif self._packed:
            yield from self._backward_of_packed()
        else:
            yield from self._backward_of_plain()

    def _backward_of_plain(self) -> Iterator[tuple[int, LogRecord]]:
        try:
            with self._files.open(self.path) as file:
                yield from self._backward(lines.backward(file))
        except PathError as error:
            self._files.warn(f"{error}; what comes after was read")
        except lines.EndlessLineError as error:
            self._files.warn(f"{self.path}: {error}; what comes after was read")

    def _backward_of_packed(self) -> Iterator[tuple[int, LogRecord]]:
        # lines in a list take up to forty times the bytes that they have
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(own_directory())) as unpacked:
            try:
                for block in compressed.blocks(self._files, self.path):
                    unpacked.write(block)
                yield from self._backward(lines.backward(unpacked))
            except PathError as error:
                self._files.warn(str(error))

    def _lines(self, warn: Callable[[str], None]) -> Iterator[bytes]:
        try:
            yield from lines.forward(compressed.blocks(self._files, self.path, warn=warn))
        except PathError as error:
            warn(str(error))
        except lines.EndlessLineError as error:
            warn(f"{self.path}: {error}; what comes before was read")

    def _forward(self) -> Iterator[tuple[int, LogRecord]]:
        year = self._first_year()
        month = 0
        moment: int = self.start
        for line in self._lines(self._files.warn):
            parsed = parse_line(line)
            if parsed is not None and parsed.month:
                year += month - parsed.month > 6
                month = parsed.month
            written = self._moment(parsed, year) if parsed else None
            moment = moment if written is None else written
            if line:
                yield moment, self._record(parsed, line, written)

    def _first_year(self) -> int:
        """Give the year of the first line in the old format, which only the last one tells."""
        if not self._keeps_no_year:
            return self._written.year
        month, last, crossed = 0, b"", 0
        for line in self._lines(lambda message: None):  # which is said when they are read again
            number = month_of(line)
            if number is not None:
                crossed += month - number > 6
                month, last = number, line
        parsed = parse_line(last)
        return self._last_year(parsed) - crossed if parsed else self._written.year

    def _backward(self, found: Iterator[bytes]) -> Iterator[tuple[int, LogRecord]]:
        year = month = 0
        moment = self.end
        waiting: list[bytes] = []
        for line in found:
            parsed = parse_line(line)
            if parsed is None:
                waiting.append(line)
                if len(waiting) < 1000:
                    continue
            elif parsed.month:
                if not month:
                    year = self._last_year(parsed)
                year -= parsed.month - month > 6 and month > 0
                month = parsed.month
            written = self._moment(parsed, year) if parsed else None
            moment = moment if written is None else written
            # lines without a time belong to the one before them, which is met only now
            yield from ((moment, self._record(None, rest, None)) for rest in waiting if rest)
            waiting.clear()
            if parsed is not None:
                yield moment, self._record(parsed, line, written)
        yield from ((moment, self._record(None, rest, None)) for rest in waiting if rest)

    def _last_year(self, line: Line) -> int:
        """Give the year of the last line: not later than a day after the file was written."""
        moment = self._moment(line, self._written.year)
        late = moment is None or moment > self._latest
        return max(self._written.year - late, datetime.min.year)

    def _moment(self, line: Line, year: int) -> int | None:
        if line.moment is not None:
            return line.moment
        try:
            minute = local_minute(self._zone, year, line.month, line.day, line.hour, line.minute)
        except ValueError:  # February 29th of another year
            return None
        return minute + line.nanoseconds

    def _record(self, parsed: Line | None, line: bytes, written: int | None) -> LogRecord:
        if parsed is None:
            return LogRecord(None, "", "", "", None, None, text_of(line), self.path)
        return LogRecord(
            None if written is None else Timestamp(written),
            parsed.host,
            parsed.identifier,
            parsed.identifier,
            parsed.pid,
            parsed.priority,
            parsed.message,
            self.path,
        )


def syslog_file(files: Files, entry: Entry, head: bytes, zone: tzinfo) -> SyslogFile | None:
    """Give a file with this beginning as a text log, None for one that does not begin as they do.

    It is looked at, not judged by its name: a line in the first ones must begin with a time.
    Raises PathError.
    """
    packed = compressed.kind_of(head)
    if packed:
        problems: list[str] = []
        head = next(compressed.blocks(files, entry.path, warn=problems.append), b"")[:HEAD]
        for problem in problems if not head else ():  # otherwise said when it is read
            files.warn(problem)
    looked_at = [line for line in lines.forward([head]) if line.strip(b"\0")][:_LINES_LOOKED_AT]
    for line in looked_at:
        parsed = parse_line(line)
        if parsed is not None:
            return SyslogFile(files, entry, packed, parsed, zone)
    return None
