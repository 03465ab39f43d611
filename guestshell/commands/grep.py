"""Search the contents of files."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import GuestPath
from guestshell.commands.patterns import compile_pattern
from guestshell.errors import PathError
from guestshell.guest.guest import Guest
from guestshell.output.bytes import is_binary, numbered_lines, peek
from guestshell.output.results import Layout, Records
from guestshell.values import Name


@dataclass(frozen=True)
class Match:
    """A line that fits, or one beside it (`context`). `line` counts from 1."""

    path: Name
    line: int
    text: str
    context: bool


@dataclass(frozen=True)
class _Search:
    pattern: re.Pattern[str]
    invert: bool
    around: int
    files_only: bool

    def lines(self, path: Name, blocks: Iterable[bytes]) -> Iterator[Match]:
        head, blocks = peek(blocks)
        binary = is_binary(head)
        before: deque[Match] = deque(maxlen=self.around)
        after = 0
        for number, line in numbered_lines(blocks):
            if (self.pattern.search(line) is not None) != self.invert:
                if self.files_only or binary:
                    note = "" if self.files_only else "binary file fits"
                    yield Match(path, number, note, context=False)
                    return
                yield from before
                before.clear()
                yield Match(path, number, line, context=False)
                after = self.around
            elif after:
                after -= 1
                yield Match(path, number, line, context=True)
            elif self.around:
                before.append(Match(path, number, line, context=True))


@command(
    category="read",
    examples=[
        "grep root /etc/passwd",
        "grep -rn 'PermitRootLogin' /etc/ssh",
        "grep -E -i 'fail(ed|ure)' /var/log/auth.log",
        "grep -rl 203.0.113. /var/log",
    ],
)
@click.option("-i", "--ignore-case", is_flag=True, help="Upper and lower case are the same.")
@click.option("-n", "--line-number", is_flag=True, help="Show line numbers.")
@click.option("-r", "--recursive", is_flag=True, help="Search all files below directories.")
@click.option("-l", "--files", "files_only", is_flag=True, help="Only name the files that fit.")
@click.option("-v", "--invert", is_flag=True, help="Lines that do not fit.")
@click.option("-E", "--extended", is_flag=True, help="An extended expression: + ? | ( ) { }.")
@click.option("-F", "--fixed", is_flag=True, help="A plain string, not an expression.")
@click.option(
    "-C",
    "--context",
    "around",
    type=click.IntRange(0, 10_000),
    default=0,
    metavar="N",
    help="Show N lines around each.",
)
@click.argument("pattern")
@click.argument("path", nargs=-1, type=GuestPath())
@click.pass_obj
def grep(
    context: Context,
    pattern: str,
    path: tuple[Name, ...],
    ignore_case: bool,
    line_number: bool,
    recursive: bool,
    files_only: bool,
    invert: bool,
    extended: bool,
    fixed: bool,
    around: int,
) -> Records[Match]:
    """Show the lines that fit a pattern.

    Symbolic links below a directory are not followed; devices and pipes are never read.
    """
    compiled = compile_pattern(pattern, extended=extended, fixed=fixed, ignore_case=ignore_case)
    if not path and not recursive:
        raise click.UsageError("Name a file to search, or -r for everything below here.")
    search = _Search(compiled, invert, around, files_only)
    places = path or (context.cwd,)
    rows = _matches(context, places, search, recursive)
    if files_only:
        columns: tuple[str, ...] = ("path",)
    else:
        columns = ("path",) if recursive or len(places) > 1 else ()
        columns += ("line", "text") if line_number else ("text",)
    return Records(rows, Match, columns, Layout.LINES)


def _matches(
    context: Context, places: Iterable[Name], search: _Search, recursive: bool
) -> Iterator[Match]:
    for place in places:
        if recursive and context.guest.is_directory(place):
            for file in _files_below(context.guest, place, context):
                try:
                    yield from search.lines(file, context.blocks(file))
                except PathError as error:
                    context.fail(error)
        else:
            try:
                yield from search.lines(place, context.blocks(place))
            except PathError as error:
                context.fail(error)


def _files_below(guest: Guest, place: Name, context: Context) -> Iterator[Name]:
    for path, letter in guest.walk_names(place, failed=lambda error: context.warn(str(error))):
        if letter == "r":
            yield path
