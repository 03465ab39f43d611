"""Users and groups: passwd(5), group(5), shadow(5)."""

from dataclasses import dataclass

from guestshell.values import Name, decode_name


@dataclass(frozen=True, slots=True)
class User:
    """One account. `password` is `set`, `locked`, `none` (empty), or `unknown`."""

    name: Name
    uid: int
    gid: int
    group: Name
    password: str
    home: Name
    shell: Name
    comment: str


@dataclass(frozen=True, slots=True)
class Group:
    """One group; `members` are those its own line names."""

    name: Name
    gid: int
    members: tuple[Name, ...]


def _rows(data: bytes, least: int) -> list[list[Name]]:
    rows = []
    for line in data.splitlines():
        fields = [decode_name(field) for field in line.split(b":")]
        if len(fields) >= least and fields[0] and not fields[0].startswith(("#", "+", "-")):
            rows.append(fields)
    return rows


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) <= 10  # 32 bits


def parse_groups(data: bytes) -> list[Group]:
    """Give the groups of a group(5) file; damaged lines are left out."""
    return [
        Group(name, int(gid), tuple(Name(member) for member in members.split(",") if member))
        for name, _, gid, members in (row[:4] for row in _rows(data, 4))
        if _is_id(gid)
    ]


def _password_state(field: str | None) -> str:
    if field is None or field == "x":
        return "unknown"
    if field == "":
        return "none"
    return "locked" if field.startswith(("!", "*")) else "set"


def parse_users(passwd: bytes, shadow: bytes, groups: list[Group]) -> list[User]:
    """Give the users of a passwd(5) file with the state of their passwords."""
    group_names = {group.gid: group.name for group in groups}
    hashes = {row[0]: row[1] for row in _rows(shadow, 2)}
    users = []
    for name, password, uid, gid, comment, home, shell in (row[:7] for row in _rows(passwd, 7)):
        if not (_is_id(uid) and _is_id(gid)):
            continue
        field = hashes.get(name) if password == "x" else password
        users.append(
            User(
                name,
                int(uid),
                int(gid),
                group_names.get(int(gid), Name(gid)),
                _password_state(field),
                home,
                shell,
                comment,
            )
        )
    return users
