"""What system this is: inspect, use."""

import click

from guestshell.commands.context import ROOT, Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import SystemNumber
from guestshell.guest.inspection import Inspection, InstalledSystem
from guestshell.output.results import Layout, Records


@command(category="system", examples=["inspect"])
@click.pass_obj
def inspect(context: Context) -> Records[Inspection]:
    """Say which system lives here, on which file systems."""
    return Records([context.guest.inspect()], Inspection, layout=Layout.DETAILS)


@command(category="system", examples=["use", "use 1"], needs_session=True)
@click.argument("system", required=False, type=SystemNumber(), metavar="[NUMBER|DEVICE]")
@click.pass_obj
def use(context: Context, system: str | None) -> Records[InstalledSystem] | None:
    """Look at another system of an image that has several.

    Its file systems are mounted in the place of all others, and the current directory is the
    root again. Without a system those that there are are listed.
    """
    if system is None:
        return Records(context.guest.systems(), InstalledSystem)
    context.guest.use(system)
    context.cwd, context.previous = ROOT, None
    return None
