"""Users and groups as their files name them: passwd(5), group(5), shadow(5), gshadow(5)."""

from dataclasses import dataclass

from guestshell.guest.facts.files import Files, read_if_there
from guestshell.guest.facts.text import decimal, warn_of_lines
from guestshell.values import Name, decode_name

PASSWD = "/etc/passwd"
GROUP = "/etc/group"
SHADOW = "/etc/shadow"


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
    """One group; `members` are those its own line names.

    `primary` are the users whose passwd(5) line names it, `administrators` those whom gshadow(5)
    lets change its members.
    """

    name: Name
    gid: int
    members: tuple[Name, ...]
    primary: tuple[Name, ...] = ()
    administrators: tuple[Name, ...] = ()


def rows(data: bytes, least: int) -> list[list[Name]]:
    """Give the fields of each line that has at least so many; NIS's `+` and `-` are none."""
    found = []
    for line in data.split(b"\n"):
        fields = [decode_name(field) for field in line.split(b":")]
        if len(fields) >= least and fields[0] and not fields[0].startswith(("#", "+", "-")):
            found.append(fields)
    return found


def id_of(text: str) -> int | None:
    """Give a user's or group's number, None of any other text."""
    return decimal(text, 10)  # 32 bits


def _names(field: str) -> tuple[Name, ...]:
    return tuple(Name(name.strip()) for name in field.split(",") if name.strip())


def parse_groups(data: bytes, passwd: bytes = b"", gshadow: bytes = b"") -> list[Group]:
    """Give the groups of a group(5) file; damaged lines are left out.

    The other two files say who has it as primary group and who administers it.
    """
    primary: dict[int, list[Name]] = {}
    for row in rows(passwd, 7):
        if (gid := id_of(row[3])) is not None:
            primary.setdefault(gid, []).append(row[0])
    administrators = {row[0]: _names(row[2]) for row in rows(gshadow, 4)}
    return [
        Group(
            row[0],
            gid,
            _names(row[3]),
            tuple(primary.get(gid, ())),
            administrators.get(row[0], ()),
        )
        for row in rows(data, 4)
        if (gid := id_of(row[2])) is not None
    ]


def password_state(field: str | None) -> str:
    """Say what the password field of shadow(5) or passwd(5) means, None for one that is hidden."""
    if field is None or field == "x":
        return "unknown"
    if field == "":
        return "none"
    return "locked" if field.startswith(("!", "*")) else "set"


def parse_users(passwd: bytes, shadow: bytes, groups: list[Group]) -> list[User]:
    """Give the users of a passwd(5) file with the state of their passwords."""
    group_names = {group.gid: group.name for group in reversed(groups)}
    hashes = {row[0]: row[1] for row in reversed(rows(shadow, 2))}
    users = []
    for name, password, *numbers, comment, home, shell in (row[:7] for row in rows(passwd, 7)):
        uid, gid = map(id_of, numbers)
        if uid is None or gid is None:
            continue
        field = hashes.get(name) if password == "x" else password
        users.append(
            User(
                name,
                uid,
                gid,
                group_names.get(gid, numbers[1]),
                password_state(field),
                home,
                shell,
                comment,
            )
        )
    return users


def read_users(files: Files) -> list[User]:
    """Give the users of /etc/passwd alone, none where it is missing: who has which number."""
    return parse_users(read_if_there(files, PASSWD) or b"", b"", [])


def check_groups(files: Files) -> None:
    """Warn of the lines of /etc/group that are damaged."""
    warn_of_damage(files, GROUP, read_if_there(files, GROUP) or b"", 4, (2,))


def warn_of_damage(
    files: Files, path: str, data: bytes, least: int, numbers: tuple[int, ...]
) -> None:
    """Warn once of the lines with fewer fields than `least`, or no number where one belongs."""
    damaged = []
    for number, line in enumerate(data.split(b"\n"), 1):
        fields = [decode_name(field) for field in line.split(b":")]
        if not line.strip() or fields[0].startswith(("#", "+", "-")):
            continue
        if (
            len(fields) < least
            or not fields[0]
            or any(id_of(fields[index]) is None for index in numbers)
        ):
            damaged.append(number)
    warn_of_lines(files, path, damaged, "damaged, and left out")
