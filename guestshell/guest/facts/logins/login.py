"""The row of `logins`."""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp


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
