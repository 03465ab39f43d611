"""What sudo and doas let a user run as another."""

from collections.abc import Iterable, Sequence

from guestshell.guest.facts.accounts.doas import read_doas
from guestshell.guest.facts.accounts.sudoers import read_sudoers
from guestshell.guest.facts.files import Files


class Privileges:
    """The rules of sudoers(5) and doas.conf(5), asked user by user."""

    def __init__(self, files: Files) -> None:
        """Read the rules; where neither program is set up there are none."""
        self._sudo = read_sudoers(files)
        self._doas = read_doas(files)
        self._by_identity: dict[str, list[int]] = {}
        for place, rule in enumerate(self._sudo.rules):
            for identity in {user for user in rule.users if not user.startswith("!")}:
                self._by_identity.setdefault(identity, []).append(place)

    def of(
        self, name: str, uid: int, groups: Sequence[str], gids: Iterable[int]
    ) -> tuple[str, ...]:
        """Give what a user may run, worded as `sudo -l` does, in the order of the rules.

        `groups` and `gids` are all of the user's, the primary one too. Netgroups, and users
        whom a directory service adds to a group, are not known.
        """
        identities = {
            "ALL", name, f"#{uid}", *(f"%{group}" for group in groups), *(f"%#{g}" for g in gids),
        }  # fmt: skip
        places = {place for identity in identities for place in self._by_identity.get(identity, ())}
        free = any(_is_meant(users, identities) for users in self._sudo.without_password)
        found = [
            rule.words(without_password=free)
            for rule in (self._sudo.rules[place] for place in sorted(places))
            if _is_meant(rule.users, identities)
        ]
        found += [
            rule.words
            for rule in self._doas
            if rule.identity in (name, str(uid), *(f":{group}" for group in groups))
        ]
        return tuple(found)


def _is_meant(users: Iterable[str], identities: set[str]) -> bool:
    """Say whether a list of users means somebody: the last member that fits decides."""
    meant = False
    for user in users:
        if user.lstrip("!") in identities:
            meant = not user.startswith("!")
    return meant
