"""Network interfaces and their leases: Tcpip's Parameters in the SYSTEM hive."""

import ipaddress
from collections.abc import Iterator

from guestshell.guest.facts.files import Files, read_needed
from guestshell.guest.facts.network.hosts import parse_hosts
from guestshell.guest.facts.network.interface import Host, Interface, Lease, Resolver
from guestshell.guest.facts.windows import places
from guestshell.guest.facts.windows.keys import (
    Key,
    Registry,
    number_of,
    seconds,
    subkeys_of,
    text_of,
)
from guestshell.guest.facts.windows.system import CONTROL, TCPIP
from guestshell.values import Name

_CONNECTIONS = rf"{CONTROL}\Network\{{4D36E972-E325-11CE-BFC1-08002BE10318}}"
"""The class of network adapters, whose keys hold the names that people see."""

_NONE = ("", "0.0.0.0")


def read_interfaces(registry: Registry) -> Iterator[Interface]:
    """Yield the interfaces that TCP/IP was ever bound to, by their GUID."""
    connections = registry.key(_CONNECTIONS)
    for key in _interface_keys(registry):
        dhcp = number_of(key, "EnableDHCP") == 1
        static = () if dhcp else _addresses(_texts(key, "IPAddress"), _texts(key, "SubnetMask"))
        leased = _addresses(_texts(key, "DhcpIPAddress"), _texts(key, "DhcpSubnetMask"))
        yield Interface(
            name=Name(key.name),
            connection=_connection(connections, key),
            method=("dhcp",) if dhcp else ("static",) if static else (),
            addresses=leased if dhcp else static,
            gateways=_given(key, "DhcpDefaultGateway" if dhcp else "DefaultGateway"),
            nameservers=_listed(key, "NameServer")
            or (_listed(key, "DhcpNameServer") if dhcp else ()),
            search=_listed(key, "Domain") or (_listed(key, "DhcpDomain") if dhcp else ()),
            system="Windows",
            file=key.file,
            changed=key.modified,
        )


def read_leases(registry: Registry) -> Iterator[Lease]:
    """Yield what DHCP servers gave each interface last."""
    connections = registry.key(_CONNECTIONS)
    for key in _interface_keys(registry):
        for address in _given(key, "DhcpIPAddress"):
            yield Lease(
                interface=Name(_connection(connections, key) or key.name),
                address=address,
                routers=_given(key, "DhcpDefaultGateway"),
                nameservers=_listed(key, "DhcpNameServer"),
                domain=text_of(key, "DhcpDomain"),
                server=text_of(key, "DhcpServer"),
                granted=seconds(number_of(key, "LeaseObtainedTime")),
                expires=seconds(number_of(key, "LeaseTerminatesTime")),
                client="Windows",
                file=key.file,
            )


def read_resolvers(registry: Registry) -> Iterator[Resolver]:
    """Yield the name servers and search domains set for the machine and for each interface."""
    tcpip = registry.key(TCPIP)
    connections = registry.key(_CONNECTIONS)
    places = [(key, _connection(connections, key) or key.name) for key in _interface_keys(registry)]
    for key, name in [*([(tcpip, "")] if tcpip is not None else []), *places]:
        servers = _listed(key, "NameServer") or _listed(key, "DhcpNameServer")
        for value in servers:
            yield Resolver(setting="nameserver", value=value, interface=Name(name), file=key.file)
        for value in _listed(key, "SearchList") or _listed(key, "Domain"):
            yield Resolver(setting="search", value=value, interface=Name(name), file=key.file)


def read_hosts(files: Files) -> list[Host]:
    """Give the lines of its hosts file."""
    root = places.system_root(files)
    file = places.find(files, root, "System32", "drivers", "etc", "hosts") if root else None
    if file is None:
        files.warn("System32/drivers/etc/hosts: there is no such file")
        return []
    return list(parse_hosts(read_needed(files, file), file))


def _interface_keys(registry: Registry) -> list[Key]:
    """Give the keys of interfaces; a wireless one keeps a key for each network below its own."""
    keys = list(subkeys_of(registry.key(rf"{TCPIP}\Interfaces")))
    return [*keys, *(below for key in keys for below in key.subkeys())]


def _connection(connections: Key | None, key: Key) -> str:
    found = connections.subkey(rf"{key.name}\Connection") if connections is not None else None
    return text_of(found, "Name")


def _texts(key: Key, name: str) -> tuple[str, ...]:
    value = key.value(name)
    return value.texts() if value is not None else ()


def _given(key: Key, name: str) -> tuple[str, ...]:
    return tuple(text for text in _texts(key, name) if text not in _NONE)


def _listed(key: Key, name: str) -> tuple[str, ...]:
    """Give the words of a value whose words are kept apart by spaces or commas."""
    return tuple(text_of(key, name).replace(",", " ").split())


def _addresses(addresses: tuple[str, ...], masks: tuple[str, ...]) -> tuple[str, ...]:
    """Give addresses as CIDR where their mask is one, `0.0.0.0` left out."""
    padded = [*masks, *[""] * len(addresses)]
    pairs = zip(addresses, padded, strict=False)
    return tuple(_cidr(address, mask) for address, mask in pairs if address not in _NONE)


def _cidr(address: str, mask: str) -> str:
    try:
        return ipaddress.ip_interface(f"{address}/{mask}").with_prefixlen if mask else address
    except ValueError:
        return address
