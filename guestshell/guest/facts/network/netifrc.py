"""Gentoo's netifrc: /etc/conf.d/net, what it sets without running anything."""

import itertools
from collections.abc import Iterator

from guestshell.guest.facts.files import Files, changed, is_there
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.iproute import parse_route
from guestshell.guest.facts.network.values import cidr, names, once, words
from guestshell.values import Name

_FILE = Name("/etc/conf.d/net")
_SYSTEM = "netifrc"
_METHODS = {"dhcp": "dhcp", "dhcpv6": "dhcp6", "null": "manual", "apipa": "link-local"}


def read_netifrc(files: Files) -> Iterator[Interface | Route]:
    """Yield the interfaces that a `config_` variable is about, and their routes.

    In variables the interface's name has underscores for what is no letter or digit, and so it
    has here.
    """
    values = read_assignments(files, _FILE)
    if not values:
        return
    when = changed(files, _FILE)
    for key, value in values.items():
        if not key.startswith("config_"):
            continue
        name = key.removeprefix("config_")
        lines = [line.strip() for line in value.splitlines()]
        if len(lines) == 1 and "netmask" not in value and "/" in value:
            lines = value.split()  # several addresses on one line
        addresses = [_address(line) for line in lines if line[:1].isdigit() or ":" in line]
        routes = [
            route
            for line in values.get(f"routes_{name}", "").splitlines()
            if (route := parse_route(line, name, _SYSTEM, _FILE)) is not None
        ]
        methods = [_METHODS[line] for line in lines if line in _METHODS]
        parts = values.get(f"bridge_{name}", "") + " " + values.get(f"slaves_{name}", "")
        yield Interface(
            name=Name(name),
            type=_type_of(values, name),
            method=once([*methods, "static" if addresses else ""]),
            addresses=once(addresses),
            gateways=once(r.gateway for r in routes if r.destination == "default"),
            nameservers=once(words(values.get(f"dns_servers_{name}", ""))),
            search=once(words(values.get(f"dns_search_{name}", ""))),
            mac=values.get(f"mac_{name}", "").lower(),
            autostart=is_there(files, f"/etc/runlevels/default/net.{name}"),
            ssid=values.get(f"essid_{name}", ""),
            parts=names(once(words(parts))),
            system=_SYSTEM,
            file=_FILE,
            changed=when,
        )
        yield from routes


def _address(line: str) -> str:
    given = line.split()
    options = dict(itertools.pairwise(given[1:]))
    return cidr(given[0], options.get("netmask", ""))


def _type_of(values: dict[str, str], name: str) -> str:
    if f"bridge_{name}" in values:
        return "bridge"
    return "bond" if f"slaves_{name}" in values else ""
