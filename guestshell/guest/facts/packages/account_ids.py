"""Which numbers the guest's own account files give to the names in package databases."""

from guestshell.guest.facts.accounts.passwd import id_of
from guestshell.guest.facts.files import Files, read_if_there

_PASSWD = ("/etc/passwd", "/usr/lib/passwd")
_GROUP = ("/etc/group", "/usr/lib/group")
"""Those of /usr/lib are systemd's nss-altfiles, which image-based systems use."""


class AccountIds:
    """Users and groups by name, passwd(5) and group(5)."""

    def __init__(self, files: Files) -> None:
        self._users = _numbers(files, _PASSWD)
        self._groups = _numbers(files, _GROUP)

    def is_user(self, user: str | int, uid: int) -> bool:
        """Say whether a user, by name or number, has this uid."""
        return _is_account(user, uid, self._users)

    def is_group(self, group: str | int, gid: int) -> bool:
        """Say whether a group, by name or number, has this gid."""
        return _is_account(group, gid, self._groups)


def _is_account(account: str | int, number: int, known: dict[str, int]) -> bool:
    if isinstance(account, int):
        return account == number
    # rpm gives what belongs to a name that is nobody's to root
    return known.get(account, 0) == number


def _numbers(files: Files, sources: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for source in sources:
        for line in (read_if_there(files, source) or b"").split(b"\n"):
            name, _, rest = line.decode("utf-8", "surrogateescape").partition(":")
            number = id_of(rest.partition(":")[2].partition(":")[0])
            if name and number is not None:
                found.setdefault(name, number)
    return found
