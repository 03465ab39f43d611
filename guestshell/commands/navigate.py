"""Move about and list: cd, pwd, ls, tree."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import GuestPath
from guestshell.errors import GuestError, PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.guest import Guest
from guestshell.guest.ways import Ways
from guestshell.language.quoting import quote
from guestshell.output.results import Layout, Records, Text
from guestshell.values import Name


class _DirectoryOrPrevious(GuestPath):
    """A directory, or `-` for the one before."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Name:
        if value != "-" or ctx is None:
            return super().convert(value, param, ctx)
        previous: Name | None = ctx.obj.previous
        if previous is None:
            raise GuestError("there is no directory before this one")
        return previous


@command(category="navigate", examples=["cd /var/log", "cd ..", "cd -"], needs_session=True)
@click.argument(
    "directory", type=_DirectoryOrPrevious(directories=True), default="/", metavar="[DIRECTORY]"
)
@click.pass_obj
def cd(context: Context, directory: Name) -> None:
    """Change the current directory; `-` is the one before.

    Without a directory it goes to the root.
    """
    target = paths.lexical(directory)
    kind = context.guest.kind(target)
    if kind != "directory":
        raise PathError(target, f"is a {kind}, not a directory")
    context.cwd, context.previous = target, context.cwd


@command(category="navigate", examples=["pwd"], needs_session=True)
@click.pass_obj
def pwd(context: Context) -> Text:
    """Show the current directory."""
    return Text([context.cwd])


_LONG = ("mode", "links", "owner", "group", "size", "mtime", "path")


def _listed(guest: Guest, path: Name, itself: bool) -> Sequence[Entry]:
    if itself or not guest.is_directory(path):
        return [guest.entry(path)]
    return guest.ls(path)


@command(
    category="navigate",
    examples=["ls -l /etc", "ls -ltr /var/log", "ls -lhS /usr/bin"],
)
@click.option("-l", "--long", is_flag=True, help="Show mode, owner, size and time.")
@click.option("-a", "--all", "show_all", is_flag=True, help="Show names that begin with a dot.")
@click.option("-h", "--human", is_flag=True, help="With -l, show sizes as 1.5K, 23M.")
@click.option("-t", "--by-time", is_flag=True, help="Newest first.")
@click.option("-S", "--by-size", is_flag=True, help="Largest first.")
@click.option("-r", "--reverse", is_flag=True, help="Turn the order round.")
@click.option("-1", "--one", is_flag=True, help="One name a line.")
@click.option("-d", "--directory", is_flag=True, help="Show a directory itself, not its content.")
@click.argument("path", nargs=-1, type=GuestPath())
@click.pass_obj
def ls(
    context: Context,
    path: tuple[Name, ...],
    long: bool,
    show_all: bool,
    human: bool,
    by_time: bool,
    by_size: bool,
    reverse: bool,
    one: bool,
    directory: bool,
) -> Records[Entry]:
    """List directories and files.

    Names that could not be typed as they are appear in quotes, ready to be typed.
    """
    places = path or (context.cwd,)
    rows: list[Entry] = []
    for place in places:
        try:
            rows += _listed(context.guest, place, directory)
        except PathError as error:
            context.fail(error)
    alone = len(places) == 1 and not directory and context.guest.is_directory(places[0])
    if not show_all:
        # what was named itself is shown, whatever it is called
        rows = [row for row in rows if row.path in places or not row.name.startswith(".")]
    if by_time:
        rows.sort(key=lambda row: row.mtime, reverse=True)
    elif by_size:
        rows.sort(key=lambda row: row.size, reverse=True)
    if reverse:
        rows.reverse()
    shown = "name" if alone else "path"
    if long:
        columns = (*_LONG[:-1], shown, "target") if _has_links(rows) else (*_LONG[:-1], shown)
        return Records(rows, Entry, columns, human_sizes=human)
    layout = Layout.LINES if one else Layout.GRID
    return Records(rows, Entry, (shown,), layout)


def _has_links(rows: list[Entry]) -> bool:
    return any(row.target is not None for row in rows)


@command(category="navigate", examples=["tree /etc/apt", "tree -L 2 /var", "tree -d /srv"])
@click.option("-L", "--level", type=click.IntRange(1), help="Go no deeper than this.")
@click.option("-a", "--all", "show_all", is_flag=True, help="Show names that begin with a dot.")
@click.option("-d", "--directories", is_flag=True, help="Show directories only.")
@click.argument("path", type=GuestPath(directories=True), default=".", metavar="[PATH]")
@click.pass_obj
def tree(
    context: Context, path: Name, level: int | None, show_all: bool, directories: bool
) -> Text:
    """Draw a directory and what is below it."""
    return Text(_Tree(context, level, show_all, directories).draw(path))


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


class _Tree:
    def __init__(
        self, context: Context, level: int | None, show_all: bool, directories_only: bool
    ) -> None:
        self._guest = context.guest
        self._failed: Callable[[PathError], None] = lambda error: context.warn(str(error))
        self._ways = Ways(self._failed)
        self._level = level
        self._show_all = show_all
        self._directories_only = directories_only
        self._directories = self._files = 0

    def draw(self, top: Name) -> Iterator[str]:
        yield quote(top)
        yield from self._below(top)
        files = "" if self._directories_only else f", {_counted(self._files, 'file', 'files')}"
        yield ""
        yield _counted(self._directories, "directory", "directories") + files

    def _rows(self, directory: Name) -> list[Entry]:
        return [
            entry
            for entry in self._guest.ls(directory)
            if (self._show_all or not entry.name.startswith("."))
            and (entry.is_directory or not self._directories_only)
        ]

    def _rows_inside(self, entry: Entry) -> list[Entry]:
        try:
            if self._ways.enters(entry.path, entry.inode, lambda: entry.device):
                return self._rows(entry.path)
        except PathError as error:
            self._failed(error)
        return []

    def _below(self, top: Name) -> Iterator[str]:
        # a stack of our own: a hostile tree is nested deeper than Python may recurse
        stack = [("", deque(self._rows(top)))]
        while stack:
            indent, rows = stack[-1]
            if not rows:
                stack.pop()
                continue
            entry = rows.popleft()
            target = f" -> {quote(entry.target)}" if entry.target is not None else ""
            yield f"{indent}{'├── ' if rows else '└── '}{quote(entry.name)}{target}"
            if not entry.is_directory:
                self._files += 1
                continue
            self._directories += 1
            if self._level is None or len(stack) < self._level:
                inner = indent + ("│   " if rows else "    ")
                stack.append((inner, deque(self._rows_inside(entry))))
