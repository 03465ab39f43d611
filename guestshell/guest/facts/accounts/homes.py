"""Whose home is where: passwd(5), and what else stands in /home."""

from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.guest import paths
from guestshell.guest.facts.accounts.passwd import PASSWD, read_users
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.values import Name

_HOMES = "/home"
_MOST = 5000
"""Homes that are looked into: each costs a few calls, and few systems have a hundred."""


@dataclass(frozen=True, slots=True)
class Home:
    """The home of a user. Of a directory in /home that is nobody's, `user` is its owner."""

    user: Name
    uid: int
    path: Name


def homes_of_users(files: Files) -> Iterator[Home]:
    """Yield each home of passwd(5) once: of several users that share one the first has it."""
    seen: set[str] = set()
    for user in read_users(files):
        path = paths.lexical(user.home)
        if user.home.startswith("/") and "\0" not in path and path not in seen:
            if len(seen) == _MOST:
                files.warn(f"{PASSWD}: only the first {_MOST} homes are looked into")
                return
            seen.add(path)
            yield Home(user.name, user.uid, path)


def read_homes(files: Files) -> list[Home]:
    """Give the homes of users, root's, and what else stands in /home."""
    found = {str(home.path): home for home in homes_of_users(files)}
    root = Name("/root")
    found.setdefault(root, Home(Name("root"), 0, root))
    for entry in entries_if_there(files, _HOMES):
        if entry.is_directory:
            found.setdefault(entry.path, Home(entry.owner, entry.uid, entry.path))
    return list(found.values())
