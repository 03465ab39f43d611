"""Packaged files against what their package databases say of them.

The databases are the guest's own: somebody who may write there can make them agree with
anything. What is found was changed; what is not found is only as true as the databases.
"""

import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.packages.account_ids import AccountIds
from guestshell.guest.facts.packages.rows import Deviation, PackagedFile
from guestshell.values import Name, encode_name

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]

_BLOCK = 2**20
_NS = 10**9
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True, slots=True)
class _Finding:
    problem: str
    expected: str = ""
    actual: str = ""


def verify(
    files: Files, packaged: Iterable[PackagedFile], progress: Progress
) -> Iterator[Deviation]:
    """Yield the files that differ: first those a listing tells, then those whose digest does.

    A row comes as soon as it is found; `progress` is told the bytes that are read for digests.
    """
    verifier = _Verifier(files, AccountIds(files))
    unread: list[_Unread] = []
    for directory, group in _by_directory(packaged):
        yield from verifier.look(directory, group, unread)
    yield from verifier.compare_digests(unread, progress)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A file that must be read to say more."""

    file: PackagedFile
    entry: Entry
    found: list[_Finding]


def _by_directory(
    packaged: Iterable[PackagedFile],
) -> Iterator[tuple[Name, list[tuple[Name, PackagedFile]]]]:
    """Yield each directory with the names in it that belong to packages."""
    directories: dict[Name, list[tuple[Name, PackagedFile]]] = {}
    for file in packaged:
        if "\0" in file.path:  # no file can be called so
            continue
        directory, name = paths.split(file.path)
        directories.setdefault(directory, []).append((name, file))
    for directory in sorted(directories):
        yield directory, directories[directory]


class _Verifier:
    def __init__(self, files: Files, ids: AccountIds) -> None:
        self._files = files
        self._ids = ids

    def look(
        self, directory: Name, group: list[tuple[Name, PackagedFile]], unread: list[_Unread]
    ) -> Iterator[Deviation]:
        """Yield what the listing of a directory tells; what is still to be read is appended."""
        try:
            entries: Mapping[Name, Entry] = {
                entry.name: entry for entry in self._files.entries(directory)
            }
        except PathError as error:
            if error.errno not in _NOT_THERE:
                self._files.warn(str(error))
                return
            entries = {}
        for name, file in group:
            entry = entries.get(name) if name else self._files.entry("/")
            if entry is None:
                if not file.may_be_missing:
                    yield _deviation(file, None, [_Finding("missing")])
                continue
            found = list(self._compare(file, entry))
            if self._must_read(file, entry, found):
                unread.append(_Unread(file, entry, found))
            elif found:
                yield _deviation(file, entry, found)

    def compare_digests(self, unread: list[_Unread], progress: Progress) -> Iterator[Deviation]:
        """Yield the files that differ, once the digests are known."""
        left = sum(int(one.entry.size) for one in unread)
        waiting = iter(unread)
        while True:
            row: Deviation | None = None
            with progress("Verifying", left) as advance:
                # a row is given with no bar in its way
                for one in waiting:
                    left -= one.entry.size
                    found = [*one.found, *self._digest_finding(one.file, one.entry, advance)]
                    if found:
                        row = _deviation(one.file, one.entry, found)
                        break
            if row is None:
                return
            yield row

    def _compare(self, file: PackagedFile, entry: Entry) -> Iterator[_Finding]:
        """Yield what a listing tells."""
        if file.kind and entry.kind != file.kind and not self._may_stand_for(file, entry):
            yield _Finding("type", file.kind, entry.kind)
            return
        if file.needs_digest and entry.is_file:
            yield _Finding("unrecorded")
        if file.target is not None and entry.target != file.target:
            yield _Finding("link", file.target, entry.target or "")
        if entry.kind == "symlink" and file.digest and file.kind == "symlink":
            digest = hashlib.new(file.algorithm, usedforsecurity=False)
            digest.update(encode_name(entry.target or ""))
            if digest.hexdigest() != file.digest:
                yield _Finding("link", f"{file.algorithm} {file.digest}", entry.target or "")
        if entry.is_file and file.size is not None and entry.size != file.size:
            yield _Finding("size", f"size {file.size}", f"size {entry.size}")
        if file.mode is not None and entry.kind != "symlink" and entry.mode & 0o7777 != file.mode:
            yield _Finding("mode", f"mode {file.mode:04o}", f"mode {entry.mode & 0o7777:04o}")
        if file.user is not None and not self._ids.is_user(file.user, entry.uid):
            yield _Finding("owner", f"owner {file.user}", f"owner {entry.owner}")
        if file.group is not None and not self._ids.is_group(file.group, entry.gid):
            yield _Finding("group", f"group {file.group}", f"group {entry.group}")
        if entry.is_file and file.mtime is not None and entry.mtime // _NS != file.mtime:
            yield _Finding("mtime", f"mtime {file.mtime}", f"mtime {entry.mtime // _NS}")

    def _may_stand_for(self, file: PackagedFile, entry: Entry) -> bool:
        """Say whether a link may stand where a directory is expected: one to a directory may."""
        if file.kind != "directory" or entry.kind != "symlink":
            return False
        try:
            return self._files.entry(self._files.resolve(entry.path)).is_directory
        except PathError:
            return False

    def _must_read(self, file: PackagedFile, entry: Entry, found: list[_Finding]) -> bool:
        if not (file.digest and entry.is_file and file.kind == "file"):
            return False
        if any(finding.problem == "size" for finding in found):
            # of another size it has another digest
            found.append(_Finding("digest", f"{file.algorithm} {file.digest}"))
            return False
        return True

    def _digest_finding(
        self, file: PackagedFile, entry: Entry, advance: Callable[[int], None]
    ) -> Iterator[_Finding]:
        try:
            digest: Any = hashlib.new(file.algorithm, usedforsecurity=False)
        except ValueError:
            self._files.warn(f"{file.path}: this host cannot compute {file.algorithm}")
            return
        try:
            with self._files.open(entry.path) as content:
                while block := content.read(_BLOCK):
                    digest.update(block)
                    advance(len(block))
        except (PathError, OSError) as error:
            self._files.warn(str(error))
            yield _Finding("unreadable")
            return
        if digest.hexdigest() != file.digest:
            expected, actual = file.digest, digest.hexdigest()
            yield _Finding("digest", f"{file.algorithm} {expected}", f"{file.algorithm} {actual}")


def _deviation(file: PackagedFile, entry: Entry | None, found: list[_Finding]) -> Deviation:
    return Deviation(
        file.path,
        file.package,
        tuple(finding.problem for finding in found),
        file.configuration,
        entry.mode if entry else None,
        entry.size if entry and entry.is_file else None,
        entry.mtime if entry else None,
        ", ".join(filter(None, map(attrgetter("expected"), found))),
        ", ".join(filter(None, map(attrgetter("actual"), found))),
    )
