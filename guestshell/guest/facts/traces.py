"""What the file system itself tells: what changed last, who may do more, what takes the space."""

import heapq
import stat as st
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guestshell.guest.entries import Entry
from guestshell.values import Mode, Name, Size, Timestamp


@dataclass(frozen=True, slots=True)
class Change:
    """A file and when it last changed: the newer of `mtime` and `ctime`.

    touch(1) can set the first to anything, the second only to now (inode(7)). `future` when one
    of the two lies after the moment of asking.
    """

    changed: Timestamp
    mtime: Timestamp
    ctime: Timestamp
    future: bool
    kind: str
    mode: Mode
    owner: Name
    group: Name
    size: Size
    path: Name


def _changed(entry: Entry) -> Timestamp:
    return max(entry.mtime, entry.ctime)


def newest(
    entries: Iterable[Entry], count: int, *, now: int, since: int | None = None
) -> list[Change]:
    """Give the files that changed last, newest first, of those since a moment."""
    late = (entry for entry in entries if since is None or _changed(entry) >= since)
    return [
        Change(
            _changed(entry),
            entry.mtime,
            entry.ctime,
            _changed(entry) > now,
            entry.kind,
            entry.mode,
            entry.owner,
            entry.group,
            entry.size,
            entry.path,
        )
        for entry in heapq.nlargest(count, late, key=_changed)
    ]


def set_id(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the regular files that run as their owner or group, inode(7)."""
    return (entry for entry in entries if entry.is_file and entry.mode & (st.S_ISUID | st.S_ISGID))


def writable_by_all(entries: Iterable[Entry], *, sticky: bool = False) -> Iterator[Entry]:
    """Yield what everybody may write, symbolic links left out: their mode means nothing.

    Directories with the sticky bit, where nobody can delete another's files, come with `sticky`.
    """
    for entry in entries:
        if entry.kind == "symlink" or not entry.mode & st.S_IWOTH:
            continue
        if sticky or not (entry.is_directory and entry.mode & st.S_ISVTX):
            yield entry


def largest(
    entries: Iterable[Entry], count: int, *, at_least: int = 0, apparent: bool = False
) -> list[Entry]:
    """Give the regular files that take the most space, or with `apparent` are the longest.

    A file with several names comes once, by the name met first.
    """
    seen: set[tuple[int, int]] = set()

    def size(entry: Entry) -> int:
        return entry.size if apparent else entry.allocated

    def once(entry: Entry) -> bool:
        if entry.links > 1:
            if (entry.device, entry.inode) in seen:
                return False
            seen.add((entry.device, entry.inode))
        return True

    files = (entry for entry in entries if entry.is_file and size(entry) >= at_least)
    return heapq.nlargest(count, filter(once, files), key=size)
