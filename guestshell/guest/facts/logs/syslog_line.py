"""One line of a text log: RFC 3164 as rsyslog(8) and syslogd write it, RFC 3339 times, RFC 5424.

rsyslog's own two formats are the templates RSYSLOG_TraditionalFileFormat and
RSYSLOG_FileFormat of rsyslog.conf(5); Debian 12 went from the first to the second.
"""

import re
from dataclasses import dataclass

from guestshell.guest.facts.logs.clock import exact_second
from guestshell.guest.facts.logs.record import PRIORITIES
from guestshell.guest.facts.text import decimal

_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH_NUMBER = {name: number for number, name in enumerate(_MONTHS, 1)}
_PRIORITY = rb"(?:<(?P<priority>\d{1,3})>)?"
_EXACT = (
    rb"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
    rb"(?P<zone>Z|[+-]\d\d:?\d\d)"
)
_STAMP = (
    _PRIORITY + rb"(?P<month>" + b"|".join(_MONTHS) + rb") (?P<day>[ \d]\d) "
    rb"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))? "
)
_MONTH = re.compile(rb"\0*" + _STAMP)
_OLD = re.compile(_STAMP + rb"(?P<host>\S+) (?P<rest>.*)", re.DOTALL)
_NEW = re.compile(_PRIORITY + _EXACT + rb" (?P<host>\S+) (?P<rest>.*)", re.DOTALL)
_RFC5424 = re.compile(
    rb"<(?P<priority>\d{1,3})>1 " + _EXACT + rb" (?P<host>\S+) (?P<program>\S+) (?P<pid>\S+) \S+ "
    rb'(?:-|(?>(?:\[(?>(?:[^\]"\\]|"(?>(?:[^"\\]|\\.)*)"|\\.)*)\])+))(?: (?P<rest>.*))?',
    re.DOTALL,
)
_TAG = re.compile(rb"(?P<program>[^\s:\[]{1,255})(?:\[(?P<pid>\d{1,10})\])?: ?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """A line's parts. Of the old format `month`, `day` and so on are set, else `moment` in ns."""

    moment: int | None
    month: int
    day: int
    hour: int
    minute: int
    nanoseconds: int
    host: str
    identifier: str
    pid: int | None
    priority: str | None
    message: str


def text_of(data: bytes) -> str:
    """Give text in UTF-8, other bytes as surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape")


def month_of(line: bytes) -> int | None:
    """Give the month of a line in the old format, None of any other."""
    match = _MONTH.match(line)
    return _MONTH_NUMBER[match["month"]] if match else None


def parse_line(line: bytes) -> Line | None:
    """Give the parts of a line, None for one that does not begin with a time."""
    line = line.lstrip(b"\0").rstrip(b"\r")  # a crash leaves blocks of NULs behind
    match = _OLD.match(line) or _NEW.match(line) or _RFC5424.match(line)
    if match is None:
        return None
    parts = match.groupdict()
    fraction = int((parts["fraction"] or b"").ljust(9, b"0") or 0)
    rest = parts["rest"] or b""
    program, pid = parts.get("program"), parts.get("pid")
    if program is None:
        tag = _TAG.match(rest)
        if tag is not None:
            program, pid = tag["program"], tag["pid"]
            rest = rest[tag.end() :]
    moment, month, day, hour, minute = None, 0, 0, 0, 0
    try:
        if "month" in parts:
            month, day = _MONTH_NUMBER[parts["month"]], int(parts["day"])
            hour, minute = int(parts["hour"]), int(parts["minute"])
            fraction += min(int(parts["second"]), 59) * 10**9  # 60 is a leap second
        else:
            moment = exact_second((parts["second"] + parts["zone"]).decode()) + fraction
    except ValueError:
        return None
    return Line(
        moment,
        month,
        day,
        hour,
        minute,
        fraction,
        text_of(parts["host"]),
        text_of(program) if program not in (None, b"-") else "",
        decimal(text_of(pid), 10) if pid else None,
        _priority(parts["priority"]),
        text_of(rest),
    )


def _priority(number: bytes | None) -> str | None:
    """Give the severity in a PRI, RFC 5424, section 6.2.1; 191 is the highest."""
    if number is None or int(number) > 191:
        return None
    return PRIORITIES[int(number) & 7]
