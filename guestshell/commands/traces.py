"""What the file system itself tells: recent, suid, world-writable, large."""

import time
from collections.abc import Iterator

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.moments import Bytes, Moment
from guestshell.commands.parameters import GuestPath
from guestshell.guest.entries import Entry
from guestshell.guest.facts import traces
from guestshell.guest.facts.traces import Change
from guestshell.output.results import Records
from guestshell.values import Name

_COUNT = click.option(
    "-n", "--count", type=click.IntRange(1, 1_000_000), default=20, metavar="N", help="So many."
)
_PATH = click.argument("path", type=GuestPath(directories=True), default="/")
_COLUMNS = ("mode", "owner", "group", "size", "mtime", "path")


def _below(context: Context, path: Name) -> Iterator[Entry]:
    """Yield a path and what lies below it; what cannot be read is warned of."""
    top = context.guest.entry(path)
    yield top
    if top.is_directory or context.guest.is_directory(path):
        yield from context.guest.walk(path, failed=lambda error: context.warn(str(error)))


@command(
    category="traces",
    examples=["recent", "recent /etc -n 5", "recent --since 2026-03-14T01:00 | where kind = file"],
)
@_COUNT
@click.option("--since", type=Moment(), help="Only what changed from this time or age on.")
@click.option("-d", "--directories", is_flag=True, help="Directories too.")
@_PATH
@click.pass_obj
def recent(
    context: Context, path: Name, count: int, since: int | None, directories: bool
) -> Records[Change]:
    """List the files that changed last below PATH, the newest first.

    A change is the newer of the time of the content (mtime) and of the inode (ctime), for
    programs can set the first to anything but the second only to the current time. Times after
    now are marked as future.
    """
    entries = (e for e in _below(context, path) if directories or not e.is_directory)
    rows = traces.newest(entries, count, now=time.time_ns(), since=since)
    columns = ("mtime", "ctime", "future", "mode", "owner", "size", "path")
    return Records(rows, Change, columns)


@command(category="traces", examples=["suid", "suid /usr | where owner = root", "suid -o csv"])
@_PATH
@click.pass_obj
def suid(context: Context, path: Name) -> Records[Entry]:
    """List the programs that run as their owner or group (set-uid, set-gid)."""
    return Records(traces.set_id(_below(context, path)), Entry, _COLUMNS)


@command(
    category="traces",
    name="world-writable",
    examples=["world-writable", "world-writable --sticky /tmp", "world-writable | group kind"],
)
@click.option("--sticky", is_flag=True, help="Directories with the sticky bit too, like /tmp.")
@_PATH
@click.pass_obj
def world_writable(context: Context, path: Name, sticky: bool) -> Records[Entry]:
    """List what everybody may write: files, directories, sockets, devices.

    Directories with the sticky bit are left out, for there nobody can take away what another
    has put.
    """
    rows = traces.writable_by_all(_below(context, path), sticky=sticky)
    return Records(rows, Entry, _COLUMNS)


@command(
    category="traces",
    examples=["large", "large /var -n 5", "large --at-least 10M --apparent | select size path"],
)
@_COUNT
@click.option("--at-least", type=Bytes(), default=0, help="Only files of this size or more.")
@click.option("--apparent", is_flag=True, help="By length, holes included, as ls shows it.")
@_PATH
@click.pass_obj
def large(
    context: Context, path: Name, count: int, at_least: int, apparent: bool
) -> Records[Entry]:
    """List the files that take the most space below PATH, the largest first.

    A file with several names is listed once.
    """
    rows = traces.largest(_below(context, path), count, at_least=at_least, apparent=apparent)
    return Records(rows, Entry, ("allocated", "size", "owner", "mtime", "path"))
