"""Systems within the system: containers."""

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.guest.facts.containers.container import Container
from guestshell.output.results import Records


@command(
    category="software",
    examples=["containers", "containers | where privileged", "containers | where host = network"],
)
@click.pass_obj
def containers(context: Context) -> Records[Container]:
    """List the containers, what they run and what they may do to their host.

    Those of Docker, Podman, containerd, Kubernetes, LXC, LXD and systemd-nspawn.
    """
    from guestshell.guest.facts.containers.engines import read_containers

    rows = read_containers(context.files())
    return Records(
        rows,
        Container,
        columns=("engine", "name", "image", "state", "created", "privileged", "mounts", "command"),
    )
