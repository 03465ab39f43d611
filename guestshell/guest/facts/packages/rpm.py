"""The database of rpm, in each of the forms that it has had; rpm(8), RPM file format."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.entries import kind_of
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.guest.facts.formats.sqlite_file import SqliteFile
from guestshell.guest.facts.packages import rpm_header as tags
from guestshell.guest.facts.packages.berkeley import hash_values
from guestshell.guest.facts.packages.rows import Package, PackagedFile
from guestshell.guest.facts.packages.rpm_header import DamagedHeader, Header
from guestshell.guest.facts.packages.rpm_ndb import ndb_blobs
from guestshell.values import Name, Size, Timestamp, decode_name, encode_name

_DIRECTORIES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm")
_FORMS = ("rpmdb.sqlite", "Packages.db", "Packages")
"""SQLite, ndb and Berkeley DB; where a conversion left an older one, the newer counts."""

_ALGORITHMS = {
    1: "md5", 2: "sha1", 3: "ripemd160", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224",
}  # fmt: skip
"""FILEDIGESTALGO: hash algorithms of RFC 4880, 9.4, under hashlib's names."""

_CONFIGURATION, _MISSING_OK, _GHOST = 1 << 0, 1 << 3, 1 << 6
"""Bits of FILEFLAGS."""
_DIGEST, _SIZE, _TARGET, _USER, _GROUP, _MTIME, _MODE = (1 << bit for bit in range(7))
"""Bits of FILEVERIFYFLAGS: what a package wants verified of a file."""
_NORMAL, _REPLACED, _NOT_INSTALLED, _ON_NETWORK, _OTHER_COLOR = range(5)
"""FILESTATES: those replaced are another package's now, those of another colour too."""


def find_rpm(files: Files) -> "Iterator[RpmDatabase]":
    """Yield rpm's databases: one, or two where a system has a second for its base."""
    seen = set()
    for directory in _DIRECTORIES:
        there = {entry.name for entry in entries_if_there(files, directory)}
        form = next((form for form in _FORMS if form in there), None)
        if form is None:
            continue
        path = paths.child(directory, form)
        with suppress(PathError):
            path = files.resolve(path)
        if path not in seen:
            seen.add(path)
            yield RpmDatabase(files, path)


class RpmDatabase:
    """One database, in the form that its name tells."""

    manager = "rpm"

    def __init__(self, files: Files, path: Name) -> None:
        self._files = files
        self._path = path

    def packages(self) -> Iterator[Package]:
        """Yield the packages, among them the keys that rpm counts as such."""
        return map(_package, self._headers())

    def owners(self, spellings: Iterable[str]) -> Iterator[Package]:
        """Yield the packages that brought one path."""
        asked = {tuple(map(encode_name, _halves(path))) for path in spellings}
        names = {name for _, name in asked}
        for header in self._headers():
            # one look at the names spares putting all paths together
            may = not names.isdisjoint(header.texts(tags.BASE_NAMES)) or _is_old(header)
            if may and any(halves in asked for halves in _places(header)):
                yield _package(header)

    def files(self, wanted: Callable[[str], bool]) -> Iterator[PackagedFile]:
        """Yield the files that were installed and are still the package's."""
        for header in self._headers():
            if wanted(header.text(tags.NAME)):
                yield from _files(header, self._files.warn)

    def _headers(self) -> Iterator[Header]:
        damaged = 0
        for blob in self._blobs():
            try:
                if blob is None:
                    raise DamagedHeader("is not whole")
                header = Header(blob)
                if not header.text(tags.NAME):
                    raise DamagedHeader("has no name")
            except DamagedHeader:
                damaged += 1
                continue
            yield header
        if damaged:
            self._files.warn(f"{self._path}: {damaged} damaged packages left out")

    def _blobs(self) -> Iterator[bytes | None]:
        if self._path.endswith(".sqlite"):
            with SqliteFile(self._files, self._path) as database:
                for [blob] in database.rows("Packages", ("blob",)):
                    yield blob if isinstance(blob, bytes) else None
            return
        try:
            with self._files.open(self._path) as file:
                if self._path.endswith(".db"):
                    yield from ndb_blobs(file)
                    return
                for key, blob in hash_values(file):
                    if key != bytes(4):  # under this number stands the last one given
                        yield blob
        except (PathError, OSError) as error:
            self._files.warn(f"{self._path}: {error}")


def _package(header: Header) -> Package:
    version = header.text(tags.VERSION)
    if release := header.text(tags.RELEASE):
        version += f"-{release}"
    if (epoch := header.number(tags.EPOCH)) is not None:
        version = f"{epoch}:{version}"
    size = header.number(tags.LONG_SIZE)
    installed = header.number(tags.INSTALL_TIME)
    return Package(
        header.text(tags.NAME),
        version,
        header.text(tags.ARCHITECTURE),
        Size((header.number(tags.SIZE) or 0) if size is None else size),
        None if installed is None else Timestamp(installed * 10**9),
        header.text(tags.SOURCE_RPM),
        header.text(tags.SUMMARY),
        manager="rpm",
    )


def _halves(path: str) -> tuple[str, str]:
    """Give the directory with its slash, and the name, as headers keep them."""
    directory, _, name = path.rpartition("/")
    return f"{directory}/", name


def _is_old(header: Header) -> bool:
    return bool(header.texts(tags.OLD_FILE_NAMES))


def _places(header: Header) -> Iterator[tuple[bytes, bytes]]:
    """Yield directory (with its slash) and name of each file."""
    if old := header.texts(tags.OLD_FILE_NAMES):
        for path in old:
            directory, _, name = path.rpartition(b"/")
            yield directory + b"/", name
        return
    directories = header.texts(tags.DIRECTORY_NAMES)
    for index, name in zip(
        header.numbers(tags.DIRECTORY_INDEXES), header.texts(tags.BASE_NAMES), strict=False
    ):
        yield directories[index] if index < len(directories) else b"", name


class _Column:
    """The values of a tag that has one for each file; what is missing is None."""

    def __init__(self, values: "Iterable[int]") -> None:
        self._values = tuple(values)

    def __getitem__(self, index: int) -> int | None:
        return self._values[index] if index < len(self._values) else None


def _files(header: Header, warn: Callable[[str], None]) -> Iterator[PackagedFile]:
    package = header.text(tags.NAME)
    number = header.number(tags.FILE_DIGEST_ALGORITHM)
    algorithm = _ALGORITHMS.get(number or 1, "")
    if not algorithm:
        warn(f"package {package}: its digests are of the unknown kind {number}")
    columns = {
        tag: _Column(header.numbers(tag))
        for tag in (
            tags.FILE_STATES, tags.FILE_MODES, tags.FILE_MTIMES, tags.FILE_FLAGS,
            tags.FILE_VERIFY_FLAGS,
        )
    }  # fmt: skip
    sizes = _Column(header.numbers(tags.LONG_FILE_SIZES) or header.numbers(tags.FILE_SIZES))
    texts = {
        tag: header.texts(tag)
        for tag in (tags.FILE_DIGESTS, tags.FILE_LINK_TARGETS, tags.FILE_USERS, tags.FILE_GROUPS)
    }

    for index, (directory, name) in enumerate(_places(header)):
        path = decode_name(directory + name)
        state = columns[tags.FILE_STATES][index]
        mode = columns[tags.FILE_MODES][index]
        if state not in (None, _NORMAL) or mode is None or not path.startswith("/"):
            continue

        def text(tag: int, at: int = index) -> str:
            return decode_name(texts[tag][at]) if at < len(texts[tag]) else ""

        flags = columns[tags.FILE_FLAGS][index] or 0
        verified = columns[tags.FILE_VERIFY_FLAGS][index]
        checks = 0xFFFFFFFF if verified is None else verified
        kind = kind_of(mode)
        if flags & _GHOST:  # what a program writes later, only whose place is packaged
            kind, checks = "", checks & ~(_DIGEST | _SIZE | _MTIME | _TARGET)
        if kind != "file":
            checks &= ~(_DIGEST | _SIZE | _MTIME)
        digest = text(tags.FILE_DIGESTS).lower() if checks & _DIGEST else ""
        yield PackagedFile(
            path,
            package,
            kind,
            algorithm if digest else "",
            digest if algorithm else "",
            sizes[index] if checks & _SIZE else None,
            mode & 0o7777 if checks & _MODE and kind != "symlink" else None,
            columns[tags.FILE_MTIMES][index] if checks & _MTIME else None,
            text(tags.FILE_USERS) or None if checks & _USER else None,
            text(tags.FILE_GROUPS) or None if checks & _GROUP else None,
            Name(text(tags.FILE_LINK_TARGETS)) if kind == "symlink" and checks & _TARGET else None,
            configuration=bool(flags & _CONFIGURATION),
            may_be_missing=bool(flags & (_MISSING_OK | _GHOST)),
        )
