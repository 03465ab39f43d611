"""Interfaces of systems with a way of their own: Red Hat, SUSE, Gentoo, BSD, tunnels, Wi-Fi."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from guestshell.guest.facts.network.sources import read_interfaces
from tests.guest.facts.host_tree import make_tree
from tests.guest.facts.network.rows import only, routes, shown


def test_ifcfg_of_red_hat(tmp_path: Path) -> None:
    directory = "/etc/sysconfig/network-scripts"
    files = make_tree(
        tmp_path,
        {
            f"{directory}/ifcfg-ens192": """\
TYPE="Ethernet"
BOOTPROTO="none"
NAME="System ens192"
DEVICE="ens192"
ONBOOT="yes"
IPADDR="192.0.2.10"
PREFIX="24"
GATEWAY="192.0.2.1"
DNS1="192.0.2.53"
DOMAIN="example.org corp.example"
HWADDR=00:50:56:AA:BB:CC
IPV6ADDR=2001:db8::10/64
""",
            f"{directory}/ifcfg-lo": "DEVICE=lo\nIPADDR=127.0.0.1\nNETMASK=255.0.0.0\nONBOOT=yes\n",
            f"{directory}/ifcfg-torn": "DEVICE=torn\nBOOTPROTO='dhcp\n",
            f"{directory}/route-ens192": "10.0.0.0/8 via 192.0.2.254 dev ens192\n",
            f"{directory}/route-lo": "ADDRESS0=198.51.100.0\nNETMASK0=255.255.255.0\n"
            "GATEWAY0=192.0.2.2\n",
            f"{directory}/ifup": "#!/bin/bash\n",
            "/etc/sysconfig/network": "NETWORKING=yes\nGATEWAY=192.0.2.9\n",
        },
    )
    wired, loopback, torn = read_interfaces(files)
    assert shown(wired, "method", "addresses", "search", "mac", "autostart", "connection") == {
        "method": ("static",),
        "addresses": ("192.0.2.10/24", "2001:db8::10/64"),
        "search": ("example.org", "corp.example"),
        "mac": "00:50:56:aa:bb:cc",
        "autostart": True,
        "connection": "System ens192",
    }
    assert shown(loopback, "type", "addresses") == {
        "type": "loopback",
        "addresses": ("127.0.0.1/8",),
    }
    assert torn.name == "torn"
    assert files.warnings == [f"{directory}/ifcfg-torn: a quote or bracket is never closed"]
    assert routes(files) == [
        ("10.0.0.0/8", "192.0.2.254", "ens192", None),
        ("198.51.100.0/24", "192.0.2.2", "lo", None),
        ("default", "192.0.2.9", "", None),
        ("default", "192.0.2.1", "ens192", None),
    ]


def test_ifcfg_of_suse(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/etc/sysconfig/network/ifcfg-br0": "BOOTPROTO='static'\nSTARTMODE='auto'\n"
            "IPADDR='192.0.2.10/24'\nIPADDR_1='192.0.2.11/24'\nBRIDGE='yes'\n"
            "BRIDGE_PORTS='eth0 eth1'\n",
            "/etc/sysconfig/network/routes": "default 192.0.2.1 - -\n"
            "10.0.0.0 192.0.2.254 255.0.0.0 br0\n",
            "/etc/sysconfig/network/config": "NETCONFIG_DNS_STATIC_SERVERS=''\n",
        },
    )
    assert shown(only(files), "name", "type", "method", "addresses", "autostart", "parts") == {
        "name": "br0",
        "type": "bridge",
        "method": ("static",),
        "addresses": ("192.0.2.10/24", "192.0.2.11/24"),
        "autostart": True,
        "parts": ("eth0", "eth1"),
    }
    assert routes(files) == [
        ("default", "192.0.2.1", "", None),
        ("10.0.0.0/8", "192.0.2.254", "br0", None),
    ]


OTHERS: dict[str, tuple[Mapping[str, str], dict[str, object]]] = {
    "Gentoo": (
        {
            "/etc/conf.d/net": 'config_eth0="192.0.2.10 netmask 255.255.255.0"\n'
            'routes_eth0="default via 192.0.2.1"\ndns_servers_eth0="192.0.2.53"\n',
            "/etc/runlevels/default/net.eth0": "-> /etc/init.d/net.eth0",
        },
        {
            "name": "eth0",
            "addresses": ("192.0.2.10/24",),
            "gateways": ("192.0.2.1",),
            "autostart": True,
        },
    ),
    "FreeBSD": (
        {
            "/etc/rc.conf": 'hostname="bsd"\nifconfig_em0="inet 192.0.2.10 netmask 0xffffff00"\n'
            'ifconfig_em0_ipv6="inet6 2001:db8::10 prefixlen 64 accept_rtadv"\n'
        },
        {
            "name": "em0",
            "addresses": ("192.0.2.10/24", "2001:db8::10/64"),
            "method": ("static", "auto"),
        },
    ),
    "OpenBSD": (
        {
            "/etc/myname": "bsd.example.org\n",
            "/etc/hostname.vio0": "inet 192.0.2.10 255.255.255.0 192.0.2.255\n",
        },
        {"name": "vio0", "addresses": ("192.0.2.10/24",), "method": ("static",)},
    ),
    "WireGuard": (
        {
            "/etc/wireguard/wg0.conf": "[Interface]\nAddress = 10.8.0.2/24\nDNS = 10.8.0.1, corp\n"
            "PrivateKey = not-to-be-seen\n\n[Peer]\nPublicKey = not-to-be-seen\n"
            "Endpoint = 203.0.113.77:51820\nAllowedIPs = 10.8.0.0/24\n",
        },
        {
            "name": "wg0",
            "type": "wireguard",
            "addresses": ("10.8.0.2/24",),
            "nameservers": ("10.8.0.1",),
            "search": ("corp",),
            "parts": ("203.0.113.77:51820",),
            "autostart": False,
        },
    ),
    "udev": (
        {
            "/etc/udev/rules.d/70-persistent-net.rules": '# PCI device\nSUBSYSTEM=="net", '
            'ACTION=="add", DRIVERS=="?*", ATTR{address}=="52:54:00:AB:CD:EF", '
            'ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"\n'
        },
        {"name": "eth0", "mac": "52:54:00:ab:cd:ef", "system": "udev"},
    ),
}


@pytest.mark.parametrize("system", OTHERS)
def test_other_systems(system: str, tmp_path: Path) -> None:
    contents, expected = OTHERS[system]
    row = only(make_tree(tmp_path, contents))
    assert shown(row, *expected) == expected
    assert "not-to-be-seen" not in repr(row)


def test_wifi_networks_that_are_known(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/etc/wpa_supplicant/wpa_supplicant-wlan0.conf": "ctrl_interface=/run/wpa\n"
            'network={\n\tssid="Hotel } Lobby"\n\tpsk="not-to-be-seen"\n}\n'
            'network={\n ssid=636166c3a9\n disabled=1\n}\nnetwork={\n ssid="torn"\n',
            "/var/lib/iwd/cafe.psk": "[Security]\nPreSharedKey=not-to-be-seen\n"
            "[Settings]\nAutoConnect=false\n",
            "/var/lib/iwd/=636166c3a9.open": "",
        },
    )
    rows = list(read_interfaces(files))
    assert [(row.name, row.ssid, row.autostart, row.system) for row in rows] == [
        ("wlan0", "Hotel } Lobby", True, "wpa_supplicant"),
        ("wlan0", "café", False, "wpa_supplicant"),
        ("", "café", True, "iwd"),
        ("", "cafe", False, "iwd"),
    ]
    assert "not-to-be-seen" not in repr(rows)


def test_a_vpn_tells_where_it_leads(tmp_path: Path) -> None:
    text = "[connection]\nid=v\ntype=vpn\n[vpn]\nremote=vpn.example.org\npassword=not-to-be-seen\n"
    files = make_tree(tmp_path, {"/etc/NetworkManager/system-connections/v.nmconnection": text})
    row = only(files)
    assert (row.type, row.parts) == ("vpn", ("vpn.example.org",))
    assert "not-to-be-seen" not in repr(row)
