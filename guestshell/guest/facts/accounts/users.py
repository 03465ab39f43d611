"""Everything an examiner asks of an account, put together from all that tells of it."""

from collections.abc import Sequence

from guestshell.guest.facts.accounts.passwd import (
    GROUP,
    PASSWD,
    SHADOW,
    Group,
    User,
    parse_groups,
    parse_users,
    rows,
    warn_of_damage,
)
from guestshell.guest.facts.accounts.rows import Account
from guestshell.guest.facts.accounts.shadow import Password, hash_scheme, parse_shadow
from guestshell.guest.facts.accounts.sudo import Privileges
from guestshell.guest.facts.files import Files, read_if_there, read_needed
from guestshell.guest.facts.logins.lastlog import LASTLOG
from guestshell.guest.facts.logins.login import Login
from guestshell.guest.facts.logins.sessions import known_logins


def read_accounts(files: Files, users: Sequence[User] | None = None) -> list[Account]:
    """Give the accounts in the order of passwd(5), or of these users if some are given."""
    passwd = (read_needed if users is None else read_if_there)(files, PASSWD) or b""
    warn_of_damage(files, PASSWD, passwd, 7, (2, 3))
    shadow = read_if_there(files, SHADOW) or b""
    groups = parse_groups(read_if_there(files, GROUP) or b"")
    member_of: dict[str, list[Group]] = {}
    for group in groups:
        for member in group.members:
            member_of.setdefault(member, []).append(group)
    shown = {row[0]: row[1] for row in reversed(rows(passwd, 7)) if row[1] != "x"}
    passwords = parse_shadow(shadow)
    privileges = Privileges(files)
    if users is None:
        users = parse_users(passwd, shadow, groups)
    last = _last_logins(files, users)
    found = []
    for user in users:
        others = [group for group in member_of.get(user.name, ()) if group.gid != user.gid]
        password = passwords.get(user.name, Password())
        login = last.get(user.name)
        found.append(
            Account(
                name=user.name,
                uid=user.uid,
                gid=user.gid,
                group=user.group,
                groups=tuple(group.name for group in others),
                password=user.password,
                scheme=hash_scheme(shown.get(user.name, password.field)),
                password_changed=password.changed,
                password_ends=password.ends,
                must_change=password.must_change,
                expires=password.account_ends,
                last_login=login.time if login else None,
                login_from=login.host or login.address if login else "",
                sudo=privileges.of(
                    user.name,
                    user.uid,
                    [user.group, *(group.name for group in others)],
                    [user.gid, *(group.gid for group in others)],
                ),
                home=user.home,
                shell=user.shell,
                comment=user.comment,
            )
        )
    return found


def _last_logins(files: Files, users: Sequence[User]) -> dict[str, Login]:
    """Give the newest login by user; lastlog knows uids alone, so its are of all who share one."""
    uids = {user.name: user.uid for user in reversed(users)}
    sharing: dict[int | None, list[str]] = {}
    for user in users:
        sharing.setdefault(user.uid, []).append(user.name)
    found: dict[str, Login] = {}
    for login in known_logins(files):
        if login.source == LASTLOG:
            found.update(dict.fromkeys(sharing.get(uids.get(login.user), ()), login))
        elif login.kind in ("login", "last"):
            found[login.user] = login
    return found
