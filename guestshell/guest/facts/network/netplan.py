"""netplan: /etc/netplan/*.yaml, netplan-yaml reference."""

from collections.abc import Iterator
from typing import Any

from guestshell.guest.facts.files import Files, changed, configured, read_small
from guestshell.guest.facts.formats.shapes import list_of, mapping_of, text_of, texts_of
from guestshell.guest.facts.formats.yaml_text import load_yaml
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.values import names, once
from guestshell.guest.facts.text import decimal, is_true
from guestshell.values import Name

_SYSTEM = "netplan"
_DIRECTORIES = ("/usr/lib/netplan", "/etc/netplan")
_TYPES = {
    "ethernets": "ethernet",
    "wifis": "wifi",
    "modems": "modem",
    "bridges": "bridge",
    "bonds": "bond",
    "vlans": "vlan",
    "tunnels": "tunnel",
    "vrfs": "vrf",
    "dummy-devices": "dummy",
    "virtual-ethernets": "veth",
}


def _addresses_of(settings: Any) -> tuple[str, ...]:
    """Give the addresses, each of which may carry options of its own."""
    return once(
        address
        for item in list_of(settings, "addresses")
        for address in (mapping_of(item) or texts_of({"address": item}, "address"))
    )


def _routes_of(settings: Any, interface: str, file: str) -> Iterator[Route]:
    for route in list_of(settings, "routes"):
        to = text_of(route, "to")
        if to:
            yield Route(
                destination="default" if to in ("0.0.0.0/0", "::/0") else to,
                gateway=text_of(route, "via"),
                interface=Name(interface),
                metric=decimal(text_of(route, "metric").strip()),
                system=_SYSTEM,
                file=Name(file),
            )


def _methods(settings: dict[str, Any], addresses: tuple[str, ...]) -> Iterator[str]:
    if addresses:
        yield "static"
    dhcp = text_of(settings, "dhcp4")
    if is_true(dhcp):
        yield "dhcp"
    if is_true(text_of(settings, "dhcp6")):
        yield "dhcp6"
    if is_true(text_of(settings, "accept-ra")):
        yield "auto"


def _interface(name: str, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    match = mapping_of(settings, "match")
    nameservers = mapping_of(settings, "nameservers")
    addresses = _addresses_of(settings)
    routes = _routes_of(settings, name, "")
    gateways = [text_of(settings, "gateway4"), text_of(settings, "gateway6")]
    gateways += [route.gateway for route in routes if route.destination == "default"]
    points = mapping_of(settings, "access-points")
    device = text_of(settings, "set-name") or text_of(match, "name")
    parts = texts_of(settings, "interfaces") + texts_of(settings, "link")
    return {
        "name": Name(device or name),
        "type": text_of(settings, "mode") if kind == "tunnel" else kind,
        "method": once(_methods(settings, addresses)) or ("manual",),
        "addresses": addresses,
        "gateways": once(gateways),
        "nameservers": once(texts_of(nameservers, "addresses")),
        "search": once(texts_of(nameservers, "search")),
        "mac": (text_of(settings, "macaddress") or text_of(match, "macaddress")).lower(),
        "autostart": "activation-mode" not in settings,  # manual or off
        "connection": name if device and device != name else "",
        "ssid": ", ".join(points),
        "parts": names(once(parts)),
    }


def read_netplan(files: Files) -> Iterator[Interface | Route]:
    """Yield the interfaces and routes of netplan's files; keys and passwords are left out."""
    for directory in _DIRECTORIES:
        for entry in configured(files, directory):
            if entry.name.endswith(".yaml"):
                yield from _of_file(files, entry.path)


def _of_file(files: Files, path: Name) -> Iterator[Interface | Route]:
    data = read_small(files, path)
    document = load_yaml(files, path, data) if data else None
    network = mapping_of(document, "network")
    when = changed(files, path)
    for group, kind in _TYPES.items():
        for name, value in mapping_of(network, group).items():
            settings = mapping_of(value)
            found = _interface(name, kind, settings)
            yield Interface(**found, system=_SYSTEM, file=path, changed=when)
            yield from _routes_of(settings, found["name"], path)
