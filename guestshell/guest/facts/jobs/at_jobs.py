"""Jobs of at(1): files whose names hold queue, number and time."""

import re
from collections.abc import Iterator, Mapping

from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files, entries_if_there, read_if_there
from guestshell.guest.facts.jobs.job import Job
from guestshell.values import Name, Timestamp

SPOOLS = ("/var/spool/cron/atjobs", "/var/spool/at", "/var/spool/atjobs", "/var/spool/atd")
"""Where jobs wait: Debian's, Red Hat's, SUSE's and Arch's directory."""

_NAME = re.compile(r"([A-Za-z=])([0-9a-f]{5})([0-9a-f]{8})")
_HEADER = re.compile(r"# atrun uid=(\d{1,10}) gid=\d{1,10}")
_HERE = re.compile(r"<< *'?(marcin[A-Za-z]+[0-9a-f]+)'?$")
_EXPORTED = re.compile(r"([A-Za-z_]\w*)=(.*); export \1")
_MOST = 256 * 1024


def read_at_jobs(files: Files, users: Mapping[int, Name]) -> Iterator[Job]:
    """Yield the jobs that wait, by the names of their files."""
    for spool in SPOOLS:
        for entry in entries_if_there(files, spool):
            match = _NAME.fullmatch(entry.name)
            if match is None or not entry.is_file:
                if entry.is_file and entry.name not in (".SEQ", ".lockfile"):
                    files.warn(f"{entry.path}: is no at job by its name")
                continue
            yield _job(files, entry, match[1], int(match[2], 16), int(match[3], 16), users)


def _job(
    files: Files, entry: Entry, queue: str, number: int, minutes: int, users: Mapping[int, Name]
) -> Job:
    data = read_if_there(files, entry.path, _MOST) or b""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    header = next((match for line in lines[:5] if (match := _HEADER.match(line))), None)
    if header is None:
        files.warn(f"{entry.path}: has no header of an at job")
    uid = int(header[1]) if header else entry.uid
    command, environment = _body(lines)
    due = Timestamp(minutes * 60 * 10**9)
    notes = []
    if queue == "=":
        notes.append("was running")
    elif queue.isupper() or queue == "b":
        notes.append("waits for a low load")  # at(1), batch
    if not entry.mode & 0o100:  # atd takes a job whose owner may execute it
        notes.append("is not executable")
    if uid != entry.uid:
        notes.append(f"its owner is {entry.owner}")
    return Job(
        kind="at",
        schedule=_utc(minutes),
        user=users.get(uid, Name(str(uid))),
        command=command,
        enabled=bool(entry.mode & 0o100) and uid == entry.uid and header is not None,
        note=", ".join(notes),
        name=Name(str(number)),
        file=entry.path,
        environment=environment,
        mtime=entry.mtime,
        due=due,
    )


def _utc(minutes: int) -> str:
    """Give minutes since the epoch as at(1) would be told them: 2026-03-14 02:11 UTC."""
    from datetime import UTC, datetime, timedelta

    # 32 bits of minutes end in the year 10136, which datetime does not know
    if minutes >= 4_223_371_680:
        return f"minute {minutes}"
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).strftime(
        "%Y-%m-%d %H:%M UTC"
    )


def _body(lines: list[str]) -> tuple[str, tuple[str, ...]]:
    """Give the commands that were typed, joined by ` ; `, and the variables set above them.

    They follow the `cd` to the directory of the job: `cd DIR || {` with its `}`; newer ones
    stand in a here-document.
    """
    environment = []
    start = 0
    for number, line in enumerate(lines):
        if match := _EXPORTED.match(line):
            environment.append(f"{match[1]}={match[2]}")
        if line == "}" and any(
            before.startswith("cd ") for before in lines[max(0, number - 4) : number]
        ):
            start = number + 1
            break
    commands = lines[start:]
    if commands and (here := _HERE.search(commands[0])):
        end = commands.index(here[1]) if here[1] in commands else len(commands)
        commands = commands[1:end]
    elif start == 0:
        commands = [line for line in commands if not line.startswith("#")]
    return " ; ".join(line.strip() for line in commands if line.strip()), tuple(environment)
