"""One log record wherever it stood, and what may be asked of it."""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from guestshell.values import Name, Timestamp

PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""The severities of RFC 5424, section 6.2.1, by number, called as syslog(3) does."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One entry of a log, or a line of one that has no `time` and so belongs to the line before.

    `unit` is the systemd unit that it is about or comes from, else the same as `identifier`, the
    name that the program gave itself. `pid` and `priority` are None where the log keeps none.
    """

    time: Timestamp | None
    host: str
    unit: str
    identifier: str
    pid: int | None
    priority: str | None
    message: str
    source: Name


@dataclass(frozen=True)
class Wanted:
    """Which records are asked for; every condition given must hold.

    `units` are globs of unit names, which may lack their `.service`, or of identifiers. `level`
    is the number of the least important priority; records without one never fit it. `since` and
    `until` are ns since the epoch, `until` no longer included.
    """

    units: tuple[str, ...] = ()
    level: int | None = None
    since: int | None = None
    until: int | None = None
    message: re.Pattern[str] | None = None
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def takes_unit(self, name: str) -> bool:
        """Say whether a unit or identifier is one of those asked for."""
        if not self.units:
            return True
        known = self._known.get(name)
        if known is None:
            if len(self._known) > 10_000:
                self._known.clear()
            names = {name, name.removesuffix(".service")}
            known = any(fnmatch.fnmatchcase(n, unit) for unit in self.units for n in names)
            self._known[name] = known
        return known

    def takes_priority(self, priority: str | None) -> bool:
        """Say whether a priority is as important as was asked for."""
        if self.level is None:
            return True
        return priority in PRIORITIES[: self.level + 1]

    def takes_time(self, moment: int) -> bool:
        """Say whether a moment in ns lies in the time asked for."""
        return (self.since is None or self.since <= moment) and (
            self.until is None or moment < self.until
        )

    def takes(self, moment: int, record: LogRecord) -> bool:
        """Say whether a record fits; `moment` is its time, or where it stands without one."""
        return (
            self.takes_time(moment)
            and self.takes_priority(record.priority)
            and (self.takes_unit(record.unit) or self.takes_unit(record.identifier))
            and (self.message is None or self.message.search(record.message) is not None)
        )


class Source(Protocol):
    """A file of records in the order of their times, but for clocks that were set back."""

    path: Name
    start: int
    """About when its first record was written, in ns; known without reading it all."""
    end: int
    """When its last one was, or later."""

    def records(self, wanted: Wanted, *, backward: bool) -> Iterator[tuple[int, LogRecord]]:
        """Yield at least the records wanted, each with where it stands in time, in ns."""
