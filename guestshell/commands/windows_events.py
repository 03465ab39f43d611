"""Event logs of Windows."""

import heapq
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.moments import last_option, since_option, until_option
from guestshell.commands.parameters import Known, known_context
from guestshell.errors import GuestError
from guestshell.guest.facts.windows.rows import Event
from guestshell.output.results import Layout, Records
from guestshell.values import Name

if TYPE_CHECKING:
    from guestshell.guest.facts.windows.event_log import Wanted


class EventLog(Known):
    """An event log by the name that the Event Viewer gives it, or a path."""

    name = "log"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the logs there are."""
        from guestshell.guest.facts.windows.event_log import logs

        context = known_context(ctx)
        return ((name, "") for name, _ in (logs(context.guest.files()) if context else ()))


@command(
    category="windows",
    examples=[
        "events -n 20",
        "events Security --id 4624 --since 2024-01-01",
        "events System | where level = critical | group provider",
        "events Security --id 4625 -o json",
    ],
)
@click.option(
    "--id", "ids", multiple=True, type=click.IntRange(0, 65535), help="Only these; may be repeated."
)
@since_option
@until_option
@last_option
@click.argument("channel", nargs=-1, type=EventLog())
@click.pass_obj
def events(
    context: Context,
    channel: tuple[str, ...],
    ids: tuple[int, ...],
    since: int | None,
    until: int | None,
    count: int | None,
) -> Records[Event]:
    """Show event logs of Windows as one, the oldest event first.

    CHANNEL is the log by its name in the Event Viewer, or a path; without one System, Security and
    Application are shown. The sentences that the Event Viewer shows are not in the logs: message
    joins the event's own fields. Times are in UTC.
    """
    from guestshell.guest.facts.windows import event_log

    event_log.need_parser()
    files = context.files()
    if channel:
        chosen = [event_log.log_named(files, name) for name in channel]
    else:
        chosen = [(name, path) for name, path in event_log.logs(files)]
        chosen = [(name, path) for name, path in chosen if name in event_log.DEFAULT_LOGS]
        if not chosen:
            raise GuestError("there are no event logs of Windows here", "logs shows those of Linux")
    wanted = event_log.Wanted(frozenset(ids), since, until)
    rows = _rows(context, chosen, wanted, count)
    columns = ("time", "log", "id", "level", "provider", "message")
    return Records(rows, Event, columns, Layout.LINES, separator="  ")


def _rows(
    context: Context, chosen: list[tuple[str, Name]], wanted: "Wanted", count: int | None
) -> Iterator[Event]:
    from guestshell.guest.facts.windows.accounts import names_by_sid
    from guestshell.guest.facts.windows.event_log import last_events, read_events

    files = context.files()
    names = names_by_sid(context.guest.registry())
    if count is not None:
        found = [e for n, p in chosen for e in last_events(files, n, p, wanted, names, count)]
        found.sort(key=_when)
        yield from found[len(found) - min(count, len(found)) :]
        return
    streams = [read_events(files, name, path, wanted, names) for name, path in chosen]
    yield from heapq.merge(*streams, key=_when)


def _when(event: Event) -> int:
    return event.time or 0
