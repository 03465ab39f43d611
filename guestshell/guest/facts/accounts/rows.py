"""The rows of users and shell-history.

They stand apart from what reads them: they are needed at every start, the readers are not.
"""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp

_NONE = Name("")


@dataclass(frozen=True, slots=True)
class Account:
    """A user with what shadow(5), the records of logins and the rules of sudo say of it.

    `groups` are those beside the primary `group`. `scheme` names the password's hash as crypt(5)
    does, also behind the `!` of a locked one. `password_ends` and `expires` are when the password
    and the account can no longer be used. `sudo` words what it may run as another as `sudo -l`
    does. What a system does not know is empty or None.
    """

    name: Name
    uid: int | None
    gid: int | None = None
    group: Name = _NONE
    groups: tuple[Name, ...] = ()
    password: str = "unknown"
    scheme: str = ""
    password_changed: Timestamp | None = None
    password_ends: Timestamp | None = None
    must_change: bool = False
    expires: Timestamp | None = None
    last_login: Timestamp | None = None
    login_from: str = ""
    sudo: tuple[str, ...] = ()
    home: Name = _NONE
    shell: Name = _NONE
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A line that a user typed; `line` is where it begins in the file. Few keep the `time`."""

    user: Name
    program: str
    time: Timestamp | None
    line: int
    command: str
    file: Name
