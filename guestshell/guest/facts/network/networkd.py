"""systemd-networkd: systemd.network(5), systemd.netdev(5), systemd.link(5) with drop-ins."""

from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files, changed, configured, entries_if_there, read_small
from guestshell.guest.facts.formats.sections import Section, merged, parse_sections
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.values import cidr, names, once, words
from guestshell.guest.facts.text import decimal
from guestshell.values import Name, Timestamp

_ETC = "/etc/systemd/network"
_VENDOR = ("/usr/local/lib/systemd/network", "/usr/lib/systemd/network")
_STOCK = ("73-", "80-", "89-", "98-", "99-")
"""What systemd brings itself: for containers, virtual machines and the names of devices."""

_SYSTEM = "networkd"
_DHCP = {
    "yes": ("dhcp", "dhcp6"),
    "true": ("dhcp", "dhcp6"),
    "both": ("dhcp", "dhcp6"),
    "ipv4": ("dhcp",),
    "v4": ("dhcp",),
    "ipv6": ("dhcp6",),
    "v6": ("dhcp6",),
}


@dataclass
class _Unit:
    name: str
    file: Name
    changed: Timestamp | None
    sections: list[Section]

    def get(self, section: str) -> Section:
        return merged(self.sections, section)

    def each(self, section: str) -> list[Section]:
        return [each for each in self.sections if each.name == section]


def read_networkd(files: Files) -> Iterator[Interface | Route]:
    """Yield the networks, devices and renamed links of systemd-networkd, and their routes.

    A file in /etc hides those of the same name below /usr; the keys of WireGuard are left out.
    """
    for unit in _units(files):
        if unit.name.endswith(".network"):
            yield from _network(unit)
        elif unit.name.endswith(".netdev"):
            yield _device(unit)
        elif link := _link(unit):
            yield link


def _units(files: Files) -> Iterator[_Unit]:
    seen: set[str] = set()
    drop_ins: dict[str, list[Name]] = {}
    for directory in (*reversed(_VENDOR), _ETC):
        for entry in entries_if_there(files, directory):
            if entry.is_directory:
                drop_ins.setdefault(entry.name, []).append(entry.path)
    for directory in (_ETC, *_VENDOR):
        for entry in configured(files, directory):
            fits = entry.name.endswith((".network", ".netdev", ".link"))
            vendor = directory != _ETC and entry.name.startswith(_STOCK)
            if not fits or vendor or entry.name in seen:
                continue
            seen.add(entry.name)
            if entry.target != "/dev/null":  # so a unit is masked
                yield _unit(files, entry, drop_ins.get(f"{entry.name}.d", []))


def _unit(files: Files, entry: Entry, drop_ins: list[Name]) -> _Unit:
    sections = parse_sections(read_small(files, entry.path) or b"")
    for directory in drop_ins:
        for extra in configured(files, directory):
            if extra.name.endswith(".conf"):
                sections += parse_sections(read_small(files, extra.path) or b"")
    return _Unit(entry.name, entry.path, changed(files, entry.path), sections)


def _network(unit: _Unit) -> Iterator[Interface | Route]:
    match, link, network = unit.get("Match"), unit.get("Link"), unit.get("Network")
    name = Name(" ".join(match.all("Name")))
    addresses = network.all("Address") + [s.last("Address") for s in unit.each("Address")]
    routes = [_route(section, name, unit.file) for section in unit.each("Route")]
    gateways = [g for g in network.all("Gateway") if not g.startswith("_")]
    gateways += [r.gateway for r in routes if r.destination == "default"]
    parts = [v for key in ("VLAN", "MACVLAN", "Tunnel", "VRF") for v in network.all(key)]
    yield Interface(
        name=name,
        type=_type_of(match),
        method=once(_methods(network, any(addresses))),
        addresses=once(addresses),
        gateways=once(gateways),
        nameservers=once(word for value in network.all("DNS") for word in value.split()),
        search=once(word for value in network.all("Domains") for word in value.split()),
        mac=(
            link.last("MACAddress") or match.last("MACAddress") or match.last("PermanentMACAddress")
        ).lower(),
        autostart=link.last("ActivationPolicy") not in ("manual", "down", "always-down")
        and link.last("Unmanaged") not in ("yes", "true", "1"),
        ssid=" ".join(match.all("SSID")),
        parts=names(once(parts)),
        system=_SYSTEM,
        file=unit.file,
        changed=unit.changed,
    )
    yield from routes


def _type_of(match: Section) -> str:
    kind = match.last("Type") or match.last("Kind")
    return {"ether": "ethernet", "wlan": "wifi"}.get(kind, kind)


def _methods(network: Section, has_addresses: bool) -> Iterator[str]:
    if has_addresses:
        yield "static"
    dhcp = _DHCP.get(network.last("DHCP").lower(), ())
    yield from dhcp
    if network.last("IPv6AcceptRA").lower() in ("yes", "true", "1", "on"):
        yield "auto"
    if network.last("LinkLocalAddressing").lower() in ("yes", "ipv4"):
        yield "link-local"
    if not has_addresses and not dhcp:
        yield "manual"


def _route(section: Section, interface: str, file: Name) -> Route:
    to = section.last("Destination")
    return Route(
        destination="default" if to in ("", "0.0.0.0/0", "::/0") else cidr(to),
        gateway=section.last("Gateway"),
        interface=Name(interface),
        metric=decimal(section.last("Metric")),
        system=_SYSTEM,
        file=file,
    )


def _device(unit: _Unit) -> Interface:
    netdev = unit.get("NetDev")
    peers = [section.last("Endpoint") for section in unit.each("WireGuardPeer")]
    return Interface(
        name=Name(netdev.last("Name")),
        type=netdev.last("Kind"),
        mac=netdev.last("MACAddress").lower(),
        autostart=True,
        parts=names(once(word for peer in peers for word in words(peer))),
        system=_SYSTEM,
        file=unit.file,
        changed=unit.changed,
    )


def _link(unit: _Unit) -> Interface | None:
    """Give the name that a .link file ties to a MAC, None of one that only sets policies."""
    match, name = unit.get("Match"), unit.get("Link").last("Name")
    mac = match.last("PermanentMACAddress") or match.last("MACAddress")
    if not name:
        return None
    return Interface(
        name=Name(name),
        type=_type_of(match),
        mac=mac.lower(),
        system="udev",
        file=unit.file,
        changed=unit.changed,
    )
