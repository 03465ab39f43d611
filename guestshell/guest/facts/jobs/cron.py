"""What runs at set times: cron(8), anacron(8), run-parts(8), at(1), timers of systemd."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from guestshell.guest.entries import Entry
from guestshell.guest.facts.accounts.passwd import read_users
from guestshell.guest.facts.files import (
    Files,
    entries_if_there,
    entry_if_there,
    read_small,
)
from guestshell.guest.facts.jobs.at_jobs import read_at_jobs
from guestshell.guest.facts.jobs.cron_daemon import CronDaemon, find_daemon
from guestshell.guest.facts.jobs.crontab import Line, parse_anacrontab, parse_crontab
from guestshell.guest.facts.jobs.job import Job
from guestshell.guest.facts.jobs.timers import read_timers
from guestshell.guest.facts.text import warn_of_lines
from guestshell.values import Name

_SYSTEM_TABLES = "/etc/cron.d"
_USER_TABLES = (
    "/var/spool/cron/crontabs",
    "/var/spool/cron/tabs",
    "/var/spool/cron",
    "/etc/crontabs",
)
"""Debian's, SUSE's and Red Hat's directory, and Alpine's."""

_SCRIPTS = {
    **{f"/etc/cron.{every}": every for every in ("hourly", "daily", "weekly", "monthly", "yearly")},
    **{
        f"/etc/periodic/{every}": every
        for every in ("15min", "hourly", "daily", "weekly", "monthly")
    },
}
_KEEPS = frozenset((".placeholder", "README", ".keep", "cron.update"))


def read_jobs(files: Files) -> Iterator[Job]:
    """Yield everything that runs at set times, tables that cron would not take too."""
    daemon = find_daemon(files)
    accounts = read_users(files)
    uids = {user.name: user.uid for user in accounts[::-1]}
    found = False
    for job in (
        *_system_tables(files, daemon, uids),
        *_user_tables(files, daemon, uids),
        *_anacron(files),
        *_scripts(files, daemon),
    ):
        found = True
        yield job
    if found and not daemon.is_there:
        files.warn("/usr/sbin: has no cron that would run what its tables say")
    yield from read_at_jobs(files, {user.uid: user.name for user in accounts[::-1]})
    yield from read_timers(files)


def _system_tables(files: Files, daemon: CronDaemon, uids: Mapping[Name, int]) -> Iterator[Job]:
    for entry in (entry_if_there(files, "/etc/crontab"), *entries_if_there(files, _SYSTEM_TABLES)):
        if entry is None or entry.kind not in ("file", "symlink") or entry.name in _KEEPS:
            continue
        data = read_small(files, entry.path) or b""
        lines, bad = parse_crontab(data, system=True)
        warn_of_lines(files, entry.path, bad, "has not five times, a user and a command")
        why_not = daemon.why_not_system(entry)
        for job in _jobs("cron", entry, lines, why_not):
            unknown = bool(uids) and job.enabled and Name(job.user) not in uids
            yield replace(job, enabled=False, note="no such user") if unknown else job


def _user_tables(files: Files, daemon: CronDaemon, uids: Mapping[Name, int]) -> Iterator[Job]:
    seen = set[tuple[int, int]]()
    for directory in _USER_TABLES:
        for entry in entries_if_there(files, directory):
            if not entry.is_file or entry.name in _KEEPS:
                continue
            if (entry.device, entry.inode) in seen:  # Alpine's spool is a link to /etc/crontabs
                continue
            seen.add((entry.device, entry.inode))
            data = read_small(files, entry.path) or b""
            lines, bad = parse_crontab(data, system=False)
            warn_of_lines(files, entry.path, bad, "has not five times and a command")
            why_not = daemon.why_not_user(entry, uids.get(entry.name))
            yield from _jobs("cron", entry, lines, why_not, user=entry.name)


def _anacron(files: Files) -> Iterator[Job]:
    entry = entry_if_there(files, "/etc/anacrontab")
    if entry is None:
        return
    lines, bad = parse_anacrontab(read_small(files, entry.path) or b"")
    warn_of_lines(files, entry.path, bad, "has not days, delay, job and command")
    yield from _jobs("anacron", entry, lines, "")


def _jobs(
    kind: str, entry: Entry, lines: Sequence[Line], why_not: str, user: str = ""
) -> Iterator[Job]:
    for line in lines:
        yield Job(
            kind=kind,
            schedule=line.schedule,
            user=user or line.user,
            command=line.command,
            enabled=line.is_valid and not why_not,
            note=why_not if line.is_valid else "cron does not understand its time",
            name=Name(line.name) if line.name else entry.name,
            file=entry.path,
            line=line.number,
            environment=line.environment,
            mtime=entry.mtime,
        )


def _scripts(files: Files, daemon: CronDaemon) -> Iterator[Job]:
    for directory, every in _SCRIPTS.items():
        for entry in entries_if_there(files, directory):
            if entry.is_directory or entry.name in _KEEPS:
                continue
            why_not = daemon.why_not_script(entry)
            yield Job(
                kind="run-parts",
                schedule=every,
                user="root",
                command=str(entry.path),
                enabled=not why_not,
                note=why_not,
                name=entry.name,
                file=entry.path,
                mtime=entry.mtime,
            )
