"""How the tests look at rows of `network` and `routes`."""

from typing import Any

from guestshell.guest.facts.network.interface import Interface
from guestshell.guest.facts.network.sources import read_interfaces, read_routes
from tests.guest.facts.host_tree import HostTree


def only(files: HostTree) -> Interface:
    [row] = read_interfaces(files)
    return row


def shown(row: Interface, *fields: str) -> dict[str, Any]:
    return {field: getattr(row, field) for field in fields}


def routes(files: HostTree) -> list[tuple[str, str, str, int | None]]:
    return [(r.destination, r.gateway, r.interface, r.metric) for r in read_routes(files)]
