"""What is known of an image without asking it: the index on disk."""

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.errors import HostError
from guestshell.guest.learner import IndexState
from guestshell.output.results import Layout, Records


@command(category="system", examples=["index", "index build", "index drop"])
@click.argument("action", type=click.Choice(["build", "drop"]), required=False)
@click.pass_obj
def index(context: Context, action: str | None) -> Records[IndexState]:
    """Show what is known of this image on disk, learn all of it, or forget it.

    An unchanged image answers from its index before the appliance is up. It is learned in the
    background while the prompt is idle; build does it now.
    """
    guest = context.guest
    if guest.index_state() is None:
        raise HostError("nothing is kept of this image", "--no-index, or it can change unseen")
    if action == "drop":
        guest.drop_index()
    elif action == "build":
        _build(context)
    state = guest.index_state()
    if state is None:
        raise HostError("the index cannot be kept any more", "is the cache directory writable?")
    return Records([state], IndexState, layout=Layout.DETAILS)


def _build(context: Context) -> None:
    learner = context.guest.learner()
    if learner is None:
        return
    expected = sum(usage.inodes_used for usage in context.guest.usage())
    with context.progress("Learning", expected) as advance:
        learner.run(advance, hurry=True)
