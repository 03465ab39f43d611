"""The accounts of a guest: who the numbers of owners are, and the users and groups there are."""

import contextlib
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from guestshell.errors import PathError
from guestshell.guest.facts.accounts.passwd import Group, User, parse_groups, parse_users
from guestshell.guest.facts.files import Files
from guestshell.values import Name

if TYPE_CHECKING:
    from guestshell.guest.registry import HiveRegistry


class People:
    """The accounts of what is mounted; another takes its place when something else is.

    `registry` gives None for a system that is no Windows.
    """

    def __init__(
        self, files: Callable[[], Files], registry: "Callable[[], HiveRegistry | None]"
    ) -> None:
        self._files = files
        self._registry = registry

    def user_name(self, uid: int) -> Name:
        """Give the name of a number; the first of several, the number itself for none."""
        with contextlib.suppress(PathError):  # what is damaged now may be read later
            return self._user_names.get(uid) or Name(str(uid))
        return Name(str(uid))

    def group_name(self, gid: int) -> Name:
        """Give the name of a group's number in the same way."""
        with contextlib.suppress(PathError):
            return self._group_names.get(gid) or Name(str(gid))
        return Name(str(gid))

    def users(self) -> list[User]:
        """Give the accounts of /etc/passwd, or of a Windows' registry. Raises GuestError."""
        if (registry := self._registry()) is not None:
            from guestshell.guest.facts.windows.accounts import read_accounts, users_of

            return users_of(read_accounts(registry))
        self._need("/etc/passwd")
        return self._accounts[0]

    def groups(self) -> list[Group]:
        """Give the groups of /etc/group, or of a Windows' registry. Raises GuestError."""
        if (registry := self._registry()) is not None:
            from guestshell.guest.facts.windows.accounts import groups_of, read_aliases

            return groups_of(read_aliases(registry))
        self._need("/etc/group")
        return self._accounts[1]

    def _need(self, path: str) -> None:
        self._files().read(path, 1)

    def _read(self, path: str) -> bytes:
        try:
            return self._files().read(path)
        except PathError as error:
            if error.is_damage:
                raise
            return b""

    @functools.cached_property
    def _accounts(self) -> tuple[list[User], list[Group]]:
        passwd, shadow, group, gshadow = map(
            self._read, ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow")
        )
        groups = parse_groups(group, passwd, gshadow)
        return parse_users(passwd, shadow, groups), groups

    @functools.cached_property
    def _user_names(self) -> dict[int, Name]:
        return {user.uid: user.name for user in reversed(self._accounts[0])}

    @functools.cached_property
    def _group_names(self) -> dict[int, Name]:
        return {group.gid: group.name for group in reversed(self._accounts[1])}
