"""Whose home is where: passwd(5), and what else stands in /home."""

from dataclasses import dataclass

from guestshell.guest import paths
from guestshell.guest.facts.accounts import PASSWD, parse_users
from guestshell.guest.facts.files import Files, entries_if_there, read_if_there
from guestshell.values import Name

_HOMES = "/home"


@dataclass(frozen=True, slots=True)
class Home:
    """The home of a user. Of a directory in /home that is nobody's, `user` is its owner."""

    user: Name
    uid: int
    path: Name


def read_homes(files: Files) -> list[Home]:
    """Give each home once: of several users that share one, the first of passwd(5) has it."""
    found: dict[str, Home] = {}
    for user in parse_users(read_if_there(files, PASSWD) or b"", b"", []):
        path = paths.lexical(user.home)
        if user.home.startswith("/") and "\0" not in path:
            found.setdefault(path, Home(user.name, user.uid, path))
    root = Name("/root")
    found.setdefault(root, Home(Name("root"), 0, root))
    for entry in entries_if_there(files, _HOMES):
        if entry.is_directory:
            found.setdefault(entry.path, Home(entry.owner, entry.uid, entry.path))
    return list(found.values())
