"""The rows of users, logins, ssh-keys and shell-history.

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
class Login:
    """Something that the records of logins tell.

    `kind` is `login`, `logout` (one whose login is not known), `failed`, `boot`, `shutdown`,
    `runlevel` (`line` tells which), `clock` (it was set: `line` is `|` before, `{` after), or
    `last` for a last login that only lastlog knows. `end` is that of a session, or of a boot;
    `duration` in seconds. `ended` says how: `logout`, `shutdown`, `crash` (up again without a
    shutdown) or `next login` (somebody else came on the same line). `host` is what the record
    calls the other side, of a boot the kernel's release.
    """

    time: Timestamp
    user: Name
    kind: str
    line: str
    host: str
    source: Name
    address: str = ""
    pid: int | None = None
    end: Timestamp | None = None
    duration: int | None = None
    ended: str = ""


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key. Of a damaged one `bits` is None and the fingerprints are empty.

    `kind` is `authorized` (who holds it may log in as `user`), `authority` (whoever it certifies
    may log in), `host`, or `own` (one of the user's, for logging in elsewhere). Fingerprints
    are those of `ssh-keygen -l`; a certificate's is that of the key it certifies. `user` is empty
    for the host's keys and for those that let in everybody.
    """

    user: Name
    kind: str
    type: str
    bits: int | None
    fingerprint: str
    md5: str
    comment: str
    options: tuple[str, ...]
    file: Name
    line: int


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A line that a user typed; `line` is where it begins in the file. Few keep the `time`."""

    user: Name
    program: str
    time: Timestamp | None
    line: int
    command: str
    file: Name
