"""Sizes, moments and durations as people type them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from guestshell.errors import UsageError

_NUMBER = r"(\d{1,30}(?:\.\d{1,30})?)"
_SIZE = re.compile(_NUMBER + r"\s*(?:([KMGTPE])(iB|B)?|B)?", re.IGNORECASE)
_POWERS = "KMGTPE"
_DURATION = re.compile(_NUMBER + "(ns|us|ms|s|min|m|h|d|w|y)")
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "min": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86_400 * 10**9,
    "w": 7 * 86_400 * 10**9,
    "y": 365 * 86_400 * 10**9,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(
    r"\d{4}-?\d\d-?\d\d"
    r"(?P<hour>[T ]\d\d(?P<minute>:?\d\d(?P<second>:?\d\d(?P<fraction>[.,]\d{1,9})?)?)?"
    r"(Z|[+-]\d\d:?\d\d)?)?"
)
_SECONDS = re.compile(r"@(-?)(\d{1,20})(?:\.(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Span:
    """A moment as exactly as it was said: from `start` up to but not including `end`, in ns."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Age:
    """So long ago, in ns; `unit` is that of the last digit typed."""

    length: int
    unit: int


def parse_size(text: str) -> int:
    """Give bytes: `10M` and `10MiB` are powers of 1024, `10MB` of 1000. Raises UsageError."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is not a size", "write one as 512, 10K, 1.5M or 2GB")
    base = 1000 if (match[3] or "").upper() == "B" else 1024
    power = _POWERS.index(match[2].upper()) + 1 if match[2] else 0
    return int(Fraction(match[1]) * base**power)


def parse_time(text: str) -> Span | Age:
    """Give a moment in UTC (RFC 3339, cut short to the day, hour or minute, or @seconds) or an age.

    Raises UsageError.
    """
    if match := _DURATION.fullmatch(text):
        unit = _UNITS[match[2]]
        return Age(int(Fraction(match[1]) * unit), unit)
    if match := _SECONDS.fullmatch(text):
        span = _exactly(int(match[2]), match[3] or "")
        return Span(-span.start, span.end - 2 * span.start) if match[1] else span
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is neither a time nor an age",
            "write 2026-03-14, 2026-03-14T02:11:07Z, or an age as 90s, 15m, 6h, 2d, 3w, 1y",
        ) from None


def _exactly(seconds: int, digits: str) -> Span:
    """Give the span of a second, or of the part of it that digits after its point name."""
    start = seconds * 10**9 + int(digits.ljust(9, "0"))
    return Span(start, start + 10 ** (9 - len(digits)))


def _moment(text: str) -> Span:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    fraction = match["fraction"] or ""
    moment = datetime.fromisoformat(text.replace(fraction, "", 1))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    span = _exactly((moment - _EPOCH) // timedelta(seconds=1), fraction[1:])
    if match["second"]:
        return span
    unit = "m" if match["minute"] else "h" if match["hour"] else "d"
    return Span(span.start, span.start + _UNITS[unit])
