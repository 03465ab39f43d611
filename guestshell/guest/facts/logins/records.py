"""Records of a wtmp, btmp or utmp file, one after the other, and the files there are."""

import itertools
import re
from collections.abc import Iterator

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.guest.facts.formats.compressed import blocks
from guestshell.guest.facts.logins.utmp import ACCOUNTING, SAMPLE, Record, layout_of
from guestshell.values import Name

_LOGS = "/var/log"
_MOST = 2**31
"""Bytes of one file, unpacked; none that a system rotates is longer."""

_ROTATION = re.compile(r"[.](\d{1,4})(?:[.]\w+)?")


def rotated(files: Files, name: str) -> list[Name]:
    """Give the paths of a log of /var/log and its rotated predecessors, the oldest first."""

    def age(entry_name: str) -> int:
        number = _ROTATION.fullmatch(entry_name[len(name) :])
        return -int(number[1]) if number else 0

    found = [
        entry
        for entry in entries_if_there(files, _LOGS)
        if entry.kind in ("file", "symlink")
        and (entry.name == name or entry.name.startswith((f"{name}.", f"{name}-")))
    ]
    found.sort(key=lambda entry: (entry.mtime, age(entry.name)))
    return [paths.child(_LOGS, entry.name) for entry in found]


def read_records(files: Files, path: str) -> Iterator[Record]:
    """Yield the records that say something; what is damaged or blank is counted and warned of."""
    pieces = _pieces(files, path)
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= SAMPLE:
            break
    layout = layout_of(start)
    if layout is None:
        if start:
            files.warn(f"{path}: holds no records of logins")
        return
    given = blank = damaged = 0
    rest = b""
    for piece in itertools.chain((start,), pieces):
        if given > _MOST:
            files.warn(f"{path}: only its first {given} bytes are read")
            break
        given += len(piece)
        rest += piece
        whole = len(rest) - len(rest) % layout.size
        for offset in range(0, whole, layout.size):
            record = layout.unpack(rest, offset)
            if record.is_blank:
                blank += 1
            elif not 0 <= record.type <= ACCOUNTING:
                damaged += 1
            else:
                yield record
        rest = rest[whole:]
    if blank:
        files.warn(f"{path}: {_records(blank, 'blank')}, as what hides logins leaves behind")
    if damaged:
        files.warn(f"{path}: {_records(damaged, 'damaged')} left out")
    if rest:
        files.warn(f"{path}: ends in the middle of a record")


def _records(count: int, what: str) -> str:
    return f"{count} {what} record{'s' if count > 1 else ''}"


def _pieces(files: Files, path: str) -> Iterator[bytes]:
    try:
        yield from blocks(files, path, _MOST)
    except PathError as error:
        files.warn(str(error))
