"""One value as the text of one cell, by the kind its field declares."""

import dataclasses
import stat
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from guestshell.output.fields import fields_of
from guestshell.output.safe import safe_line, safe_name
from guestshell.values import Mode, Name, Percent, Size, Timestamp

_UNITS = "BKMGTPE"


def human_size(size: int) -> str:
    """Give bytes in at most five characters: 999, 1.5K, 23M (powers of 1024)."""
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    if unit == 0:
        return str(size)
    return f"{amount:.1f}{_UNITS[unit]}" if amount < 10 else f"{amount:.0f}{_UNITS[unit]}"


@lru_cache(256)  # select and group make types as they go
def _second(seconds: int) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"
    return moment.replace(tzinfo=None).isoformat(" ") + "Z"  # %Y does not fill up the year 999


def utc(timestamp: int) -> str:
    """Give nanoseconds since the epoch as UTC to the second."""
    return _second(timestamp // 10**9)


def rfc3339(timestamp: int) -> str:
    """Give nanoseconds since the epoch as RFC 3339 in UTC; `@seconds` beyond the year 9999."""
    seconds, fraction = divmod(timestamp, 10**9)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        seconds, fraction = divmod(abs(timestamp), 10**9)
        return f"@{'-' if timestamp < 0 else ''}{seconds}.{fraction:09d}"
    return f"{moment.replace(tzinfo=None).isoformat()}.{fraction:09d}Z"


def utc_exact(timestamp: int) -> str:
    """Give nanoseconds since the epoch as UTC with all nine digits."""
    return _second(timestamp // 10**9).replace("Z", f".{timestamp % 10**9:09d}Z")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(_value(item) for item in value)
    return safe_line(str(value))


@dataclasses.dataclass(frozen=True)
class Column:
    """A field of a row type: its heading, its side, and how its value becomes text."""

    field: str
    heading: str
    right: bool
    text: Callable[[Any], str]


def _formatter(kind: Any, human_sizes: bool) -> Callable[[Any], str]:
    if kind is Size:
        return human_size if human_sizes else str
    if kind is Timestamp:
        return utc
    if kind is Mode:
        return stat.filemode
    if kind is Percent:
        return lambda share: f"{share:.0f}%"
    if kind is Name:
        return lambda value: (
            ", ".join(map(safe_name, value)) if isinstance(value, tuple) else safe_name(value)
        )
    return str if kind is int else _value


_HEADINGS = {
    "uid": "UID",
    "gid": "GID",
    "id": "ID",
    "mac": "MAC",
    "md5": "MD5",
    "pid": "PID",
    "ssid": "SSID",
    "uuid": "UUID",
    "used_percent": "use",
    "os": "OS",
    "sha256": "SHA-256",
    "selinux": "SELinux",
    "mtime": "modified",
    "atime": "accessed",
    "ctime": "changed",
    "drop_ins": "drop-ins",
}


def heading(field: str) -> str:
    """Give the words for a field name."""
    words = _HEADINGS.get(field, field.replace("_", " "))
    return words[:1].upper() + words[1:]


def columns_of(row_type: type, names: tuple[str, ...], human_sizes: bool) -> tuple[Column, ...]:
    """Give the columns of a dataclass: those named, in that order, or all."""
    return _columns(cast(Hashable, row_type), names, human_sizes)


@lru_cache(256)
def _columns(row_type: Any, names: tuple[str, ...], human_sizes: bool) -> tuple[Column, ...]:
    kinds = {field.name: field.kind for field in fields_of(row_type)}
    return tuple(
        Column(
            field=name,
            heading=heading(name),
            right=_is_number(kinds[name]),
            text=_or_nothing(_formatter(kinds[name], human_sizes), kinds[name]),
        )
        for name in names or kinds
    )


def _is_number(kind: Any) -> bool:
    return kind in (int, float, Size, Percent)


def _or_nothing(text: Callable[[Any], str], kind: Any) -> Callable[[Any], str]:
    nothing = "-" if _is_number(kind) else ""
    return lambda value: nothing if value is None else text(value)
