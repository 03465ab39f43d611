"""Measure: du, df, hash."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import GuestPath
from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.content import ALGORITHMS
from guestshell.guest.devices import Usage
from guestshell.output.results import Layout, Records
from guestshell.values import Name, Size


@dataclass(frozen=True)
class DiskUsage:
    """The space that a directory or file takes on its file system, all below included."""

    size: Size
    path: Name


@dataclass(frozen=True)
class Digest:
    """The digest of one file's content."""

    digest: str
    path: Name


@command(category="measure", examples=["du /var", "du -s /usr /var", "du -d 2 /home"])
@click.option("-d", "--depth", type=click.IntRange(0), default=1, help="Show so many levels.")
@click.option("-s", "--summary", is_flag=True, help="Only the sum of each PATH.")
@click.option("-a", "--all", "show_files", is_flag=True, help="Show files too.")
@click.option("-b", "--bytes", "exact", is_flag=True, help="Show sizes in bytes.")
@click.argument("path", nargs=-1, type=GuestPath(keeps_slash=True))
@click.pass_obj
def du(
    context: Context,
    path: tuple[Name, ...],
    depth: int,
    summary: bool,
    show_files: bool,
    exact: bool,
) -> Records[DiskUsage]:
    """Add up the space that directories take, one level deep by default.

    Counted as blocks allocated, a file with several hard links once.
    """
    places = tuple(map(context.entered, path)) or (context.cwd,)
    levels = 0 if summary else depth
    rows = [row for place in places for row in _sums(context, place, levels, show_files)]
    return Records(rows, DiskUsage, human_sizes=not exact)


def _sums(context: Context, place: Name, levels: int, show_files: bool) -> Iterator[DiskUsage]:
    top = context.guest.entry(place)
    totals: dict[Name, int] = {place: top.allocated}
    shown = {place}
    seen: set[tuple[int, int]] = set()
    if top.is_directory:
        for entry in context.guest.walk(place, failed=lambda error: context.warn(str(error))):
            if entry.links > 1 and not entry.is_directory:
                if (entry.device, entry.inode) in seen:
                    continue
                seen.add((entry.device, entry.inode))
            for ancestor in _shown_ancestors(entry.path, place, levels):
                totals[ancestor] = totals.get(ancestor, 0) + entry.allocated
                if ancestor != entry.path or entry.is_directory or show_files:
                    shown.add(ancestor)
    for name in sorted(shown - {place}, key=lambda name: (-totals[name], name)):
        yield DiskUsage(Size(totals[name]), name)
    yield DiskUsage(Size(totals[place]), place)


def _shown_ancestors(path: Name, place: Name, levels: int) -> Iterator[Name]:
    """Give the paths from `place` down to `path`, at most so many levels below it."""
    yield place
    rest = path.removeprefix(place.rstrip("/")).strip("/").split("/")
    current = place
    for name in rest[:levels]:
        current = paths.child(current, name)
        yield current


@command(category="measure", examples=["df"])
@click.option("-b", "--bytes", "exact", is_flag=True, help="Show sizes in bytes.")
@click.pass_obj
def df(context: Context, exact: bool) -> Records[Usage]:
    """Show the space of the mounted file systems."""
    return Records(context.guest.usage(), Usage, human_sizes=not exact)


@command(
    category="measure",
    examples=["hash /etc/passwd", "hash -a md5 /bin/ls", "hash -r /etc/ssh"],
)
@click.option(
    "-a",
    "--algorithm",
    type=click.Choice(ALGORITHMS),
    default="sha256",
    help="The digest, sha256 by default.",
)
@click.option("-r", "--recursive", is_flag=True, help="Every file below directories.")
@click.argument("path", nargs=-1, required=True, type=GuestPath())
@click.pass_obj
def hash(  # noqa: A001  the command's name
    context: Context, path: tuple[Name, ...], algorithm: str, recursive: bool
) -> Records[Digest]:
    """Compute digests of files, in the form that sha256sum -c checks."""
    rows = _digests(context, path, algorithm, recursive)
    return Records(rows, Digest, layout=Layout.CHECKSUMS)


def _digests(
    context: Context, places: tuple[Name, ...], algorithm: str, recursive: bool
) -> Iterator[Digest]:
    for place in places:
        if not (recursive and context.guest.is_directory(place)):
            try:
                total = context.guest.size(place)
                with context.progress(f"Hashing {place}", total) as advance:
                    digest = context.guest.hash(place, algorithm, advance=advance)
                yield Digest(digest, place)
            except PathError as error:
                context.fail(error)
            continue
        for path, letter in context.guest.walk_names(place, failed=context.fail):
            if letter == "r":
                try:
                    yield Digest(context.guest.hash(path, algorithm), path)
                except PathError as error:
                    context.fail(error)
