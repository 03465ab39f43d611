"""The database of Alpine's apk: the file `installed`, Alpine's wiki "Apk spec", Installed Database.

A package is a paragraph of `X:value` lines: P name, V version, A architecture, I installed size,
T description, o origin, f what is wrong. F opens a directory, R a file in it; M and a give their
owner, group and mode, Z the digest: Q1 and the SHA-1 in base64, of a link's target for a link.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator

from guestshell.guest import paths
from guestshell.guest.facts.files import Files, is_there, read_if_there
from guestshell.guest.facts.packages.rows import Package, PackagedFile
from guestshell.guest.facts.text import decimal, octal
from guestshell.values import Name, Size, decode_name

_PLACES = ("/usr/lib/apk/db/installed", "/lib/apk/db/installed")
_MOST = 256 * 2**20
_WRONG = {"f": "files broken", "s": "scripts broken"}
_ALGORITHMS = {"Q1": "sha1", "Q2": "sha256"}
_LINK_MODE = 0o777
"""Of a symbolic link; nothing else tells one from a file, but a file has it hardly ever."""


def find_apk(files: Files) -> "ApkDatabase | None":
    """Give apk's database, None where there is none."""
    place = next((path for path in _PLACES if is_there(files, path)), None)
    return ApkDatabase(files, place) if place else None


class ApkDatabase:
    """A system's apk."""

    manager = "apk"

    def __init__(self, files: Files, path: str) -> None:
        self._files = files
        self._path = path

    def packages(self) -> Iterator[Package]:
        """Yield the packages; when they were installed is recorded nowhere."""
        return (_package(lines) for lines in self._paragraphs())

    def owners(self, spellings: Iterable[str]) -> Iterator[Package]:
        """Yield the packages that brought one path."""
        asked = frozenset(spellings)
        for lines in self._paragraphs():
            if any(file.path in asked for file in _files(lines)):
                yield _package(lines)

    def files(self, wanted: Callable[[str], bool]) -> Iterator[PackagedFile]:
        """Yield the files and directories."""
        for lines in self._paragraphs():
            if wanted(_package(lines).name):
                yield from _files(lines)

    def _paragraphs(self) -> Iterator[list[tuple[str, str]]]:
        """Yield the lines of each package as letter and value."""
        lines: list[tuple[str, str]] = []
        damaged = 0
        data = read_if_there(self._files, self._path, _MOST) or b""
        for line in [*data.split(b"\n"), b""]:
            if line[1:2] == b":":
                lines.append((chr(line[0]), decode_name(line[2:])))
            elif not line:
                if any(letter == "P" and value for letter, value in lines):
                    yield lines
                elif lines:
                    damaged += 1
                lines = []
            else:
                damaged += 1
        if damaged:
            self._files.warn(f"{self._path}: {damaged} damaged lines or packages left out")


def _package(lines: list[tuple[str, str]]) -> Package:
    fields = {letter: value for letter, value in reversed(lines) if letter not in "FRMaZ"}
    return Package(
        fields.get("P", ""),
        fields.get("V", ""),
        fields.get("A", ""),
        Size(decimal(fields.get("I", ""), 15) or 0),
        source=fields.get("o", "") or fields.get("P", ""),
        summary=fields.get("T", ""),
        status=", ".join(_WRONG[letter] for letter in fields.get("f", "") if letter in _WRONG),
        manager="apk",
    )


def _files(lines: list[tuple[str, str]]) -> Iterator[PackagedFile]:
    package = next(value for letter, value in lines if letter == "P" and value)
    directory = Name("/")
    about: dict[str, str] = {}
    path: Name | None = None
    for letter, value in [*lines, ("F", "")]:
        if letter in "FR":
            if path is not None:
                yield _file(path, package, about)
            about = {"kind": letter}
            if letter == "F":
                directory = paths.join("/", value)
                path = directory if value else None
            else:
                path = paths.child(directory, value)
        elif letter in "MaZ":
            about[letter] = value


def _file(path: Name, package: str, about: dict[str, str]) -> PackagedFile:
    is_directory = about["kind"] == "F"
    words = about.get("M" if is_directory else "a", "").split(":")
    user, group, mode = (*words, "", "", "")[:3]
    bits = octal(mode)
    if bits is None:
        bits = 0o755 if is_directory else 0o644
    is_link = not is_directory and bits == _LINK_MODE
    algorithm, digest = _digest(about.get("Z", ""))
    return PackagedFile(
        path,
        package,
        "directory" if is_directory else "symlink" if is_link else "file",
        algorithm,
        digest,
        mode=None if is_link else bits,
        user=decimal(user, 10) or 0,
        group=decimal(group, 10) or 0,
        # what apk upgrade asks about, apk(8): protected paths
        configuration=path.startswith("/etc/") and not path.startswith("/etc/init.d/"),
    )


def _digest(text: str) -> tuple[str, str]:
    """Give hashlib's name and the hexadecimal digest of `Q1…`; empty for another kind."""
    algorithm = _ALGORITHMS.get(text[:2], "")
    try:
        digest = base64.b64decode(text[2:].encode("ascii"), validate=True).hex()
    except (binascii.Error, UnicodeEncodeError):
        return "", ""
    return (algorithm, digest) if algorithm and digest else ("", "")
