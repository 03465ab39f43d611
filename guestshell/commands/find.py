"""Find files by name, kind, size, age, owner and mode."""

import fnmatch
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import GuestPath, ParameterType, UserName
from guestshell.errors import GuestShellError, UsageError
from guestshell.guest import paths
from guestshell.guest.entries import LETTERS, Entry
from guestshell.output.results import Layout, Records
from guestshell.values import Name

_DAY_NS = 86_400 * 10**9
_SIZE_UNITS = {"": 512, "b": 512, "c": 1, "w": 2, "k": 2**10, "K": 2**10, "M": 2**20, "G": 2**30}
_TYPES = {
    "f": "file",
    "d": "directory",
    "l": "symlink",
    "c": "character device",
    "b": "block device",
    "p": "fifo",
    "s": "socket",
}
_DIRENT_LETTER = {"f": "r", "p": "f"}


@dataclass(frozen=True)
class Found:
    """A path that was found."""

    path: Name


class Amount(ParameterType):
    """`[+-]N`: more than, less than or exactly N, with a unit for sizes; find(1)."""

    def __init__(self, name: str, units: dict[str, int]) -> None:
        self.name = name
        self._units = units
        self._pattern = re.compile(rf"([+-]?)(\d+)({'|'.join(units)})")

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Callable[[int], bool]:
        """Give the test for an amount. Amounts are rounded up to whole units first."""
        if callable(value):
            return value  # type: ignore[no-any-return]  # a default, converted
        match = self._pattern.fullmatch(value)
        if match is None:
            units = "".join(unit for unit in self._units if unit)
            unit_text = f" and a unit of {units}" if units else ""
            self.fail(f"{value!r} is not [+-]NUMBER{unit_text}", param, ctx)
        sign, number, unit = match[1], int(match[2]), self._units[match[3]]

        def fits(amount: int) -> bool:
            rounded = -(-amount // unit)
            if sign == "+":
                return rounded > number
            return rounded < number if sign == "-" else rounded == number

        return fits


class Permissions(ParameterType):
    """`MODE` exactly, `-MODE` all of these bits, `/MODE` any of them; octal, as find(1)."""

    name = "mode"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Callable[[int], bool]:
        """Give the test for a st_mode."""
        if callable(value):
            return value  # type: ignore[no-any-return]  # a default, converted
        match = re.fullmatch(r"([-/]?)([0-7]{1,4})", value)
        if match is None:
            self.fail(f"{value!r} is not an octal mode such as 644, -4000 or /022", param, ctx)
        sign, bits = match[1], int(match[2], 8)
        if sign == "-":
            return lambda mode: mode & bits == bits
        if sign == "/":
            return lambda mode: bool(mode & bits) or not bits
        return lambda mode: mode & 0o7777 == bits


_Test = Callable[[Entry], bool]


@dataclass(frozen=True)
class _Query:
    """What is looked for: tests of path and kind, which are cheap, and of the whole entry."""

    names: tuple[re.Pattern[str], ...]
    whole_paths: tuple[re.Pattern[str], ...]
    letter: str | None
    prune: tuple[re.Pattern[str], ...]
    depth: int | None
    tests: tuple[_Test, ...]

    def fits(self, path: Name, letter: str) -> bool:
        name = paths.split(path)[1] or path
        return (
            (self.letter is None or letter == self.letter)
            and all(pattern.fullmatch(name) for pattern in self.names)
            and all(pattern.fullmatch(path) for pattern in self.whole_paths)
        )

    def takes(self, entry: Entry) -> bool:
        letter = LETTERS.get(entry.kind, "u")
        return self.fits(entry.path, letter) and all(test(entry) for test in self.tests)

    def enters(self, path: Name) -> bool:
        name = paths.split(path)[1]
        return not any(p.fullmatch(name) or p.fullmatch(path) for p in self.prune)


def _glob(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern), flags)


@command(
    category="navigate",
    examples=[
        "find / -name '*.conf'",
        "find /usr -type f -perm -4000",
        "find /var -size +10M -mtime -7",
        "find / -newer /etc/passwd -prune /proc",
    ],
)
@click.option("-name", "names", multiple=True, metavar="GLOB", help="The name fits the glob.")
@click.option("-iname", "inames", multiple=True, metavar="GLOB", help="As -name, any case.")
@click.option("-path", "whole", multiple=True, metavar="GLOB", help="The whole path fits.")
@click.option("-type", "kind", type=click.Choice(list(_TYPES)), help="f file, d directory, l link…")
@click.option("-size", type=Amount("size", _SIZE_UNITS), help="[+-]N of 512 bytes, or c k M G.")
@click.option("-mtime", type=Amount("days", {"": 1}), help="Changed [+-]N days ago.")
@click.option("-newer", type=GuestPath(), metavar="PATH", help="Changed after PATH was.")
@click.option("-user", type=UserName(), help="Owned by this user, name or number.")
@click.option("-perm", type=Permissions(), help="MODE exactly, -MODE all, /MODE any of the bits.")
@click.option("-maxdepth", type=click.IntRange(0), metavar="N", help="Go no deeper.")
@click.option("-prune", multiple=True, metavar="GLOB", help="Do not enter such directories.")
@click.argument("path", nargs=-1, type=GuestPath(keeps_slash=True))
@click.pass_obj
def find(
    context: Context,
    path: tuple[Name, ...],
    names: tuple[str, ...],
    inames: tuple[str, ...],
    whole: tuple[str, ...],
    kind: str | None,
    size: Callable[[int], bool] | None,
    mtime: Callable[[int], bool] | None,
    newer: Name | None,
    user: str | None,
    perm: Callable[[int], bool] | None,
    maxdepth: int | None,
    prune: tuple[str, ...],
) -> Records[Entry] | Records[Found]:
    """Find files; every test given must hold.

    Paths come as they are found, below each PATH (the current directory by default), each
    directory before what it holds.
    """
    tests: list[_Test] = []
    if size is not None:
        tests.append(lambda entry: size(entry.size))
    if mtime is not None:
        now = time.time_ns()
        tests.append(lambda entry: mtime(max(now - entry.mtime, 0) // _DAY_NS))
    if newer is not None:
        limit = context.guest.entry(newer).mtime
        tests.append(lambda entry: entry.mtime > limit)
    if user is not None:
        uids = _uids_of(context, user)
        tests.append(lambda entry: entry.uid in uids)
    if perm is not None:
        tests.append(lambda entry: perm(entry.mode))
    query = _Query(
        names=(*map(_glob, names), *(_glob(pattern, re.IGNORECASE) for pattern in inames)),
        whole_paths=tuple(map(_glob, whole)),
        letter=_DIRENT_LETTER.get(kind, kind) if kind else None,
        prune=tuple(map(_glob, prune)),
        depth=maxdepth,
        tests=tuple(tests),
    )
    places = path or (context.cwd,)
    if context.whole_rows:
        return Records(_found(context, places, query), Entry, ("path",), Layout.LINES)
    return Records(_found_paths(context, places, query), Found, layout=Layout.LINES)


def _uids_of(context: Context, user: str) -> set[int]:
    """Give the uids of a name; two accounts may share one, and a number is one itself."""
    if user.isdecimal() and len(user) <= 10:
        return {int(user)}
    uids = {account.uid for account in context.guest.users() if account.name == user}
    if not uids:
        raise UsageError(f"find: the guest has no user {user!r}", "users lists them")
    return uids


def _found(context: Context, places: tuple[Name, ...], query: _Query) -> Iterator[Entry]:
    for top in _tops(context, places):
        if query.takes(top):
            yield top
        if top.is_directory and query.enters(top.path):
            walk = context.guest.walk(
                top.path, depth=query.depth, enter=query.enters, failed=_warner(context)
            )
            yield from filter(query.takes, walk)


def _found_paths(context: Context, places: tuple[Name, ...], query: _Query) -> Iterator[Found]:
    """Yield the paths alone: where no test needs more than name and kind, in half the time."""
    if query.tests:
        yield from (Found(entry.path) for entry in _found(context, places, query))
        return
    for top in _tops(context, places):
        if query.takes(top):
            yield Found(top.path)
        if top.is_directory and query.enters(top.path):
            walk = context.guest.walk_names(
                top.path, depth=query.depth, enter=query.enters, failed=_warner(context)
            )
            yield from (Found(path) for path, letter in walk if query.fits(path, letter))


def _tops(context: Context, places: tuple[Name, ...]) -> Iterator[Entry]:
    return (context.guest.entry(place) for place in map(context.entered, places))


def _warner(context: Context) -> Callable[[GuestShellError], None]:
    return lambda error: context.warn(str(error))
