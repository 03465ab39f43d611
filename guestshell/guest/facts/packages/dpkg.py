"""The database of dpkg: what it holds of each package's files, dpkg(1), deb-md5sums(5).

A Debian keeps /var/lib/dpkg/status; an image without a package manager (distroless) keeps one
file a package in /var/lib/dpkg/status.d.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import (
    Files,
    entries_if_there,
    files_below,
    is_there,
    read_if_there,
)
from guestshell.guest.facts.packages.aliases import Aliases
from guestshell.guest.facts.packages.dpkg_paths import DpkgPaths
from guestshell.guest.facts.packages.dpkg_status import STATUS, Stanza, parse_stanzas
from guestshell.guest.facts.packages.rows import Package, PackagedFile
from guestshell.values import Name, decode_name

_INFO = "/var/lib/dpkg/info"
_PARTS = "/var/lib/dpkg/status.d"
_MOST = 64 * 2**20
"""Bytes read of a status file; that of a large desktop has 10 MB."""


def find_dpkg(files: Files) -> "DpkgDatabase | None":
    """Give dpkg's database, None where there is none."""
    there = is_there(files, STATUS) or is_there(files, _PARTS)
    return DpkgDatabase(files) if there else None


class DpkgDatabase:
    """A system's dpkg."""

    manager = "dpkg"

    def __init__(self, files: Files) -> None:
        self._files = files

    def packages(self) -> Iterator[Package]:
        """Yield the packages that are installed, be it partly."""
        for stanza in self._stanzas:
            entry = self._info_file(stanza, "list")
            yield replace(stanza.package, installed=entry.mtime if entry else None)

    def owners(self, spellings: Iterable[str]) -> Iterator[Package]:
        """Yield the packages that brought one path, those whose file is diverted to it too."""
        # path: the one package that counts, all if None, or the one that does not
        asked: dict[Name, tuple[str | None, str | None]] = {}
        for path in map(Name, spellings):
            asked[path] = (self._paths.diverting(path), None)
            for source, diverting in self._paths.diverted_from(path):
                for spelling in self._aliases.spellings(source):
                    asked[spelling] = (None, diverting)
        for stanza, package in zip(self._stanzas, self.packages(), strict=True):
            for path in self._listed(stanza) & asked.keys():
                only, never = asked[path]
                if only in (None, package.name) and never != package.name:
                    yield package
                    break

    def files(self, wanted: Callable[[str], bool]) -> Iterator[PackagedFile]:
        """Yield the files with their MD5, and configuration files with the MD5 they came with."""
        for stanza in self._stanzas:
            if wanted(stanza.package.name):
                yield from self._files_of(stanza)

    @functools.cached_property
    def _aliases(self) -> Aliases:
        return Aliases(self._files)

    @functools.cached_property
    def _paths(self) -> DpkgPaths:
        return DpkgPaths(self._files, self._aliases)

    @functools.cached_property
    def _stanzas(self) -> Sequence[Stanza]:
        status = read_if_there(self._files, STATUS, _MOST)
        found = list(parse_stanzas((status or b"").split(b"\n")))
        paragraphs = (status or b"").split(b"\n\n")
        damaged = [p for p in paragraphs if p.strip() and b"Package:" not in p]
        if damaged:
            self._files.warn(f"{STATUS}: {len(damaged)} damaged packages left out")
        for path in files_below(self._files, _PARTS):
            if not path.endswith(".md5sums"):
                part = read_if_there(self._files, path) or b""
                found += parse_stanzas(part.split(b"\n"))
        return found

    @functools.cached_property
    def _info(self) -> dict[str, Entry]:
        places = (_PARTS, _INFO)
        return {e.name: e for place in places for e in entries_if_there(self._files, place)}

    def _info_file(self, stanza: Stanza, kind: str) -> Entry | None:
        for name in stanza.info_names:
            if entry := self._info.get(f"{name}.{kind}"):
                return entry
        return None

    def _info_lines(self, stanza: Stanza, kind: str) -> list[bytes]:
        entry = self._info_file(stanza, kind)
        data = read_if_there(self._files, entry.path) if entry else None
        return (data or b"").split(b"\n")

    def _listed(self, stanza: Stanza) -> set[Name]:
        listed = {decode_name(line) for line in self._info_lines(stanza, "list") if line}
        return listed or {path for path, _ in self._digests(stanza)}

    def _digests(self, stanza: Stanza) -> Iterator[tuple[Name, str]]:
        """Yield path and MD5 of deb-md5sums(5): 32 digits, two blanks, a path from the root."""
        damaged = 0
        for line in self._info_lines(stanza, "md5sums"):
            digest, path = line[:32].lower(), line[34:]
            if len(digest) == 32 and path and not digest.strip(b"0123456789abcdef"):
                yield paths.join("/", decode_name(path)), digest.decode()
            elif line:
                damaged += 1
        if damaged:
            entry = self._info_file(stanza, "md5sums")
            place = entry.path if entry else stanza.package.name
            self._files.warn(f"{place}: {damaged} damaged lines left out")

    def _files_of(self, stanza: Stanza) -> Iterator[PackagedFile]:
        package = stanza.package.name
        # what another package took over is gone from the list, but not from the digests
        listed = self._listed(stanza)
        seen = set()
        for path, digest in stanza.conffiles:
            seen.add(path)
            if digest and path in listed:
                yield replace(self._file(path, package, digest), configuration=True)
        for path, digest in self._digests(stanza):
            if path in listed and path not in seen:
                seen.add(path)
                yield self._file(path, package, digest)
        # dpkg makes the digests of a package that came without any
        for path in listed - seen:
            if path.startswith("/") and path != "/.":
                yield PackagedFile(
                    self._paths.place(path, package),
                    package,
                    may_be_missing=self._paths.is_left_out(path),
                    needs_digest=True,
                )

    def _file(self, path: Name, package: str, digest: str) -> PackagedFile:
        file = PackagedFile(
            self._paths.place(path, package),
            package,
            "file",
            "md5",
            digest,
            may_be_missing=self._paths.is_left_out(path),
        )
        override = self._paths.override(path)
        if override is None:
            return file
        return replace(file, user=override.user, group=override.group, mode=override.mode)
