"""Every source of interfaces and routes, asked in turn."""

from collections.abc import Callable, Iterator

from guestshell.guest.facts.files import Files
from guestshell.guest.facts.network.bsd import read_hostname_if, read_rc_conf
from guestshell.guest.facts.network.ifcfg import read_ifcfg
from guestshell.guest.facts.network.ifupdown import read_ifupdown
from guestshell.guest.facts.network.interface import Interface, Resolver, Route
from guestshell.guest.facts.network.netifrc import read_netifrc
from guestshell.guest.facts.network.netplan import read_netplan
from guestshell.guest.facts.network.networkd import read_networkd
from guestshell.guest.facts.network.networkmanager import read_networkmanager
from guestshell.guest.facts.network.resolver import read_resolvers as _read_resolvers
from guestshell.guest.facts.network.udev import read_udev
from guestshell.guest.facts.network.wifi import read_wifi
from guestshell.guest.facts.network.wireguard import read_wireguard

SOURCES: tuple[Callable[[Files], Iterator[Interface | Route]], ...] = (
    read_ifupdown,
    read_netplan,
    read_networkmanager,
    read_networkd,
    read_ifcfg,
    read_netifrc,
    read_rc_conf,
    read_hostname_if,
    read_wireguard,
    read_wifi,
    read_udev,
)
"""Everything that sets up interfaces; what a system does not use has no files and no rows."""


def _read(files: Files) -> Iterator[Interface | Route]:
    for source in SOURCES:
        yield from source(files)


def read_interfaces(files: Files) -> Iterator[Interface]:
    """Yield what each file says of an interface; one set up twice has two rows."""
    return (row for row in _read(files) if isinstance(row, Interface))


def read_routes(files: Files) -> Iterator[Route]:
    """Yield the routes, each gateway of an interface as a default route among them."""
    told: set[tuple[str, str, str]] = set()
    interfaces: list[Interface] = []
    for row in _read(files):
        if isinstance(row, Interface):
            interfaces.append(row)
        else:
            if row.destination == "default":
                told.add((row.interface, row.gateway, row.file))
            yield row
    for interface in interfaces:
        for gateway in interface.gateways:
            if (interface.name, gateway, interface.file) not in told:
                yield Route(
                    destination="default",
                    gateway=gateway,
                    interface=interface.name,
                    system=interface.system,
                    file=interface.file,
                )


def read_resolvers(files: Files) -> Iterator[Resolver]:
    """Yield how names are looked up, for all and for each interface."""
    return _read_resolvers(files, read_interfaces(files))
