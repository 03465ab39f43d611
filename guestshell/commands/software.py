"""Software: packages."""

from collections.abc import Iterable

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.matching import name_filter
from guestshell.commands.parameters import GuestPath, Known, known_context
from guestshell.errors import GuestError, UsageError
from guestshell.guest.facts.packages.rows import Deviation, Package
from guestshell.output.results import Records
from guestshell.values import Name

_COLUMNS = ("name", "version", "architecture", "size", "installed", "status", "summary")
_CHANGES = ("path", "package", "problems", "mode", "mtime", "configuration")


class PackageName(Known):
    """A package of the guest, or a pattern for several."""

    name = "pattern"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the names of the guest's packages."""
        context = known_context(ctx)
        return ((name, "") for name in (context.guest.software.names if context else ()))


@command(
    category="software",
    rows_when={"verifies": Deviation},
    examples=[
        "packages",
        "packages 'openssh*'",
        "packages lib",
        "packages --file /bin/ls",
        "packages --verify",
        "packages --verify openssh | where not configuration",
    ],
)
@click.option("-f", "--file", "owned", type=GuestPath(), metavar="PATH", help="Whose is PATH?")
@click.option("-V", "--verify", "verifies", is_flag=True, help="List their files that changed.")
@click.argument("pattern", required=False, type=PackageName())
@click.pass_obj
def packages(
    context: Context, pattern: str | None, owned: Name | None, verifies: bool
) -> Records[Package] | Records[Deviation]:
    """List the installed packages, or which of their files were changed.

    PATTERN is a glob for the whole name, or without wildcards a part of it.

    With --verify each file that a package brought is compared with what the package database
    says of it. Of dpkg that is the content alone, of the others owner, mode and more.
    `configuration` says that a file is meant to be changed.
    """
    wanted = name_filter(pattern)
    software = context.guest.software
    if verifies:
        from guestshell.guest.facts.packages.verify import verify

        if owned is not None:
            raise UsageError("packages: --file and --verify do not go together")
        databases = software.databases(context.warn)
        packaged = (file for database in databases for file in database.files(wanted))
        return Records(verify(context.files(), packaged, context.progress), Deviation, _CHANGES)
    if owned is not None:
        from guestshell.guest.facts.packages.databases import owners_of

        found = list(owners_of(context.files(), software.databases(context.warn), owned))
        if not found:
            raise GuestError(f"{owned}: no package brought it")
    else:
        found = software.packages(context.warn)
    return Records([package for package in found if wanted(package.name)], Package, _COLUMNS)
