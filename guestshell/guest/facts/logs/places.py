"""Where a system keeps its logs: what stands in /var/log, whatever its name."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.guest.facts.logs.clock import local_zone
from guestshell.guest.facts.logs.journal import JournalSource
from guestshell.guest.facts.logs.journal_file import SIGNATURE, JournalError
from guestshell.guest.facts.logs.record import Source
from guestshell.guest.facts.logs.syslog import HEAD, syslog_file

LOGS = "/var/log"
JOURNALS = ("/var/log/journal", "/run/log/journal")
"""systemd-journald.service(8): kept, and of one boot."""


def log_sources(files: Files, places: Sequence[str] = ()) -> list[Source]:
    """Give the logs of a system, or those that some paths are or hold.

    A file that was named and is no log, or that cannot be read, is warned of.
    """
    zone = local_zone(files)
    if places:
        return [source for place in places for source in _named(files, place, zone)]
    found = list(_in_directory(files, LOGS, zone))
    for directory in JOURNALS:
        found += _journals(files, directory)
    if not found:
        files.warn(f"{LOGS}: holds no log that is known here")
    return found


def _named(files: Files, place: str, zone: tzinfo) -> Iterator[Source]:
    try:
        entry = files.entry(files.resolve(place))
        if entry.is_directory:
            found = list(_in_directory(files, entry.path, zone))
            for directory in (entry.path, paths.child(entry.path, "journal")):
                found += _journals(files, directory)
        else:
            found = [source] if (source := _source(files, entry, zone)) is not None else []
    except (PathError, JournalError) as error:
        files.warn(str(error) if isinstance(error, PathError) else f"{place}: {error}")
        return
    if not found:
        files.warn(f"{place}: no line at its beginning has the time of a syslog line")
    yield from found


def _in_directory(files: Files, directory: str, zone: tzinfo) -> Iterator[Source]:
    """Yield the text logs and journals that stand in a directory itself."""
    entries = entries_if_there(files, directory)
    there = {entry.path for entry in entries}
    for entry in entries:
        try:
            if entry.kind == "symlink":
                target = files.resolve(entry.path)
                if target in there:
                    continue
                entry = replace(files.entry(target), path=entry.path)
            source = _source(files, entry, zone) if entry.is_file and entry.size else None
        except PathError as error:
            files.warn(str(error))
            continue
        except JournalError as error:
            files.warn(f"{entry.path}: {error}")
            continue
        if source is not None:
            yield source


def _journals(files: Files, directory: str) -> Iterator[Source]:
    """Yield the journals below a directory, which has one for each machine and namespace."""
    for machine in entries_if_there(files, directory):
        if not machine.is_directory:
            continue
        for entry in entries_if_there(files, machine.path):
            # one that was not closed has a ~ at its end
            if entry.is_file and entry.name.endswith((".journal", ".journal~")):
                try:
                    yield JournalSource(files, entry.path)
                except (PathError, JournalError) as error:
                    files.warn(f"{entry.path}: {error}")


def _source(files: Files, entry: Entry, zone: tzinfo) -> Source | None:
    head = files.read(entry.path, HEAD)
    if head.startswith(SIGNATURE):
        return JournalSource(files, entry.path)
    return syslog_file(files, entry, head, zone)
