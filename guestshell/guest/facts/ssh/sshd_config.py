"""Where sshd looks for keys that let somebody in: sshd_config(5)."""

import re
from dataclasses import dataclass, field

from guestshell.engine.bytecalls import Dirent
from guestshell.errors import NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.entries import LETTERS
from guestshell.guest.facts.files import SMALL, Files, is_there
from guestshell.guest.facts.text import numbered_lines, words_of
from guestshell.guest.globs import expand

_PLACES = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
_INCLUDED_FROM = "/etc/ssh"
_MOST_FILES = 64
_LONGEST = 4096
"""Characters of a path, PATH_MAX."""
_DIRECTIVE = re.compile(r"\s*([^\s=]+)[\s=]*")
_TOKEN = re.compile(r"%(.)", re.DOTALL)
_DEFAULT = (".ssh/authorized_keys", ".ssh/authorized_keys2")


@dataclass(slots=True)
class KeyPlaces:
    """Patterns of AuthorizedKeysFile, of the whole configuration and of every Match block in it.

    `authorities` are the files of TrustedUserCAKeys.
    """

    authorized: list[str] = field(default_factory=list)
    authorities: list[str] = field(default_factory=list)


def read_key_places(files: Files) -> KeyPlaces:
    """Give where keys are looked for; what sshd does by itself where it is not told."""
    reader = _Reader(files)
    for path in _PLACES:
        reader.read(path)
        if reader.seen:
            break
    if not reader.is_global:
        reader.places.authorized += _DEFAULT
    return reader.places


def place_of(pattern: str, user: str, uid: int, home: str) -> str:
    """Give the path that a pattern means for a user; a relative one lies in the home."""
    values = {"%": "%", "h": home, "u": user, "U": str(uid)}
    path = _TOKEN.sub(lambda token: values.get(token[1], token[0]), pattern)
    return paths.lexical(paths.join(home, path))


class _Reader:
    def __init__(self, files: Files) -> None:
        self._files = files
        self.places = KeyPlaces()
        self.is_global = False
        self.seen: set[str] = set()

    def read(self, path: str, *, in_match: bool = False) -> None:
        if path in self.seen or len(self.seen) >= _MOST_FILES:
            return
        try:
            data = self._files.read(path, SMALL)
        except NoSuchPath:
            return
        except PathError as error:
            self._files.warn(str(error))
            return
        self.seen.add(path)
        for _, line in numbered_lines(data):
            keyword, values = _directive(line)
            if keyword == "match":
                in_match = values != ["all"]
            elif keyword == "include":
                for pattern in values:
                    self._include(pattern, in_match)
            elif keyword == "authorizedkeysfile":
                self.is_global |= not in_match
                self._add(self.places.authorized, values)
            elif keyword == "trustedusercakeys":
                self._add(self.places.authorities, values[:1])

    def _add(self, known: list[str], values: list[str]) -> None:
        known += [
            value
            for value in values
            if value.lower() != "none" and len(value) <= _LONGEST and value not in known
        ][: _MOST_FILES - len(known)]

    def _include(self, pattern: str, in_match: bool) -> None:
        pattern = paths.join(_INCLUDED_FROM, pattern)
        directory, name = paths.split(pattern)
        if set(directory) & set("*?[") or name == "**":
            self._files.warn(f"{pattern}: is not included: its directory is a pattern")
            return
        for path in expand(
            pattern,
            self._names,
            lambda path: is_there(self._files, path),
            lambda path: self._files.entry(path).device,
        ):
            self.read(path, in_match=in_match)

    def _names(self, directory: str) -> list[Dirent]:
        return [
            Dirent(entry.name, LETTERS.get(entry.kind, "u"))
            for entry in self._files.entries(directory)
        ]


def _directive(line: str) -> tuple[str, list[str]]:
    """Give the keyword of a line in lower case and its values; `=` may stand between them."""
    directive = _DIRECTIVE.match(line)
    if directive is None or directive[1].startswith("#"):
        return "", []
    return directive[1].lower(), words_of(line[directive.end() :])
