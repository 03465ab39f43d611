"""The rows of `network`, `routes`, `dns`, `leases` and `hosts`, whatever system wrote them.

What is configured is told as its file tells it; what a boot made of it only a lease shows.
"""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp

NO_NAME = Name("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What one file (or registry key) says of one network interface.

    `name` is empty where the file does not name one, e.g. matches by MAC alone; `connection` is
    the name a person gave it, `ssid` the Wi-Fi network it joins, `type` `ethernet`, `wifi`,
    `bridge`, `bond`, `vlan`, `wireguard`, `vpn`, `loopback` … or empty.

    `method` holds each way of getting an address that is switched on: `dhcp`, `dhcp6`, `static`,
    `auto` (router advertisements), `link-local`, `shared`, `manual` (up without an address),
    `disabled`. `addresses` are CIDR (`192.0.2.10/24`) where the prefix is known.

    `autostart` is None where nothing says so; `parts` are the ports of a bridge, the links of a
    bond, the parent of a VLAN, or the other ends of a VPN. `system` is who reads the file:
    `ifupdown`, `netplan`, `NetworkManager`, `networkd`, `ifcfg`, `netifrc`, `rc.conf`,
    `hostname.if`, `WireGuard`, `wpa_supplicant`, `iwd`, `udev`, `Windows`. `used` is when it was
    last connected, where that is recorded; `changed` when the file or key was last written.
    """

    name: Name
    type: str = ""
    method: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    mac: str = ""
    autostart: bool | None = None
    connection: str = ""
    ssid: str = ""
    parts: tuple[Name, ...] = ()
    system: str
    file: Name
    used: Timestamp | None = None
    changed: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One configured route; `destination` is CIDR or `default`.

    `gateway` is empty for what is on the link itself, `interface` where none is named.
    """

    destination: str
    gateway: str = ""
    interface: Name = NO_NAME
    metric: int | None = None
    system: str
    file: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One address that a DHCP server gave; `file` is where the client wrote it down.

    `granted` and `expires` are None where the client did not record them.
    """

    interface: Name
    address: str
    routers: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    domain: str = ""
    server: str = ""
    granted: Timestamp | None = None
    expires: Timestamp | None = None
    client: str
    file: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """One thing that says how names are looked up.

    `setting` is `nameserver`, `fallback` (asked when there is no other), `search`, `option`,
    `order` (where hosts are looked for, nsswitch.conf(5)) or `link` (the file is one, to what
    another program writes); `interface` is the one it is for, empty for all.
    """

    setting: str
    value: str
    interface: Name = NO_NAME
    file: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One line of a hosts file: an address, the name it has and its other names."""

    address: str
    name: Name
    aliases: tuple[Name, ...] = ()
    file: Name
    line: int
