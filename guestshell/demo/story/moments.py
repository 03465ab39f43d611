"""When it happened. The clock on the wall is Berlin's, in March an hour ahead of UTC."""

from datetime import UTC, datetime, timedelta


def at(text: str) -> int:
    """Give a moment in UTC, as `2026-03-14 01:11:07`, in seconds since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


INSTALLED = at("2025-11-17 10:02:00")
BOOTED = at("2026-03-02 05:58:02")
BREAK_IN = at("2026-03-14 01:11:07")
USER_ADDED = at("2026-03-14 01:25:11")
END = at("2026-03-14 11:11:07")

_LOCAL = timedelta(hours=1)


def night(clock: str) -> int:
    """Give a moment of that night by its time in UTC, as `01:42:02`."""
    return at(f"2026-03-14 {clock}")


def local_stamp(moment: int) -> str:
    """Give a moment as the system logger writes it: `Mar 14 02:11:07`, local time, no year."""
    return (datetime.fromtimestamp(moment, UTC) + _LOCAL).strftime("%b %d %H:%M:%S")
