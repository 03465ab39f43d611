"""Who can log in, who did, and what they typed: users, groups, logins, ssh-keys, shell-history."""

from collections.abc import Iterator

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.moments import Moment
from guestshell.commands.parameters import GuestPath, UserName
from guestshell.guest.facts.accounts.passwd import Group, check_groups
from guestshell.guest.facts.accounts.rows import Account, ShellCommand
from guestshell.guest.facts.logins.login import Login
from guestshell.guest.facts.ssh.ssh_key import SshKey
from guestshell.output.results import Records
from guestshell.values import Name

_USER = click.option("-u", "--user", type=UserName(), help="Only of this user.")


@command(
    category="accounts",
    examples=[
        "users",
        "users | where uid = 0",
        "users | where password != locked | select name scheme password_changed shell",
        "users | where sudo =~ ALL -o json",
    ],
)
@click.pass_obj
def users(context: Context) -> Records[Account]:
    """List the accounts with their passwords' state, last logins and rights.

    Accounts come from /etc/passwd, passwords from /etc/shadow: set, locked, none (no password is
    asked for) or unknown. The last login is the newest that lastlog, wtmp or their databases
    know; lastlog keeps one for each UID, which all accounts that share it show. The column sudo
    words what the rules of sudo and doas allow, as `sudo -l` does.
    """
    from guestshell.guest.facts.accounts.users import read_accounts
    from guestshell.guest.facts.windows import accounts as windows

    columns = ("name", "uid", "group", "password", "last_login", "home", "shell", "sudo")
    if context.guest.is_windows:
        rows = windows.rows_of(windows.read_accounts(context.guest.registry(context.warn)))
    else:
        rows = read_accounts(context.files(), context.guest.users())
    return Records(rows, Account, columns)


@command(
    category="accounts",
    examples=["groups", "groups | where name in (sudo, wheel, docker)", "groups | flatten members"],
)
@click.pass_obj
def groups(context: Context) -> Records[Group]:
    """List the groups, who is in them and whose primary group each is."""
    rows = context.guest.groups()
    if not context.guest.is_windows:
        check_groups(context.files())
    return Records(rows, Group, ("name", "gid", "members", "primary"))


@command(
    category="accounts",
    examples=[
        "logins",
        "logins -u backup",
        "logins --failed | group host",
        "logins --since 2026-03-14 | where kind in (login, last)",
    ],
)
@_USER
@click.option("--failed", is_flag=True, help="The attempts that failed instead, from btmp.")
@click.option("-S", "--since", type=Moment(), help="Begun at this time or age, or later.")
@click.option("-U", "--until", type=Moment(last=True), help="Begun up to the end of this time.")
@click.argument("file", nargs=-1, type=GuestPath())
@click.pass_obj
def logins(
    context: Context,
    file: tuple[Name, ...],
    user: str | None,
    failed: bool,
    since: int | None,
    until: int | None,
) -> Records[Login]:
    """Show who logged in, from where and for how long, the oldest first.

    Read are wtmp and its rotated predecessors, wtmpdb, and lastlog for logins that those do not
    know, or else each FILE. Boots, shutdowns and changes of the clock are shown between them.
    """
    from guestshell.guest.facts.logins.sessions import read_failed_logins, read_logins

    read = read_failed_logins if failed else read_logins
    rows = _chosen(iter(read(context.files(), file)), user, since, until)
    columns = ("time", "kind", "user", "line", "host", "end", "ended")
    return Records(rows, Login, columns[:5] if failed else columns)


def _chosen(
    rows: Iterator[Login], user: str | None, since: int | None, until: int | None
) -> Iterator[Login]:
    for row in rows:
        if (
            (user is None or row.user == user)
            and (since is None or row.time >= since)
            and (until is None or row.time < until)
        ):
            yield row


@command(
    category="accounts",
    name="ssh-keys",
    examples=[
        "ssh-keys",
        "ssh-keys | where kind = authorized | select user fingerprint options file",
        "ssh-keys | where type = ssh-rsa and bits < 3072",
    ],
)
@_USER
@click.pass_obj
def ssh_keys(context: Context, user: str | None) -> Records[SshKey]:
    """List the SSH keys that let somebody in, the users' own, and the host's.

    Authorized keys are looked for where sshd_config says. Fingerprints are those of ssh-keygen -l.
    A damaged key, which sshd passes over, has none.
    """
    from guestshell.guest.facts.ssh.keys import read_ssh_keys

    rows = (row for row in read_ssh_keys(context.files()) if user in (None, row.user))
    return Records(rows, SshKey, ("user", "kind", "type", "bits", "fingerprint", "comment", "file"))


@command(
    category="accounts",
    name="shell-history",
    examples=[
        "shell-history",
        "shell-history -u backup",
        "shell-history wget",
        "shell-history | where program = bash and command =~ sudo",
    ],
)
@_USER
@click.argument("text", required=False)
@click.pass_obj
def shell_history(context: Context, text: str | None, user: str | None) -> Records[ShellCommand]:
    """Show what users typed into shells, database clients and interpreters.

    TEXT is a part of the command. Read are the histories of bash, zsh, fish, other shells,
    Python, PowerShell and the clients of MySQL, PostgreSQL, SQLite and Redis in every home. A
    time is known only where the program kept one.
    """
    from guestshell.guest.facts.accounts.shell_history import read_shell_history

    rows = read_shell_history(context.files(), user)
    found = (row for row in rows if text is None or text in row.command)
    return Records(found, ShellCommand, ("user", "program", "time", "command"))
