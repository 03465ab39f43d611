"""What starts by itself: services, cron."""

from collections.abc import Iterable

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.matching import name_filter
from guestshell.commands.parameters import Known, known_context
from guestshell.guest.facts.jobs.job import Job
from guestshell.guest.facts.services.service import Service
from guestshell.output.results import Records

_KINDS = (
    "service", "socket", "timer", "path", "target", "mount", "automount", "swap", "slice",
    "generator", "shutdown", "sleep", "driver",
)  # fmt: skip


class ServiceName(Known):
    """The name of a service."""

    name = "pattern"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the names that the guest's directories of services hold."""
        from guestshell.guest.facts.services.sources import service_names

        context = known_context(ctx)
        if context is None or context.guest.is_windows:
            return ()
        return ((name, "") for name in service_names(context.guest.files()))


@command(
    category="services",
    examples=[
        "services",
        "services --enabled --kind service",
        "services ssh",
        "services | sort -mtime | first 5",
    ],
)
@click.option("--enabled", is_flag=True, help="Only what starts without being asked.")
@click.option("--kind", type=click.Choice(_KINDS), help="Only this kind of unit.")
@click.argument("pattern", required=False, type=ServiceName())
@click.pass_obj
def services(
    context: Context, pattern: str | None, enabled: bool, kind: str | None
) -> Records[Service]:
    """List the services, and all else that a service manager can start.

    Units of systemd have the state that systemctl gives them. Enabled is also what has no
    [Install] section but is pulled in by a link that came with it. Units of users, generators,
    init scripts, OpenRC, runit and inittab come too.

    PATTERN is a glob for the whole name, or without wildcards a part of it.
    """
    from guestshell.guest.facts.services.sources import read_services
    from guestshell.guest.facts.windows import services as windows

    fits = name_filter(pattern)
    rows = (
        row
        for row in context.read(read_services, windows.read_services)
        if fits(row.name) and (row.enabled or not enabled) and kind in (None, row.kind)
    )
    columns = ("name", "manager", "state", "enabled", "mtime", "command")
    return Records(rows, Service, columns)


@command(
    category="services",
    examples=["cron", "cron | where enabled | select user command", "cron | where kind == timer"],
)
@click.argument("pattern", required=False)
@click.pass_obj
def cron(context: Context, pattern: str | None) -> Records[Job]:
    """List what runs at set times: cron, anacron, at, timers of systemd.

    Tables that cron would not take come too, with the reason as note: hidden files of
    /etc/cron.d, wrong owners, scripts that are not executable.

    PATTERN is a glob for a whole command, or without wildcards a part of it.
    """
    from guestshell.guest.facts.jobs.cron import read_jobs

    fits = name_filter(pattern)
    rows = (row for row in read_jobs(context.files()) if fits(row.command))
    columns = ("kind", "schedule", "user", "enabled", "command", "file", "note")
    return Records(rows, Job, columns)
