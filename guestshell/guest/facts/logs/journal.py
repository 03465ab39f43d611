"""The systemd journal as log records, systemd.journal-fields(7)."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from guestshell.errors import PathError
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.logs.journal_file import JournalError, JournalFile
from guestshell.guest.facts.logs.record import PRIORITIES, LogRecord, Wanted
from guestshell.guest.facts.logs.syslog_line import text_of
from guestshell.guest.facts.text import decimal
from guestshell.values import Name, Timestamp

_FIELDS = frozenset(
    (
        "MESSAGE",
        "PRIORITY",
        "SYSLOG_IDENTIFIER",
        "SYSLOG_PID",
        "UNIT",
        "_COMM",
        "_HOSTNAME",
        "_PID",
        "_SYSTEMD_UNIT",
    )
)
_FIELDS_OF_UNITS = ("_SYSTEMD_UNIT", "UNIT", "SYSLOG_IDENTIFIER", "_COMM")


class JournalSource:
    """A journal file as a source of records."""

    def __init__(self, files: Files, path: Name) -> None:
        """Read its header. Raises PathError, and JournalError for what is no journal."""
        self._files = files
        self.path = path
        with files.open(path) as file:
            journal = JournalFile(file, _FIELDS)
        self.start, self.end = journal.start * 1000, journal.end * 1000

    def records(self, wanted: Wanted, *, backward: bool) -> Iterator[tuple[int, LogRecord]]:
        """Yield what the file's indexes say is wanted; damage is warned of as it is met."""
        try:
            with self._files.open(self.path) as file:
                journal = JournalFile(file, _FIELDS)
                for place in _chosen(journal, wanted, backward):
                    found = self._at(journal, place, wanted)
                    self._say(journal)
                    if found is not None:
                        yield found
                self._say(journal)
        except (PathError, JournalError) as error:
            problem = error.problem if isinstance(error, PathError) else error
            self._files.warn(f"{self.path}: {problem}; the rest was not read")

    def _say(self, journal: JournalFile) -> None:
        while journal.problems:
            self._files.warn(f"{self.path}: {journal.problems.pop(0)}")

    def _at(self, journal: JournalFile, place: int, wanted: Wanted) -> tuple[int, LogRecord] | None:
        try:
            moment = journal.moment(place) * 1000
            if not wanted.takes_time(moment):
                return None
            return moment, self._record(moment, journal.entry(place))
        except JournalError as error:
            journal.problem(f"some entries are missing: {error}")
            return None

    def _record(self, moment: int, fields: dict[str, bytes]) -> LogRecord:
        values = {name: text_of(value) for name, value in fields.items()}
        identifier = values.get("SYSLOG_IDENTIFIER") or values.get("_COMM") or ""
        unit = values.get("_SYSTEMD_UNIT") or ""
        if values.get("_PID") == "1" and "UNIT" in values:
            unit = values["UNIT"]  # systemd itself speaks about a unit; nobody else is believed
        pid = values.get("SYSLOG_PID") or values.get("_PID") or ""
        level = values.get("PRIORITY", "")
        return LogRecord(
            Timestamp(moment),
            values.get("_HOSTNAME", ""),
            unit or identifier,
            identifier or unit,
            decimal(pid, 10),
            PRIORITIES[int(level)] if len(level) == 1 and level in "01234567" else None,
            values.get("MESSAGE", ""),
            self.path,
        )


def _chosen(journal: JournalFile, wanted: Wanted, backward: bool) -> Iterable[int]:
    """Give the places of the entries that may fit, in their order, with the file's indexes.

    Times are no help there: a clock that was wrong for a while would hide what came after.
    """
    places: Sequence[int] = journal.entries()
    chosen: set[int] | None = None
    with contextlib.suppress(JournalError):  # a damaged index: every entry is looked at instead
        if wanted.units:
            chosen = set()
            for field in _FIELDS_OF_UNITS:
                chosen |= journal.having(field, wanted.takes_unit)
        if wanted.level is not None:
            important = journal.having("PRIORITY", lambda text: _is_within(text, wanted.level or 0))
            chosen = important if chosen is None else chosen & important
        if chosen is not None:
            places = [place for place in places if place in chosen]
    return reversed(places) if backward else places


def _is_within(text: str, level: int) -> bool:
    return len(text) == 1 and text in "01234567" and int(text) <= level
