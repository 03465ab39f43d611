"""Sizes, moments and durations as people type them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from guestshell.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMGTPE])(iB|B)?|B)?", re.IGNORECASE)
_POWERS = "KMGTPE"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|min|m|h|d|w|y)")
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
_FRACTION = re.compile(r"(.*:\d\d)\.(\d{1,9})(Z|[+-]\d\d:?\d\d)?")


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
    return int(Decimal(match[1]) * base**power)


def parse_time(text: str) -> Span | Age:
    """Give a moment in UTC (RFC 3339, or cut short to the day or minute) or an age.

    Raises UsageError.
    """
    if match := _DURATION.fullmatch(text):
        unit = _UNITS[match[2]]
        return Age(int(Decimal(match[1]) * unit), unit)
    if re.fullmatch(r"@\d{1,12}", text):
        return Span(int(text[1:]) * 10**9, (int(text[1:]) + 1) * 10**9)
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is neither a time nor an age",
            "write 2026-03-14, 2026-03-14T02:11:07Z, or an age as 90s, 15m, 6h, 2d, 3w, 1y",
        ) from None


def _moment(text: str) -> Span:
    fraction = 0
    length = 10**9
    if match := _FRACTION.fullmatch(text):
        text = match[1] + (match[3] or "")
        fraction = int(match[2].ljust(9, "0"))
        length = 10 ** (9 - len(match[2]))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if re.fullmatch(r"\d{4}-?\d\d-?\d\d", text):
        length = 86_400 * 10**9
    elif re.fullmatch(r"[\d-]+[T ]\d\d:?\d\d", text):
        length = 60 * 10**9
    whole: timedelta = moment - _EPOCH
    start = (whole // timedelta(seconds=1)) * 10**9 + fraction
    return Span(start, start + length)
