"""The local time of a guest, in which syslog's old format writes."""

import errno
import io
import struct
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest.facts.files import Files
from guestshell.values import encode_name

LOCALTIME = "/etc/localtime"
_ZONES = "/zoneinfo/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAMAGED = (ValueError, OverflowError, IndexError, KeyError, EOFError, TypeError, struct.error)
"""What ZoneInfo raises over files that are no tzfile(5)."""


def local_zone(files: Files) -> tzinfo:
    """Give the guest's time zone, localtime(5): its own /etc/localtime, UTC where it has none.

    Where that links to a zone which the guest itself lacks, the host's data of that name serves.
    """
    try:
        data = files.read(LOCALTIME, 2**20)
    except NoSuchPath:
        return _named_zone(files)
    except PathError as error:
        files.warn(f"{error}; times without a zone are taken for UTC")
        return UTC
    try:
        zone = ZoneInfo.from_file(io.BytesIO(data))
        for year in (1980, 2000, 2020, 2040):  # a damaged rule shows when it is applied
            datetime(year, 6, 1, tzinfo=zone).astimezone(UTC)
    except _DAMAGED as error:
        files.warn(f"{LOCALTIME}: is no time zone ({error}); UTC is taken instead")
        return UTC
    return zone


def _named_zone(files: Files) -> tzinfo:
    try:
        target = files.entry(LOCALTIME).target
    except PathError as error:
        if error.errno != errno.ENOENT:
            files.warn(f"{error}; times without a zone are taken for UTC")
        return UTC
    name = (target or "").partition(_ZONES)[2]
    try:
        encode_name(name).decode("ascii")
        return ZoneInfo(name)  # which refuses names that lead out of the host's zones
    except (*_DAMAGED, OSError):
        files.warn(f"{LOCALTIME}: leads to no time zone; UTC is taken instead")
        return UTC


@lru_cache(4096)
def local_minute(zone: tzinfo, year: int, month: int, day: int, hour: int, minute: int) -> int:
    """Give a minute of local time in ns since the epoch. Raises ValueError for one there is not.

    Of an hour that the end of summer time repeats, the first is meant.
    """
    moment = datetime(year, month, day, hour, minute, tzinfo=zone)
    try:
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(seconds=1) * 10**9
    except OverflowError as error:
        raise ValueError(str(error)) from None


@lru_cache(4096)
def exact_second(text: str) -> int:
    """Give a RFC 3339 time to the second in ns since the epoch. Raises ValueError."""
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // timedelta(seconds=1) * 10**9
    except (OverflowError, TypeError) as error:
        raise ValueError(str(error)) from None


def local_time(zone: tzinfo, moment: int) -> datetime:
    """Give ns since the epoch as local time, cut to the years that a datetime has."""
    seconds = min(max(moment // 10**9, -62_000_000_000), 253_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone)
