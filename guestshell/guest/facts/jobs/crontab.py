"""The tables of cron and anacron: crontab(5), anacrontab(5)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.guest.facts.text import decimal, numbered_lines

_ENVIRONMENT = re.compile(r"""("[^"]*"|'[^']*'|[^\s"'=]+)\s*=\s*(.*)""")
_WORDS = frozenset(
    ("@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MOST_VARIABLES = 40
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One entry: what it says, where, under which variables, and whether cron understands it."""

    number: int
    schedule: str
    user: str
    command: str
    environment: tuple[str, ...]
    is_valid: bool
    name: str = ""


def parse_crontab(data: bytes, *, system: bool) -> tuple[list[Line], list[int]]:
    """Give the entries of a table and the numbers of the lines that are none.

    The lines of a `system` table name a user behind their times.
    """
    entries: list[Line] = []
    bad: list[int] = []
    for number, text, environment in _entries(data):
        count = 1 if text.startswith("@") else 5
        words = text.split(None, count + system)
        if len(words) <= count + system:
            bad.append(number)
            continue
        fields = words[:count]
        user = words[count] if system else ""
        entries.append(
            Line(number, " ".join(fields), user, words[-1], environment, _is_schedule(fields))
        )
    return entries, bad


def parse_anacrontab(data: bytes) -> tuple[list[Line], list[int]]:
    """Give the entries of an anacrontab(5): days, minutes of delay, job, command."""
    entries: list[Line] = []
    bad: list[int] = []
    for number, text, environment in _entries(data):
        words = text.split(None, 3)
        is_line = len(words) == 4 and (words[0][0] == "@" or decimal(words[0], _DIGITS) is not None)
        if not is_line:
            bad.append(number)
            continue
        days, delay, name, command = words
        valid = decimal(delay, _DIGITS) is not None
        entries.append(Line(number, f"{days} {delay}", "root", command, environment, valid, name))
    return entries, bad


def _entries(data: bytes) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield the lines that say when to run what, and the variables set above each."""
    variables: dict[str, str] = {}
    environment: tuple[str, ...] | None = ()
    for number, line in numbered_lines(data):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if match := _ENVIRONMENT.fullmatch(text):
            name = _unquoted(match[1])
            if name in variables or len(variables) < _MOST_VARIABLES:
                variables[name] = f"{name}={_unquoted(match[2])}"
                environment = None
            continue
        if environment is None:
            environment = tuple(variables.values())
        yield number, text, environment


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _is_schedule(fields: list[str]) -> bool:
    """Say whether cron understands the times; `-` before the minute is SUSE's, for no log."""
    if len(fields) == 1:
        return fields[0] in _WORDS
    names: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _DAYS)
    fields = [fields[0].removeprefix("-"), *fields[1:]]
    return all(
        _is_field(field, *bounds, words)
        for field, bounds, words in zip(fields, _RANGES, names, strict=True)
    )


def _is_field(field: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    if len(field) > 1000:
        return False
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if slash and not decimal(step, _DIGITS):
            return False
        # cronie's a~b is a random time between the two
        ends = [] if span in ("*", "~") else re.split("[-~]", span)
        if len(ends) > 2:
            return False
        for end in ends:
            number = decimal(end, _DIGITS)
            if end.lower() not in names and (number is None or not low <= number <= high):
                return False
    return True
