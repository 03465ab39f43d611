"""Carry files out to the host: save."""

from collections.abc import Iterator
from pathlib import Path

import click

from guestshell.commands.context import Context, Stream
from guestshell.commands.declaration import command
from guestshell.commands.parameters import GuestPath, HostPath
from guestshell.errors import HostError
from guestshell.guest.save import Saved
from guestshell.output.results import Records
from guestshell.values import Name


@command(
    category="carry out",
    examples=["save /etc/passwd .", "save /var/log/auth.log ~/case/auth.log", "save -r /etc ."],
)
@click.option("-r", "--recursive", is_flag=True, help="Save directories with all below them.")
@click.option("--force", is_flag=True, help="Overwrite what has that name on the host.")
@click.argument("path", nargs=-1, required=True, type=GuestPath())
@click.argument("host", type=HostPath())
@click.pass_obj
def save(
    context: Context, path: tuple[Name, ...], host: Path, recursive: bool, force: bool
) -> Records[Saved]:
    """Copy files of the guest to this host, complete or not at all.

    Times are kept. Links that lead out of a saved directory, devices and pipes are listed as
    skipped. Shows the size and SHA-256 of each file as written.
    """
    if len(path) > 1 and not host.is_dir():
        raise HostError(f"{host}: is not a directory", "several files need one to be saved in")
    rows = list(_saved(context, path, host, recursive, force))
    columns: tuple[str, ...] = ("size", "sha256", "path", "host")
    if any(row.skipped for row in rows):
        columns += ("skipped",)
    return Records(rows, Saved, columns, human_sizes=False)


def _saved(
    context: Context, places: tuple[Name, ...], host: Path, recursive: bool, force: bool
) -> Iterator[Saved]:
    for place in places:
        total = _total(context, place, recursive)
        with context.progress(f"Saving {place}", total) as advance:
            for row in context.guest.save(
                place,
                host,
                recursive=recursive,
                force=force,
                advance=advance,
                failed=context.fail,
            ):
                if context.streams is not None and row.sha256:
                    context.streams.append(Stream(row.path, 0, row.size, row.sha256, complete=True))
                yield row


def _total(context: Context, place: Name, recursive: bool) -> int:
    if not context.guest.is_directory(place):
        return context.guest.size(place)
    if not recursive:
        return 0
    return sum(
        entry.size
        for entry in context.guest.walk(place, failed=lambda error: None)
        if entry.is_file
    )
