"""The database of pacman: /var/lib/pacman/local/NAME-VERSION/{desc,files,mtree}.

`desc` and `files` hold sections: a line `%KEY%`, then values until an empty line; see the Arch
wiki, "Pacman DB Format". `mtree` is ALPM-MTREE(5).
"""

from collections.abc import Callable, Iterable, Iterator

from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files, entries_if_there, is_there, read_if_there
from guestshell.guest.facts.formats import compressed
from guestshell.guest.facts.packages.mtree import TreeLine, tree_lines
from guestshell.guest.facts.packages.rows import Package, PackagedFile
from guestshell.guest.facts.text import decimal
from guestshell.values import Name, Size, Timestamp, decode_name

_LOCAL = "/var/lib/pacman/local"
_KINDS = {"file": "file", "dir": "directory", "link": "symlink"}
_DIGESTS = (("sha256digest", "sha256"), ("sha256", "sha256"), ("md5digest", "md5"), ("md5", "md5"))

Sections = dict[str, list[Name]]


def find_pacman(files: Files) -> "PacmanDatabase | None":
    """Give pacman's database, None where there is none."""
    return PacmanDatabase(files) if is_there(files, _LOCAL) else None


class PacmanDatabase:
    """A system's pacman."""

    manager = "pacman"

    def __init__(self, files: Files) -> None:
        self._files = files

    def packages(self) -> Iterator[Package]:
        """Yield the packages."""
        return (package for _, package in self._described())

    def owners(self, spellings: Iterable[str]) -> Iterator[Package]:
        """Yield the packages that brought one path."""
        asked = {path.lstrip("/") for path in spellings}
        asked |= {f"{path}/" for path in asked}
        for directory, package in self._described():
            listed = self._sections(directory, "files").get("FILES", ())
            if not asked.isdisjoint(listed):
                yield package

    def files(self, wanted: Callable[[str], bool]) -> Iterator[PackagedFile]:
        """Yield what the packages' own trees say."""
        for directory, package in self._described():
            if wanted(package.name):
                yield from self._files_of(directory, package.name)

    def _described(self) -> Iterator[tuple[Entry, Package]]:
        damaged = 0
        for directory in entries_if_there(self._files, _LOCAL):
            if not directory.is_directory:
                continue
            package = _package(self._sections(directory, "desc"))
            if package.name:
                yield directory, package
            else:
                damaged += 1
        if damaged:
            self._files.warn(f"{_LOCAL}: {damaged} packages without a description left out")

    def _sections(self, directory: Entry, name: str) -> Sections:
        return _sections(read_if_there(self._files, paths.child(directory.path, name)) or b"")

    def _files_of(self, directory: Entry, package: str) -> Iterator[PackagedFile]:
        path = paths.child(directory.path, "mtree")
        data = read_if_there(self._files, path)
        text = None if data is None else _unpacked(data)
        if text is None:
            problem = "is missing" if data is None else "is damaged"
            self._files.warn(f"{path}: {problem}, so {package} cannot be verified")
            return
        backups = self._sections(directory, "files").get("BACKUP", ())
        configuration = {line.partition("\t")[0] for line in backups}
        for line in tree_lines(text):
            # what the package manager needed itself is not unpacked: .PKGINFO, .INSTALL …
            if not line.path.startswith("."):
                yield _file(line, package, line.path in configuration)


def _unpacked(data: bytes) -> bytes | None:
    """Give the text of a gzip file, None where it is damaged or no real one is so long."""
    try:
        text = compressed.unpack("gzip", data, compressed.MOST) if data else b""
    except compressed.UnpackError:
        return None
    return text if 0 < len(text) < compressed.MOST else None


def _sections(data: bytes) -> Sections:
    sections: Sections = {}
    values: list[Name] = []
    for line in data.split(b"\n"):
        if line.startswith(b"%") and line.endswith(b"%") and len(line) > 2:
            values = sections.setdefault(decode_name(line[1:-1]), [])
        elif line:
            values.append(decode_name(line))
        else:
            values = []
    return sections


def _package(sections: Sections) -> Package:
    def text(key: str) -> str:
        return next(iter(sections.get(key, ())), "")

    def number(key: str) -> int | None:
        return decimal(text(key), 15)

    installed = number("INSTALLDATE")
    return Package(
        text("NAME"),
        text("VERSION"),
        text("ARCH"),
        Size(number("SIZE") or 0),
        None if installed is None else Timestamp(installed * 10**9),
        text("BASE") or text("NAME"),
        text("DESC"),
        manager="pacman",
    )


def _file(line: TreeLine, package: str, configuration: bool) -> PackagedFile:
    kind = _KINDS.get(line.words.get("type", "file"), "")
    is_file = kind == "file"
    algorithm, digest = next(
        ((name, line.words[word].lower()) for word, name in _DIGESTS if word in line.words),
        ("", ""),
    )
    return PackagedFile(
        paths.join("/", line.path),
        package,
        kind,
        algorithm if is_file else "",
        digest if is_file else "",
        line.number("size") if is_file else None,
        None if kind == "symlink" else line.mode,
        line.number("time") if is_file else None,
        line.number("uid"),
        line.number("gid"),
        Name(line.words["link"]) if kind == "symlink" and "link" in line.words else None,
        configuration,
    )
