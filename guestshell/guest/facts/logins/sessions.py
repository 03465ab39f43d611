"""Who logged in, from where and for how long; what failed; when the system went up and down.

The files are those of utmp(5), the databases those of wtmpdb(8) and lastlog2(8).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from guestshell.errors import PathError
from guestshell.guest.facts.accounts.passwd import read_users
from guestshell.guest.facts.files import Files, entries_if_there, read_if_there
from guestshell.guest.facts.formats.sqlite_file import MAGIC, SqliteFile
from guestshell.guest.facts.logins import utmp
from guestshell.guest.facts.logins.lastlog import (
    LASTLOG,
    LASTLOG2,
    Last,
    read_lastlog,
    read_lastlog2,
)
from guestshell.guest.facts.logins.login import Login
from guestshell.guest.facts.logins.records import read_records, rotated
from guestshell.guest.facts.logins.utmp import Record
from guestshell.values import Name, Timestamp

_SECOND = 10**9
_SAME = 10 * _SECOND
"""A last login this close to a session's beginning is that session."""

_MOST = 2**20
"""Records of a file whose sessions are followed, 400 MB of them."""

_OF_THE_SYSTEM = ("boot", "shutdown", "runlevel", "clock")
_UTMP = ("/run/utmp", "/var/run/utmp")
_WTMPDB = "/var/lib/wtmpdb"


def read_logins(files: Files, places: Sequence[str] = ()) -> list[Login]:
    """Give the logins in the order of their times; of these files alone where some are named.

    A session goes on from a rotated file into the next. Where none is kept that is warned of.
    """
    if not places:
        if not rotated(files, "wtmp") and not _databases(files):
            files.warn("/var/log/wtmp: is not there, nor a database of wtmpdb")
        return known_logins(files)
    logs = [Name(place) for place in places if not _is_database(files, place)]
    return _in_order(files, logs, [Name(place) for place in places if place not in logs])


def known_logins(files: Files) -> list[Login]:
    """Give the logins that any record tells, in the order of their times."""
    found = _in_order(files, rotated(files, "wtmp"), _databases(files))
    found += _utmp(files)
    found += _only_last(files, found)
    return sorted(found, key=_time)


def _in_order(files: Files, logs: Sequence[Name], databases: Iterable[Name]) -> list[Login]:
    found = follow((log, record) for log in logs for record in _bounded(files, log))
    for place in databases:
        found += _database(files, place)
    return sorted(found, key=_time)


def _time(login: Login) -> int:
    return login.time


def read_failed_logins(files: Files, places: Sequence[str] = ()) -> Iterator[Login]:
    """Yield the failed attempts of btmp and its rotated predecessors, or of these files alone."""
    places = places or rotated(files, "btmp")
    if not places:
        files.warn("/var/log/btmp: is not there")
    for path in places:
        for record in read_records(files, path):
            yield _login(Name(path), record, "failed")


def _bounded(files: Files, path: str) -> Iterator[Record]:
    for count, record in enumerate(read_records(files, path)):
        if count == _MOST:
            files.warn(f"{path}: only its first {_MOST} records are read")
            return
        yield record


def _login(path: Name, record: Record, kind: str) -> Login:
    line = _level(record) if kind == "runlevel" else record.line
    return Login(
        Timestamp(record.time),
        Name(record.user),
        kind,
        line,
        record.host,
        path,
        record.address,
        None if kind in _OF_THE_SYSTEM else record.pid,
    )


def _level(record: Record) -> str:
    """Give the runlevel that a record tells of, `0` to `6` or `S`: utmp(5), ut_pid."""
    level = chr(record.pid & 0xFF)
    return level if level.isascii() and level.isalnum() else ""


def _ended(login: Login, end: int, how: str) -> Login:
    return replace(
        login,
        end=Timestamp(end),
        duration=max(end // _SECOND - login.time // _SECOND, 0),
        ended=how,
    )


def _kind(record: Record) -> str:
    """Say what a record tells, as last(1) does: programs fill in ut_type as they please."""
    if record.line.startswith("~"):
        by_name = {"shutdown": "shutdown", "reboot": "boot", "runlevel": "runlevel"}
        if record.user in by_name:
            return by_name[record.user]
    if record.type in (utmp.OLD_TIME, utmp.NEW_TIME) or (
        record.user == "date" and record.line in ("|", "{")
    ):
        return "clock"
    if record.type == utmp.BOOT:
        return "boot"
    if record.type == utmp.RUN_LEVEL:
        return "shutdown" if record.user == "shutdown" else "runlevel"
    if record.type == utmp.LOGOUT:
        return "logout"
    if not record.user or record.user == "LOGIN" or record.type in (utmp.INIT, utmp.GETTY):
        return "prompt"
    return "login" if record.line else ""


def follow(records: Iterable[tuple[Name, Record]]) -> list[Login]:
    """Give the logins that records tell in the order they were written, and how each ended.

    A session ends with the next record of its line, or with the system: last(1).
    """
    found: list[Login] = []
    open_lines: dict[str, int] = {}
    prompts: set[str] = set()
    boot: int | None = None

    def end_all(time: int, how: str) -> None:
        nonlocal boot
        for place in (*open_lines.values(), *([] if boot is None else [boot])):
            found[place] = _ended(found[place], time, how)
        open_lines.clear()
        prompts.clear()
        boot = None

    def end_line(line: str, time: int, how: str) -> bool:
        place = open_lines.pop(line, None)
        if place is not None:
            found[place] = _ended(found[place], time, how)
        return place is not None

    for path, record in records:
        kind = _kind(record)
        if kind == "prompt":
            end_line(record.line, record.time, "logout")
            prompts.add(record.line)
            continue
        if kind == "logout":
            waited = record.line in prompts
            prompts.discard(record.line)
            if end_line(record.line, record.time, "logout") or waited or not record.line:
                continue
        elif kind == "login":
            end_line(record.line, record.time, "next login")
            prompts.discard(record.line)
            open_lines[record.line] = len(found)
        elif kind == "boot":
            end_all(record.time, "crash")
            boot = len(found)
        elif kind == "shutdown" or (kind == "runlevel" and _level(record) in ("0", "6")):
            end_all(record.time, "shutdown")
        if kind:
            found.append(_login(path, record, kind))
    return found


def _utmp(files: Files) -> list[Login]:
    """Give who was logged in when the system went down without clearing utmp."""
    seen: set[Name] = set()
    found = []
    for path in _UTMP:
        try:
            place = files.resolve(path)
        except PathError:
            continue
        if place not in seen:
            seen.add(place)
            found += [
                _login(place, record, "login")
                for record in _bounded(files, place)
                if _kind(record) == "login"
            ]
    return found


def _is_database(files: Files, path: str) -> bool:
    return (read_if_there(files, path, len(MAGIC)) or b"") == MAGIC


def _databases(files: Files) -> list[Name]:
    entries = entries_if_there(files, _WTMPDB)
    return [entry.path for entry in entries if entry.is_file and entry.name.endswith(".db")]


def _database(files: Files, path: Name) -> Iterator[Login]:
    """Yield the sessions of a wtmpdb(8); its times are microseconds."""
    kinds = {1: "boot", 2: "runlevel", 3: "login"}
    columns = ("Type", "User", "Login", "Logout", "TTY", "RemoteHost")
    with SqliteFile(files, path) as database:
        for kind, user, start, end, line, host in database.rows("wtmp", columns):
            if kind not in kinds or not _is_time(start):
                files.warn(f"{path}: a damaged row is left out")
                continue
            login = Login(
                Timestamp(start * 1000),
                Name(str(user)),
                kinds[kind],
                str(line or ""),
                str(host or ""),
                path,
            )
            how = "shutdown" if kinds[kind] == "boot" else "logout"
            yield _ended(login, end * 1000, how) if _is_time(end) else login


def _is_time(value: object) -> bool:
    return isinstance(value, int) and 0 < value < 2**55


def _only_last(files: Files, known: Iterable[Login]) -> list[Login]:
    """Give the last logins of lastlog and lastlog2 that no other record tells."""
    times: dict[str, list[int]] = {}
    for login in known:
        if login.kind == "login":
            times.setdefault(login.user, []).append(login.time)
    names: dict[int, list[Name]] = {}
    for user in read_users(files):
        names.setdefault(user.uid, []).append(user.name)

    def is_known(last: Last, users: Iterable[str]) -> bool:
        return any(abs(time - last.time) <= _SAME for who in users for time in times.get(who, ()))

    found = []
    for uid, last in read_lastlog(files, names).items():
        users = names.get(uid, [Name(str(uid))])
        if not is_known(last, users):
            found.append(_last(last, users[0], LASTLOG))
    for name, last in read_lastlog2(files).items():
        if not is_known(last, (name,)):
            found.append(_last(last, name, LASTLOG2))
    return found


def _last(last: Last, user: str, source: str) -> Login:
    return Login(Timestamp(last.time), Name(user), "last", last.line, last.host, Name(source))
