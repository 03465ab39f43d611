"""BSD: FreeBSD's rc.conf(5), OpenBSD's hostname.if(5) and mygate(5)."""

from collections.abc import Iterator

from guestshell.guest.facts.files import Files, changed, files_below, is_there, read_small
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.iproute import parse_route
from guestshell.guest.facts.network.values import cidr, is_prefix, once
from guestshell.guest.facts.text import set_lines
from guestshell.values import Name, Timestamp

_RC_CONF = ("/etc/rc.conf", "/etc/rc.conf.local")
_HOSTNAME = "/etc/hostname."
_MOST_INTERFACES = 100


def _settings(text: str) -> tuple[list[str], list[str], str]:
    """Give the methods, addresses and MAC of the arguments of ifconfig(8)."""
    methods, addresses, mac = [], [], ""
    given = text.split()
    lower = [word.lower() for word in given]
    if {"dhcp", "syncdhcp"} & set(lower) or lower[:2] == ["inet", "autoconf"]:
        methods.append("dhcp")
    if "accept_rtadv" in lower or lower[:2] == ["inet6", "autoconf"]:
        methods.append("auto")
    for at, (word, value) in enumerate(zip(lower, given[1:], strict=False)):
        if word in ("inet", "inet6", "alias") and (value[:1].isdigit() or ":" in value):
            after = given[at + 2 : at + 4]  # `netmask 255.255.255.0`, or the mask alone
            named = [word.lower() for word in after[:1]] in (["netmask"], ["prefixlen"])
            addresses.append(cidr(value, _mask("".join(after[1:] if named else after[:1]))))
        elif word in ("ether", "lladdr"):
            mac = value.lower()
    if addresses:
        methods.append("static")
    return methods, addresses, mac


def _mask(text: str) -> str:
    """Give a netmask with dots or a prefix length, empty for what is neither."""
    if text.lower().startswith("0x") and len(text) == 10:
        try:
            number = int(text, 16)
        except ValueError:
            return ""
        return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    return text if is_prefix(text) or text.count(".") == 3 else ""


def read_rc_conf(files: Files) -> Iterator[Interface | Route]:
    """Yield the interfaces and routes that FreeBSD's rc.conf sets."""
    for path in _RC_CONF:
        values = read_assignments(files, path)
        groups: dict[str, list[str]] = {}
        for key, value in values.items():
            if key.startswith("ifconfig_"):
                name = key.removeprefix("ifconfig_").partition("_")[0]
                groups.setdefault(name, []).append(value)
        gateways = once([values.get("defaultrouter", ""), values.get("ipv6_defaultrouter", "")])
        gateways = tuple(gateway for gateway in gateways if gateway.upper() != "NO")
        when = changed(files, path) if groups else None
        for name, lines in groups.items():
            yield _interface(name, lines, "rc.conf", Name(path), when)
        for gateway in gateways:
            yield Route(destination="default", gateway=gateway, system="rc.conf", file=Name(path))
        for label in values.get("static_routes", "").split():
            route = parse_route(values.get(f"route_{label}", ""), "", "rc.conf", path)
            if route is not None:
                yield route


def _interface(
    name: str, lines: list[str], system: str, file: Name, when: Timestamp | None
) -> Interface:
    found = [_settings(line) for line in lines]
    return Interface(
        name=Name(name),
        method=once(method for methods, _, _ in found for method in methods),
        addresses=once(address for _, addresses, _ in found for address in addresses),
        mac=next((mac for _, _, mac in found if mac), ""),
        autostart=not any("noauto" in line.lower().split() for line in lines),
        system=system,
        file=file,
        changed=when,
    )


def read_hostname_if(files: Files) -> Iterator[Interface | Route]:
    """Yield the interfaces of OpenBSD's /etc/hostname.em0 and the like, and its gateways."""
    if not is_there(files, "/etc/myname"):
        return
    found = [path for path in files_below(files, "/etc") if path.startswith(_HOSTNAME)]
    for path in found[:_MOST_INTERFACES]:
        lines = [
            "inet autoconf" if line == "dhcp" else line
            for line in set_lines(read_small(files, path) or b"")
        ]
        name = path.removeprefix(_HOSTNAME)
        yield _interface(name, lines, "hostname.if", path, changed(files, path))
    gate = Name("/etc/mygate")
    for gateway in set_lines(read_small(files, gate) or b""):
        yield Route(destination="default", gateway=gateway, system="hostname.if", file=gate)
