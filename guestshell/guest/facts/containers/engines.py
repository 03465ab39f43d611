"""Every engine that runs containers, asked in turn."""

from collections.abc import Iterator

from guestshell.guest.facts.containers.container import Container
from guestshell.guest.facts.containers.docker import read_docker
from guestshell.guest.facts.containers.kubernetes import read_containerd, read_pods
from guestshell.guest.facts.containers.podman import read_podman
from guestshell.guest.facts.containers.system_containers import read_lxc, read_lxd, read_nspawn
from guestshell.guest.facts.files import Files

_ENGINES = (
    read_docker,
    read_podman,
    read_containerd,
    read_pods,
    read_lxc,
    read_lxd,
    read_nspawn,
)


def read_containers(files: Files) -> Iterator[Container]:
    """Yield the containers of every engine that left any."""
    for engine in _ENGINES:
        yield from engine(files)
