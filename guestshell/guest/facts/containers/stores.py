"""What the readers of engines share: the directories of a store, and how a command is shown."""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.values import Name

MOST_CONTAINERS = 5000
"""Of one store: each costs a read or two."""


def directories(files: Files, path: str) -> Iterator[Entry]:
    """Yield the directories in a directory, at most MOST_CONTAINERS."""
    found = [entry for entry in entries_if_there(files, path) if entry.is_directory]
    if len(found) > MOST_CONTAINERS:
        files.warn(f"{path}: only the first {MOST_CONTAINERS} of {len(found)} were read")
    yield from found[:MOST_CONTAINERS]


def as_command(words: Iterable[str]) -> str:
    """Give the words of a command as they can be typed."""
    return shlex.join(words)


def as_mount(source: str, inside: str, writable: bool) -> Name:
    """Give a mount as docker(1) writes it."""
    return Name(f"{source}:{inside}" + ("" if writable else ":ro"))


def as_port(address: str, outside: str, inside: str) -> str:
    """Give a published port as docker(1) shows it."""
    where = f"[{address}]" if ":" in address else address or "0.0.0.0"
    return f"{where}:{outside}->{inside}"


def shared(pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Give the names of those namespaces whose mode is the host's."""
    return tuple(name for name, mode in pairs if mode == "host")
