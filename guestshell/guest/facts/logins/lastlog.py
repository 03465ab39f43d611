"""Who last logged in when: lastlog(8) by uid, and lastlog2(8), an SQLite database, by name."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.formats.sqlite_file import SqliteFile

LASTLOG = "/var/log/lastlog"
LASTLOG2 = "/var/lib/lastlog/lastlog2.db"

_FIRST = 2**20
"""Bytes read in one piece: the uids up to 3590. Others are read one by one, the file is sparse."""

# time, line, host; <bits/utmp.h>: times of 64 bits where __WORDSIZE_TIME64_COMPAT32 is not set
_LAYOUTS = tuple(struct.Struct(f"{order}{time}32s256s") for order in "<>" for time in "Iq")


@dataclass(frozen=True, slots=True)
class Last:
    """Somebody's last login: `time` in nanoseconds since the epoch, on which line, from where."""

    time: int
    line: str
    host: str


def read_lastlog(files: Files, uids: Iterable[int]) -> dict[int, Last]:
    """Give the last logins of these uids, and of any other with a low number."""
    found: dict[int, Last] = {}
    try:
        with files.open(LASTLOG) as file:
            first = file.read(_FIRST)
            layout = max(_LAYOUTS, key=lambda layout: _fit(layout, first))
            if _fit(layout, first) <= 0 and any(first):
                files.warn(f"{LASTLOG}: holds no last logins")
                return found
            for uid in range(len(first) // layout.size):
                _add(found, uid, layout, first[uid * layout.size : (uid + 1) * layout.size])
            for uid in sorted(set(uids)):
                if (uid + 1) * layout.size > _FIRST:
                    file.seek(uid * layout.size)
                    _add(found, uid, layout, file.read(layout.size))
    except NoSuchPath:
        pass
    except PathError as error:
        files.warn(str(error))
    return found


def _add(found: dict[int, Last], uid: int, layout: struct.Struct, record: bytes) -> None:
    if len(record) == layout.size and any(record):
        seconds, line, host = layout.unpack(record)
        if 0 < seconds < 2**40:
            found[uid] = Last(seconds * 10**9, _text(line), _text(host))


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _fit(layout: struct.Struct, data: bytes) -> int:
    """Say by how many more records are such than are not."""
    balance = 0
    for start in range(0, len(data) - layout.size + 1, layout.size):
        if not any(data[start : start + layout.size]):
            continue
        seconds, line, host = layout.unpack_from(data, start)
        texts = all(b"\0" not in text.rstrip(b"\0") for text in (line, host)) and not host[-1]
        # a login before 1990 is none, and 2106 is the end of what 32 bits can tell
        balance += 1 if texts and line[0] and 631_152_000 <= seconds < 2**32 else -1
    return balance


def read_lastlog2(files: Files) -> dict[str, Last]:
    """Give the last logins that lastlog2's database knows."""
    found: dict[str, Last] = {}
    with SqliteFile(files, LASTLOG2) as database:
        for name, seconds, line, host in database.rows(
            "Lastlog2", ("Name", "Time", "TTY", "RemoteHost")
        ):
            if isinstance(name, str) and isinstance(seconds, int) and 0 < seconds < 2**40:
                found[name] = Last(seconds * 10**9, str(line or ""), str(host or ""))
    return found
