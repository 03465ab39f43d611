r"""Local users and groups: the SAM hive and ProfileList.

The layout of the values F, V and C is not published; the offsets are those that tools of
examiners agree on.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.guest.facts.accounts import passwd, rows
from guestshell.guest.facts.windows.keys import (
    Key,
    Registry,
    data_of,
    filetime_in,
    subkeys_of,
    text_of,
)
from guestshell.guest.facts.windows.sids import WELL_KNOWN, sid_length, sid_text
from guestshell.values import Name, Timestamp

_DOMAINS = r"HKLM\SAM\SAM\Domains"
_ACCOUNT = rf"{_DOMAINS}\Account"
_PROFILES = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"

_DISABLED, _NO_PASSWORD, _LOCKED_OUT, _NEVER_EXPIRES = 0x1, 0x4, 0x400, 0x200
"""Of the account control bits, [MS-SAMR] 2.2.1.12."""

_FIELDS_AT = 0xCC
_EMPTY_HASHES = (0, 4, 24)
"""Bytes of an NT hash that is none: nothing, an RC4 or an AES header without content."""

_MOST_MEMBERS = 100_000


@dataclass(frozen=True, slots=True)
class Account:
    """A local user.

    `password` is `set`, `none`, or `unknown` where the record is too short. `last_login`,
    `last_failure` and `logins` count interactive logins with a local password; an account that
    signs in with a Microsoft account may show none. `profile` is the folder as Windows writes it.
    """

    name: Name
    rid: int
    sid: str
    full_name: str
    comment: str
    groups: tuple[Name, ...]
    disabled: bool
    locked_out: bool
    password: str
    password_needed: bool
    password_expires: bool
    password_set: Timestamp | None
    last_login: Timestamp | None
    last_failure: Timestamp | None
    logins: int
    profile: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A local group; `members` are names where the machine knows them, else SIDs."""

    name: Name
    rid: int
    sid: str
    comment: str
    members: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A folder of a user that once logged in; `path` as Windows writes it."""

    sid: str
    path: str
    modified: Timestamp | None


def read_profiles(registry: Registry) -> list[Profile]:
    """Give the profiles there are, domain users' included."""
    return [
        Profile(key.name, text_of(key, "ProfileImagePath"), key.modified)
        for key in subkeys_of(registry.key(_PROFILES))
    ]


def read_accounts(registry: Registry) -> list[Account]:
    """Give the local users by RID."""
    profiles = {profile.sid: profile.path for profile in read_profiles(registry)}
    machine = machine_sid(registry)
    names = _account_names(registry)
    groups: dict[str, list[Name]] = {}
    for alias, sids in _aliases(registry):
        for sid in sids:
            groups.setdefault(sid, []).append(alias.name)
    found = []
    for rid, key in _user_keys(registry):
        f, v = data_of(key, "F"), data_of(key, "V")
        if len(f) < 68:
            registry.warn(f"{key.path}: its value F is too short; the account is left out")
            continue
        sid = f"{machine}-{rid}" if machine else ""
        [flags] = struct.unpack_from("<H", f, 56)
        [logins] = struct.unpack_from("<H", f, 66)
        found.append(
            Account(
                name=Name(_field(v, 1) or names.get(rid, "")),
                rid=rid,
                sid=sid,
                full_name=_field(v, 2),
                comment=_field(v, 3),
                groups=tuple(groups.get(sid, ())),
                disabled=bool(flags & _DISABLED),
                locked_out=bool(flags & _LOCKED_OUT),
                password=_password(v),
                password_needed=not flags & _NO_PASSWORD,
                password_expires=not flags & _NEVER_EXPIRES,
                password_set=filetime_in(f, 24),
                last_login=filetime_in(f, 8),
                last_failure=filetime_in(f, 40),
                logins=logins,
                profile=profiles.get(sid, ""),
            )
        )
    return sorted(found, key=lambda account: account.rid)


def read_aliases(registry: Registry) -> list[Alias]:
    """Give the local groups by RID."""
    machine = machine_sid(registry)
    names = dict(WELL_KNOWN)
    names.update((f"{machine}-{rid}", name) for rid, name in _account_names(registry).items())
    return sorted(
        (
            Alias(
                alias.name,
                alias.rid,
                alias.sid,
                alias.comment,
                tuple(Name(names.get(sid, sid)) for sid in sids),
            )
            for alias, sids in _aliases(registry)
        ),
        key=lambda alias: alias.rid,
    )


def machine_sid(registry: Registry) -> str:
    """Give the SID that those of the local users begin with, "" where it is not known."""
    data = data_of(registry.key(_ACCOUNT), "V")
    if len(data) < 12:
        return ""
    return "S-1-5-21-" + "-".join(map(str, struct.unpack("<3I", data[-12:])))


def names_by_sid(registry: Registry) -> dict[str, str]:
    """Give the names of the SIDs that this machine knows: its users', and well-known ones."""
    names = dict(WELL_KNOWN)
    for profile in read_profiles(registry):
        folder = profile.path.rpartition("\\")[2]
        if folder and profile.sid not in names:
            names[profile.sid] = folder
    machine = machine_sid(registry)
    names.update((f"{machine}-{rid}", name) for rid, name in _account_names(registry).items())
    return names


def _user_keys(registry: Registry) -> Iterator[tuple[int, Key]]:
    for key in subkeys_of(registry.key(rf"{_ACCOUNT}\Users")):
        rid = _hexadecimal(key.name)
        if rid is not None:
            yield rid, key


def _hexadecimal(name: str) -> int | None:
    try:
        return int(name, 16) if len(name) == 8 else None
    except ValueError:
        return None


def _account_names(registry: Registry) -> dict[int, str]:
    """Give the names by RID: each is a key whose default value has the RID for a type."""
    found = {}
    for key in subkeys_of(registry.key(rf"{_ACCOUNT}\Users\Names")):
        value = key.value("")
        if value is not None:
            found[value.type] = key.name
    return found


def _entry(v: bytes, index: int) -> tuple[int, int] | None:
    """Give offset and length of a field in V: a table of 17 triples, then the fields."""
    if len(v) < _FIELDS_AT:
        return None
    offset, length = struct.unpack_from("<II", v, 12 * index)
    return offset + _FIELDS_AT, length


def _field(v: bytes, index: int) -> str:
    place = _entry(v, index)
    return _text(v, *place) if place is not None else ""


def _text(data: bytes, offset: int, length: int) -> str:
    piece = data[offset : offset + length]
    return piece[: len(piece) & ~1].decode("utf-16-le", "replace").rstrip("\0")


def _password(v: bytes) -> str:
    place = _entry(v, 14)
    if place is None:
        return "unknown"
    return "none" if place[1] in _EMPTY_HASHES else "set"


def _aliases(registry: Registry) -> Iterator[tuple[Alias, list[str]]]:
    """Yield the local groups with the SIDs of their members."""
    machine = machine_sid(registry)
    for domain, base in (("Account", machine), ("Builtin", "S-1-5-32")):
        for key in subkeys_of(registry.key(rf"{_DOMAINS}\{domain}\Aliases")):
            rid = _hexadecimal(key.name)
            if rid is None:
                continue  # Names and Members
            data = data_of(key, "C")
            if len(data) < 0x34:
                registry.warn(f"{key.path}: its value C is too short; the group is left out")
                continue
            name_at, name_length = struct.unpack_from("<II", data, 0x10)
            comment_at, comment_length = struct.unpack_from("<II", data, 0x1C)
            members_at, members_length, count = struct.unpack_from("<III", data, 0x28)
            members = data[0x34 + members_at : 0x34 + members_at + members_length]
            alias = Alias(
                Name(_text(data, 0x34 + name_at, name_length)),
                rid,
                f"{base}-{rid}" if base else "",
                _text(data, 0x34 + comment_at, comment_length),
                (),
            )
            yield alias, list(_sids(members, min(count, _MOST_MEMBERS)))


def _sids(data: bytes, count: int) -> Iterator[str]:
    offset = 0
    for _ in range(count):
        sid = sid_text(data[offset : offset + 1028])
        if sid is None:
            return
        yield sid
        offset += sid_length(data[offset:][:8])


def users_of(found: list[Account]) -> list[passwd.User]:
    """Give the accounts as rows of `users`; what Windows has no word for is empty."""
    return [
        passwd.User(
            name=account.name,
            uid=account.rid,
            gid=513,
            group=account.groups[0] if account.groups else Name(""),
            password="locked" if account.disabled else account.password,
            home=Name(account.profile),
            shell=Name(""),
            comment=account.full_name or account.comment,
        )
        for account in found
    ]


def rows_of(found: list[Account]) -> list[rows.Account]:
    """Give the accounts as rows of `users`; a disabled one's password counts as locked."""
    return [
        rows.Account(
            name=account.name,
            uid=account.rid,
            groups=account.groups,
            password="locked" if account.disabled else account.password,
            password_changed=account.password_set,
            last_login=account.last_login,
            home=Name(account.profile),
            comment=" ".join(part for part in (account.full_name, account.comment) if part),
        )
        for account in found
    ]


def groups_of(found: list[Alias]) -> list[passwd.Group]:
    """Give the local groups as rows of `groups`."""
    return [passwd.Group(name=a.name, gid=a.rid, members=a.members) for a in found]
