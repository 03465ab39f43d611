"""What shadow(5) says of passwords: how they are hashed, how old they are, when they end."""

from dataclasses import dataclass

from guestshell.guest.facts.accounts.passwd import rows
from guestshell.guest.facts.text import decimal
from guestshell.values import Name, Timestamp

DAY = 86_400 * 10**9
"""Nanoseconds of a day, in which shadow(5) counts."""

_DIGITS_OF_DAYS = 7
_NEVER = 10_000
"""Days from which on a greatest age means none: chage(1) says `never` then."""

_SCHEMES = (
    ("$y$", "yescrypt"),
    ("$gy$", "gost-yescrypt"),
    ("$7$", "scrypt"),
    ("$2", "bcrypt"),
    ("$6$", "sha512crypt"),
    ("$5$", "sha256crypt"),
    ("$sha1", "sha1crypt"),
    ("$md5", "sunmd5"),
    ("$1$", "md5crypt"),
    ("$apr1$", "apr1"),
    ("$3$", "nt"),
    ("$argon2", "argon2"),
    ("_", "bsdicrypt"),
)
"""How the hash of each scheme begins, crypt(5)."""

_LONGEST_DES = 13
_DIGITS = frozenset("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def hash_scheme(field: str) -> str:
    """Name the scheme of a password field's hash as crypt(5) does, "" where there is no hash.

    A locked password keeps its hash behind the `!`.
    """
    kept = field.lstrip("!*")
    for prefix, name in _SCHEMES:
        if kept.startswith(prefix):
            return name
    if len(kept) >= _LONGEST_DES and set(kept) <= _DIGITS:
        return "descrypt" if len(kept) == _LONGEST_DES else "bigcrypt"
    return ""


@dataclass(frozen=True, slots=True)
class Password:
    """What one line of shadow(5) says; moments are the beginnings of days."""

    field: str = ""
    changed: Timestamp | None = None
    must_change: bool = False
    ends: Timestamp | None = None
    account_ends: Timestamp | None = None


def parse_shadow(data: bytes) -> dict[Name, Password]:
    """Give what a shadow(5) file says of each user; the first line of a name counts."""
    found: dict[Name, Password] = {}
    for row in rows(data, 2):
        name, field, changed, _, most, _, _, end = (*row, *[Name("")] * 8)[:8]
        day, age = decimal(changed, _DIGITS_OF_DAYS), decimal(most, _DIGITS_OF_DAYS)
        ends = day + age if day and age is not None and age < _NEVER else None
        password = Password(
            field=field,
            changed=_moment(day) if day else None,
            must_change=day == 0,
            ends=_moment(ends),
            account_ends=_moment(decimal(end, _DIGITS_OF_DAYS)),
        )
        found.setdefault(name, password)
    return found


def _moment(days: int | None) -> Timestamp | None:
    return None if days is None else Timestamp(days * DAY)
