"""The rules of sudo: sudoers(5) with what it includes, as `sudo -l` words them."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.facts.files import SMALL, Files, entries_if_there
from guestshell.guest.facts.text import warn_of_lines

SUDOERS = ("/etc/sudoers", "/usr/local/etc/sudoers", "/usr/etc/sudoers")

_MOST_FILES = 128
_MOST_RULES = 1000
_MOST_ITEMS = 1000
"""Members of an alias once those inside it are put in its place."""

_INCLUDE = re.compile(r'[#@](include(?:dir)?)[ \t]+("[^"\n]+"|(?:\\.|[^\s\\])+)\s*')
_ALIAS = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(?=[A-Z])")
_ALIAS_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_DEFAULTS = re.compile(r"Defaults(?:(:)\s*(\S+)|[@>!]\s*\S+)?(?:\s+|$)")
_RUNAS = re.compile(r"\(([^()]*)\)")
_TAG = re.compile(r"(?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT)")
_DIGEST = re.compile(r"sha(?:224|256|384|512)")

_MARKS = {
    ends: re.compile(rf"""\\.|"[^"]*"|\([^()]*\)|([{ends}])""", re.DOTALL)
    for ends in (",", ":", "=", " \t", ",:")
}
"""Separators that count: not behind a backslash, in quotes or in brackets."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may run what: `users` as written, aliases in their places."""

    users: tuple[str, ...]
    hosts: str
    runas: str
    tags: tuple[str, ...]
    command: str

    def words(self, *, without_password: bool = False) -> str:
        """Give the rule as `sudo -l` does, with the hosts where it is not for all."""
        tags = self.tags
        if without_password and not {"PASSWD", "NOPASSWD"} & set(tags):
            tags = ("NOPASSWD", *tags)
        hosts = "" if self.hosts == "ALL" else f" on {self.hosts}"
        return f"({self.runas}) {''.join(f'{tag}: ' for tag in tags)}{self.command}{hosts}"


@dataclass(slots=True)
class Sudoers:
    """What sudo's files say; of whom `without_password` holds is asked for none."""

    rules: list[Rule] = field(default_factory=list)
    without_password: list[tuple[str, ...]] = field(default_factory=list)


def read_sudoers(files: Files) -> Sudoers:
    """Give sudo's rules, none where it is not there."""
    for path in SUDOERS:
        reader = _Reader(files)
        reader.read(path)
        if reader.seen:
            return reader.sudoers()
    return Sudoers()


class _Reader:
    """Reads the files and keeps their statements until every alias is known."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._aliases: dict[tuple[str, str], tuple[str, ...]] = {}
        self._rules: list[tuple[str, str]] = []
        self._free: list[tuple[str, ...]] = []
        self.seen: set[str] = set()

    def read(self, path: str) -> None:
        if path in self.seen or len(self.seen) >= _MOST_FILES:
            return
        try:
            data = self._files.read(path, SMALL)
        except NoSuchPath as error:
            if self.seen:
                self._files.warn(str(error))
            return
        except PathError as error:
            self.seen.add(path)
            self._files.warn(str(error))
            return
        self.seen.add(path)
        damaged = []
        for number, line in logical_lines(data):
            if include := _INCLUDE.fullmatch(line):
                self._include(path, include[1], include[2])
            elif not self._take(line):
                damaged.append(number)
        warn_of_lines(self._files, path, damaged, "cannot be understood")

    def _include(self, path: str, kind: str, named: str) -> None:
        named = named[1:-1] if named.startswith('"') else re.sub(r"\\(.)", r"\1", named)
        place = paths.lexical(paths.join(paths.split(path)[0], named))
        if kind == "include":
            self.read(place)
            return
        for entry in entries_if_there(self._files, place):
            if "." not in entry.name and not entry.name.endswith("~"):
                self.read(paths.child(place, entry.name))

    def _take(self, line: str) -> bool:
        """Keep one statement; False where it is none."""
        if alias := _ALIAS.match(line):
            kind = "Cmnd" if alias[1] == "Cmd" else alias[1]
            for definition in split(line[alias.end() :], ":"):
                name, equals, members = definition.partition("=")
                if not equals or not _ALIAS_NAME.fullmatch(name.strip()):
                    return False
                self._aliases[kind, name.strip()] = tuple(split(members, ","))
            return True
        if defaults := _DEFAULTS.match(line):
            settings = [setting.replace(" ", "") for setting in split(line[defaults.end() :], ",")]
            if "!authenticate" in settings and (defaults[1] or defaults[0].strip() == "Defaults"):
                self._free.append(tuple(split(defaults[2] or "ALL", ",")))
            return True
        left, equals, right = cut(line, "=")
        if not equals or len(left.split()) < 2:
            return False
        if len(self._rules) < _MOST_RULES:
            self._rules.append((left, right))
        return True

    def sudoers(self) -> Sudoers:
        """Give what was read with the aliases in their places."""
        found = (rule for left, right in self._rules for rule in self._specification(left, right))
        rules = list(itertools.islice(found, _MOST_RULES))
        if len(rules) == _MOST_RULES:
            self._files.warn(f"{SUDOERS[0]}: only the first {_MOST_RULES} rules are read")
        return Sudoers(rules, [self._expanded("User", users) for users in self._free])

    def _specification(self, left: str, right: str) -> Iterator[Rule]:
        """Yield the rules of `users hosts = commands : hosts = commands`."""
        left = ",".join(part.strip() for part, _ in pieces(left.strip(), ","))
        users, _, hosts = cut(left, " \t")
        who = self._expanded("User", split(users, ","))
        runas, digest, tags = "root", "", dict[str, str]()
        before = ""
        for part, end in pieces(right, ",:"):
            if before == ":":  # other hosts, other commands
                hosts, _, part = cut(part, "=")
                runas, tags = "root", {}
            before = end
            part = part.strip()
            if match := _RUNAS.match(part):
                runas, part = _runas(match[1]), part[match.end() :].lstrip()
            if end == ":" and _TAG.fullmatch(part):
                tags[part.removeprefix("NO")] = part
                before = ""
            elif end == ":" and _DIGEST.fullmatch(part):
                digest = f"{part}:"
                before = ""
            elif part:
                command = digest + " ".join(part.split())
                digest = ""
                for item in self._expanded("Cmnd", (command,)):
                    yield Rule(who, hosts.strip() or "ALL", runas, tuple(tags.values()), item)

    def _expanded(self, kind: str, members: Iterable[str]) -> tuple[str, ...]:
        """Give members with aliases replaced by what they stand for, `!` passed on to it."""
        found: list[str] = []
        waiting = [(member, frozenset[str]()) for member in reversed(list(members))]
        steps = 0
        while waiting and steps < _MOST_ITEMS:
            steps += 1
            member, inside = waiting.pop()
            name = member.lstrip("! ")
            denied = member[: len(member) - len(name)].count("!") % 2 == 1
            if name not in inside and (kind, name) in self._aliases:
                waiting += [
                    (f"!{inner}" if denied else inner, inside | {name})
                    for inner in reversed(self._aliases[kind, name][:_MOST_ITEMS])
                ]
            elif name:
                found.append(f"!{name}" if denied else name)
        return tuple(found)


def logical_lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, continued ones joined, with the number each begins at.

    A `#` begins a comment unless a number or an include directive follows.
    """
    text = data.decode("utf-8", "surrogateescape")
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.split("\n"), 1):
        if not parts:
            start = number
        line = line.rstrip("\r")
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        joined = "".join([*parts, line]).strip()
        parts = []
        if not _INCLUDE.fullmatch(joined):
            joined = _without_comment(joined).strip()
        if joined:
            yield start, joined


def _without_comment(line: str) -> str:
    quoted = False
    for place, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == "#" and not quoted:
            before, after = line[place - 1 : place], line[place + 1 : place + 2]
            if before != "\\" and not after.isdecimal():
                return line[:place]
    return line


def pieces(text: str, ends: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a text with the separator behind each, which is "" for the last."""
    start = 0
    for mark in _MARKS[ends].finditer(text):
        if mark[1]:
            yield text[start : mark.start()], mark[1]
            start = mark.end()
    yield text[start:], ""


def cut(text: str, ends: str) -> tuple[str, str, str]:
    """Give what stands before the first separator, that separator, and what follows."""
    part, end = next(pieces(text, ends))
    return part, end, text[len(part) + 1 :]


def split(text: str, separator: str) -> list[str]:
    """Give the parts of a text, stripped and out of their quotes; none is empty."""
    stripped = (part.strip() for part, _ in pieces(text, separator))
    return [
        part[1:-1] if part.startswith('"') and part.endswith('"') and len(part) > 1 else part
        for part in stripped
        if part
    ]


def _runas(text: str) -> str:
    """Word whom commands may run as the way `sudo -l` does: `ALL : ALL`, `root`, ` : disk`.

    With a group alone that is the user's own name, with another group.
    """
    users, colon, groups = (part.strip() for part in text.partition(":"))
    return f"{users} : {groups}" if colon and groups else users or "root"
