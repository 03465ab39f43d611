"""What the system wrote down: logs."""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.moments import last_option, since_option, until_option
from guestshell.commands.parameters import GuestPath, Known
from guestshell.commands.patterns import compile_pattern
from guestshell.commands.services import ServiceName
from guestshell.errors import NoSuchPath
from guestshell.guest.facts.logs.record import PRIORITIES, LogRecord, Wanted
from guestshell.output.results import Layout, Records
from guestshell.values import Name


class Unit(ServiceName):
    """A unit of systemd or the name of a program, or a glob for such names."""

    name = "unit"


class Priority(Known):
    """A priority by name or number."""

    name = "priority"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give its number, 0 for the most important."""
        if isinstance(value, int):
            return value
        if value in PRIORITIES:
            return PRIORITIES.index(value)
        if not re.fullmatch("[0-7]", value):
            self.fail(f"{value!r} is none of {', '.join(PRIORITIES)} or 0 to 7", param, ctx)
        return int(value)

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the names."""
        return ((name, str(number)) for number, name in enumerate(PRIORITIES))


@command(
    category="traces",
    examples=[
        "logs -n 20",
        "logs -u sshd --since 2026-03-14T01:20",
        "logs -g 'Accepted|session opened' -o json",
        "logs /var/log/auth.log* | group identifier",
        "logs --until 2026-03-14 | where message =~ sudo",
    ],
)
@click.option(
    "-u",
    "--unit",
    "units",
    multiple=True,
    type=Unit(),
    metavar="NAME",
    help="Only of this unit or program, a name or glob; may be given again.",
)
@click.option("-p", "--priority", "level", type=Priority(), help="As important as this or more.")
@since_option
@until_option
@click.option("-g", "--grep", "pattern", metavar="PATTERN", help="The message fits, as grep -E.")
@last_option
@click.option("-r", "--reverse", is_flag=True, help="The newest first.")
@click.argument("path", nargs=-1, type=GuestPath())
@click.pass_obj
def logs(
    context: Context,
    path: tuple[Name, ...],
    units: tuple[str, ...],
    level: int | None,
    since: int | None,
    until: int | None,
    pattern: str | None,
    count: int | None,
    reverse: bool,
) -> Records[LogRecord]:
    """Show the system's logs as one, the oldest entry first.

    Entries come from the systemd journal and from the text logs in /var/log, rotated and
    compressed ones too, or from each PATH, a log or a directory of logs. What was logged twice
    comes twice; the field source says where each entry stands.

    Times are in UTC: 2026-03-14, 2026-03-14T02:11, or an age as 90s, 6h, 2d or '2 days ago'. Text
    logs keep no priority, so with -p theirs are left out unless the line names one.
    """
    for place in path:
        if not context.guest.exists(place):
            name = place.rpartition("/")[2]
            remedy = f"logs -u {name} shows what a unit or program wrote"
            raise NoSuchPath(place, "no such file or directory", remedy)
    message = None
    if pattern is not None:
        message = compile_pattern(pattern, extended=True, fixed=False, ignore_case=False)
    wanted = Wanted(units, level, since, until, message)
    rows = _rows(context, path, wanted, count, reverse)
    return Records(rows, LogRecord, ("time", "identifier", "message"), Layout.LINES, separator=" ")


def _rows(
    context: Context, places: tuple[Name, ...], wanted: Wanted, count: int | None, reverse: bool
) -> Iterator[LogRecord]:
    # the readers of all formats take 10 ms to import
    from guestshell.guest.facts.logs.merge import last, merged
    from guestshell.guest.facts.logs.places import log_sources

    sources = log_sources(context.files(), places)
    if count is not None and not reverse:
        yield from last(sources, count, wanted)
    else:
        yield from itertools.islice(merged(sources, wanted, backward=reverse), count)
