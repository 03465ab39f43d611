"""ifcfg files: Red Hat's (sysconfig.txt, nm-settings-ifcfg-rh(5)) and SUSE's (ifcfg(5))."""

import re
from collections.abc import Iterator, Mapping

from guestshell.errors import PathError
from guestshell.guest.facts.files import Files, changed, configured, read_small
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.iproute import parse_route
from guestshell.guest.facts.network.values import cidr, names, once, words
from guestshell.guest.facts.text import is_true, text_lines, truth
from guestshell.values import Name

_RED_HAT = "/etc/sysconfig/network-scripts"
_SUSE = "/etc/sysconfig/network"
_SYSTEM = "ifcfg"

_BOOTPROTO = {"none": "manual", "": "", "autoip": "link-local", "dhcp4": "dhcp", "bootp": "dhcp"}
_TYPES = {"wireless": "wifi", "ethernet": "ethernet", "bridge": "bridge", "bond": "bond"}
_NUMBER = re.compile(r"\d{0,4}")


def _numbered(values: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield suffix and value of IPADDR, IPADDR0, IPADDR1 …, SUSE's IPADDR_2 too."""
    for key, value in values.items():
        suffix = key.removeprefix(prefix)
        if key.startswith(prefix) and (_NUMBER.fullmatch(suffix) or suffix.startswith("_")):
            yield suffix, value


def _ipv4(values: Mapping[str, str]) -> list[str]:
    found = []
    for suffix, address in _numbered(values, "IPADDR"):
        mask = next(
            (values[key + suffix] for key in ("PREFIX", "PREFIXLEN", "NETMASK")
             if values.get(key + suffix)),
            "",
        )  # fmt: skip
        if address:
            found.append(cidr(address, mask))
    return found


def _kind(values: Mapping[str, str], name: str) -> str:
    given = values.get("TYPE", values.get("INTERFACETYPE", "")).lower()
    if is_true(values.get("VLAN", "")) or values.get("ETHERDEVICE"):
        return "vlan"
    if is_true(values.get("BRIDGE", "")) or values.get("BRIDGE_PORTS"):
        return "bridge"
    if values.get("BONDING_MASTER") or values.get("BONDING_OPTS"):
        return "bond"
    if name == "lo":
        return "loopback"
    return _TYPES.get(given, given)


def _methods(values: Mapping[str, str], addresses: list[str]) -> Iterator[str]:
    boot = values.get("BOOTPROTO", "").lower()
    for word in ("dhcp", "dhcp6") if boot == "dhcp6+4" else boot.split("+"):
        found = _BOOTPROTO.get(word, word)
        if found != "manual" or not addresses:
            yield found
    if addresses:
        yield "static"
    if is_true(values.get("IPV6_AUTOCONF", "")):
        yield "auto"
    if is_true(values.get("DHCPV6C", "")):
        yield "dhcp6"


def _interface(files: Files, path: Name, suffix: str, values: Mapping[str, str]) -> Interface:
    name = values.get("DEVICE") or suffix
    addresses = _ipv4(values)
    addresses += words(values.get("IPV6ADDR", "")) + words(values.get("IPV6ADDR_SECONDARIES", ""))
    start = values.get("STARTMODE", "").lower()
    parts = [values.get("PHYSDEV", ""), values.get("ETHERDEVICE", "")]
    parts += words(values.get("BRIDGE_PORTS", ""))
    parts += [value for _, value in _numbered(values, "BONDING_SLAVE")]
    gateways = [value for _, value in _numbered(values, "GATEWAY")]
    return Interface(
        name=Name(name),
        type=_kind(values, name),
        method=once(_methods(values, addresses)),
        addresses=once(addresses),
        gateways=once([*gateways, values.get("IPV6_DEFAULTGW", "").partition("%")[0]]),
        nameservers=once(value for _, value in _numbered(values, "DNS")),
        search=once([*words(values.get("DOMAIN", "")), *words(values.get("SEARCH", ""))]),
        mac=(values.get("MACADDR") or values.get("LLADDR") or values.get("HWADDR") or "").lower(),
        autostart=start in ("auto", "onboot", "boot", "hotplug", "nfsroot", "ifplugd")
        if start
        else truth(values.get("ONBOOT", "")),
        connection=values.get("NAME", "") if values.get("NAME") != name else "",
        ssid=values.get("ESSID") or values.get("WIRELESS_ESSID") or "",
        parts=names(once(parts)),
        system=_SYSTEM,
        file=path,
        changed=changed(files, path),
    )


def _routes(files: Files, path: Name, interface: str) -> Iterator[Route]:
    """Yield the routes of a route-eth0 file, in either of the two ways it is written."""
    data = read_small(files, path) or b""
    if b"ADDRESS0=" not in data:
        for line in text_lines(data):
            bare = line.partition("#")[0].strip()
            route = parse_route(bare, interface, _SYSTEM, path)
            if route is not None:
                yield route
        return
    values = read_assignments(files, path)
    for suffix, address in _numbered(values, "ADDRESS"):
        yield Route(
            destination=cidr(address, values.get(f"NETMASK{suffix}", "")),
            gateway=values.get(f"GATEWAY{suffix}", ""),
            interface=Name(interface),
            system=_SYSTEM,
            file=path,
        )


def _suse_routes(files: Files, path: Name, interface: str) -> Iterator[Route]:
    """Yield the routes of SUSE's routes(5): destination, gateway, netmask, interface."""
    data = read_small(files, path) or b""
    for line in text_lines(data):
        fields = [f if f != "-" else "" for f in line.partition("#")[0].split()]
        if not fields:
            continue
        to, gateway, mask, device = [*fields, "", "", "", ""][:4]
        yield Route(
            destination=to if to == "default" else cidr(to, mask),
            gateway=gateway,
            interface=Name(device or interface),
            system=_SYSTEM,
            file=path,
        )


def read_ifcfg(files: Files) -> Iterator[Interface | Route]:
    """Yield the interfaces and routes of Red Hat's and SUSE's ifcfg files."""
    yield from _of_directory(files, _RED_HAT, suse=False)
    # SUSE's directory is a file of settings for all interfaces on Red Hat
    if _is_directory(files, _SUSE):
        yield from _of_directory(files, _SUSE, suse=True)
    elif gateway := read_assignments(files, _SUSE).get("GATEWAY"):
        yield Route(destination="default", gateway=gateway, system=_SYSTEM, file=Name(_SUSE))


def _is_directory(files: Files, path: str) -> bool:
    try:
        return files.entry(files.resolve(path)).is_directory
    except PathError:
        return False


def _of_directory(files: Files, directory: str, *, suse: bool) -> Iterator[Interface | Route]:
    for entry in configured(files, directory):
        kind, dash, suffix = entry.name.partition("-")
        if kind == "ifcfg" and dash:
            values = read_assignments(files, entry.path)
            yield _interface(files, entry.path, suffix, values)
        elif kind in ("route", "route6") and dash:
            yield from _routes(files, entry.path, suffix)
        elif suse and (entry.name == "routes" or (kind == "ifroute" and dash)):
            yield from _suse_routes(files, entry.path, suffix)
