"""NetworkManager's connection profiles: nm-settings-keyfile(5). Secrets are never given."""

import re
from collections.abc import Iterator

from guestshell.guest.facts.files import Files, changed, configured, read_small
from guestshell.guest.facts.formats.sections import Section, merged, parse_sections
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.values import names, once, words
from guestshell.guest.facts.text import decimal, truth
from guestshell.values import Name, Timestamp, decode_name

_DIRECTORIES = (
    "/usr/lib/NetworkManager/system-connections",
    "/etc/NetworkManager/system-connections",
)
_TIMESTAMPS = "/var/lib/NetworkManager/timestamps"
_SYSTEM = "NetworkManager"

_TYPES = {"802-3-ethernet": "ethernet", "802-11-wireless": "wifi", "gsm": "modem", "cdma": "modem"}
_ALIASES = {"802-3-ethernet": "ethernet", "802-11-wireless": "wifi"}

_METHODS = {
    "ipv4": {"auto": "dhcp", "manual": "static", "": "dhcp"},
    "ipv6": {"auto": "auto", "dhcp": "dhcp6", "manual": "static", "": "auto", "ignore": ""},
}
_BYTES = re.compile(r"(?:\d{1,3};){1,32}")
_ESCAPE = re.compile(r"\\([sntr\\;])")
_ESCAPED = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\", ";": ";"}
_ADDRESS_KEY = re.compile(r"address(?:es)?\d{0,4}")
_ROUTE_KEY = re.compile(r"route(?:s)?\d{0,4}")


def _ssid(value: str) -> str:
    """Give the name of a Wi-Fi network, which is bytes: as text, or a list of their numbers."""
    if _BYTES.fullmatch(value):
        given = [int(part) for part in value.split(";") if part]
        if all(byte < 256 for byte in given):
            return decode_name(bytes(given))
    return _ESCAPE.sub(lambda match: _ESCAPED[match[1]], value)


def _addresses(section: Section) -> Iterator[tuple[str, str]]:
    """Yield the addresses and gateways of `address1=192.0.2.10/24,192.0.2.1`."""
    for key, value in section.beginning("address"):
        if _ADDRESS_KEY.fullmatch(key):
            for item in value.split(";"):
                address, _, gateway = item.partition(",")
                if address.strip():
                    yield address.strip(), gateway.partition(",")[0].strip()


def _routes(section: Section, interface: str, file: Name) -> Iterator[Route]:
    for key, value in section.beginning("route"):
        if not _ROUTE_KEY.fullmatch(key):
            continue
        for item in value.split(";"):
            to, gateway, metric = [part.strip() for part in [*item.split(",", 2), "", ""][:3]]
            if to:
                yield Route(
                    destination="default" if to in ("0.0.0.0/0", "::/0") else to,
                    gateway=gateway,
                    interface=Name(interface),
                    metric=decimal(metric),
                    system=_SYSTEM,
                    file=file,
                )


def _seconds(text: str) -> Timestamp | None:
    seconds = decimal(text.strip())
    return Timestamp(seconds * 10**9) if seconds and seconds < 2**40 else None


def _profile(
    sections: list[Section], file: Name, when: Timestamp | None, used: dict[str, str]
) -> tuple[Interface, list[Route]]:
    renamed = [Section(_ALIASES.get(s.name, s.name), s.pairs) for s in sections]
    connection, ipv4, ipv6, ethernet, wifi, vlan, vpn = (
        merged(renamed, name)
        for name in ("connection", "ipv4", "ipv6", "ethernet", "wifi", "vlan", "vpn")
    )
    kind = connection.last("type")
    families = (ipv4, ipv6)
    addresses = [pair for family in families for pair in _addresses(family)]
    methods = [
        _METHODS[f.name].get(method, method) for f in families for method in [f.last("method")]
    ]
    hardware = wifi if kind in ("wifi", "802-11-wireless") else ethernet
    peers = [
        section.last("endpoint") for section in renamed if section.name.startswith("wireguard-peer")
    ]
    controller = connection.last("controller") or connection.last("master")
    name = connection.last("interface-name")
    interface = Interface(
        name=Name(name),
        type=_TYPES.get(kind, kind),
        method=("disabled",)
        if set(methods) == {"disabled"}
        else once(() if controller else (m for m in methods if m != "disabled")),
        addresses=once(address for address, _ in addresses),
        gateways=once(
            [gateway for _, gateway in addresses] + [f.last("gateway") for f in families]
        ),
        nameservers=once(word for f in families for word in words(f.last("dns"))),
        search=once(word for f in families for word in words(f.last("dns-search"))),
        mac=(
            hardware.last("cloned-mac-address")
            or hardware.last("assigned-mac-address")
            or hardware.last("mac-address")
        ).lower(),
        autostart=truth(connection.last("autoconnect"), True),
        connection=_ESCAPE.sub(lambda match: _ESCAPED[match[1]], connection.last("id")),
        ssid=_ssid(wifi.last("ssid")),
        parts=names(once([vlan.last("parent"), vpn.last("remote") or vpn.last("gateway"), *peers])),
        system=_SYSTEM,
        file=file,
        used=_seconds(used.get(connection.last("uuid"), "") or connection.last("timestamp")),
        changed=when,
    )
    return interface, [route for family in families for route in _routes(family, name, file)]


def read_networkmanager(files: Files) -> Iterator[Interface | Route]:
    """Yield the profiles, when each was last connected, and their routes."""
    used: dict[str, str] | None = None
    for directory in _DIRECTORIES:
        for entry in configured(files, directory):
            data = read_small(files, entry.path)
            sections = parse_sections(data or b"", comments="#", joined=False)
            if not any(section.name == "connection" for section in sections):
                files.warn(f"{entry.path}: no [connection] in it")
                continue
            if used is None:
                stamps = parse_sections(read_small(files, _TIMESTAMPS) or b"", joined=False)
                used = dict(merged(stamps, "timestamps").pairs)
            interface, routes = _profile(sections, entry.path, changed(files, entry.path), used)
            yield interface
            yield from routes
