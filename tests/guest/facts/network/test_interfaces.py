"""Interfaces and routes as real distributions write them."""

import os
from pathlib import Path

import pytest

from guestshell.guest.facts.network.interface import Interface
from guestshell.guest.facts.network.sources import read_interfaces, read_routes
from tests.guest.facts.host_tree import make_tree
from tests.guest.facts.network.rows import only, routes, shown

IFUPDOWN = """\
# This file describes the network interfaces available on your system
source /etc/network/interfaces.d/*

auto lo
iface lo inet loopback

allow-hotplug eth0
iface eth0 inet static
    address 192.0.2.10
    netmask 255.255.255.0
    gateway 192.0.2.1
    dns-nameservers 192.0.2.53 198.51.100.53
    dns-search example.org
    hwaddress ether 52:54:00:AA:BB:CC
    post-up ip route add 198.51.100.0/24 via 192.0.2.254 \\
        metric 50 || true
iface eth0 inet6 auto

auto br0
iface br0 inet dhcp
    bridge_ports eth1 eth2
"""


def test_ifupdown(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/etc/network/interfaces": IFUPDOWN,
            "/etc/network/interfaces.d/wlan": "iface wlan0 inet dhcp\n  wpa-ssid cafe\n"
            "  wpa-psk not-to-be-seen\n",
            "/etc/network/interfaces.d/old~": "iface eth9 inet dhcp\n",
        },
    )
    os.utime(tmp_path / "etc/network/interfaces", ns=(7, 7))
    rows = {str(row.name): row for row in read_interfaces(files)}
    assert sorted(rows) == ["br0", "eth0", "lo", "wlan0"]
    assert rows["eth0"] == Interface(
        name=rows["eth0"].name,
        method=("static", "auto"),
        addresses=("192.0.2.10/24",),
        gateways=("192.0.2.1",),
        nameservers=("192.0.2.53", "198.51.100.53"),
        search=("example.org",),
        mac="52:54:00:aa:bb:cc",
        autostart=True,
        system="ifupdown",
        file=rows["eth0"].file,
        changed=rows["lo"].changed,
    )
    assert rows["eth0"].changed == 7
    assert shown(rows["br0"], "type", "parts") == {"type": "bridge", "parts": ("eth1", "eth2")}
    assert shown(rows["lo"], "type", "method") == {"type": "loopback", "method": ()}
    assert rows["wlan0"].ssid == "cafe" and rows["wlan0"].autostart is False
    assert "not-to-be-seen" not in repr(rows)
    assert routes(files) == [
        ("198.51.100.0/24", "192.0.2.254", "eth0", 50),
        ("default", "192.0.2.1", "eth0", None),
    ]
    assert files.warnings == []


def test_ifupdown_files_that_include_each_other_end(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/etc/network/interfaces": "source a\nsource-directory d\niface eth0 inet dhcp\n",
            "/etc/network/a": "source interfaces\niface eth1 inet6 dhcp\n",
            "/etc/network/d/ok-1": "iface eth2 inet manual\n",
            "/etc/network/d/not.this": "iface eth3 inet manual\n",
        },
    )
    found = [(row.name, row.method) for row in read_interfaces(files)]
    assert found == [("eth1", ("dhcp6",)), ("eth2", ("manual",)), ("eth0", ("dhcp",))]


NETPLAN = """\
network:
  version: 2
  renderer: networkd
  ethernets:
    id0:
      match: {macaddress: "52:54:00:12:34:56"}
      set-name: lan0
      addresses:
        - 192.0.2.10/24
        - "2001:db8::10/64": {label: "lan0:1"}
      nameservers: {search: [example.org], addresses: [192.0.2.53]}
      routes:
        - to: default
          via: 192.0.2.1
          metric: 100
        - to: 10.0.0.0/8
          via: 192.0.2.254
    enp3s0: {dhcp4: true, dhcp6: no}
  wifis:
    wlp2s0:
      dhcp4: yes
      access-points:
        "Guest network": {password: "not-to-be-seen"}
  vlans:
    vlan7: {id: 7, link: lan0, activation-mode: manual}
"""


def test_netplan(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/netplan/01-netcfg.yaml": NETPLAN})
    rows = {str(row.name): row for row in read_interfaces(files)}
    assert sorted(rows) == ["enp3s0", "lan0", "vlan7", "wlp2s0"]
    assert shown(rows["lan0"], "connection", "addresses", "gateways", "search", "mac") == {
        "connection": "id0",
        "addresses": ("192.0.2.10/24", "2001:db8::10/64"),
        "gateways": ("192.0.2.1",),
        "search": ("example.org",),
        "mac": "52:54:00:12:34:56",
    }
    assert rows["enp3s0"].method == ("dhcp",)
    assert shown(rows["wlp2s0"], "type", "ssid") == {"type": "wifi", "ssid": "Guest network"}
    assert shown(rows["vlan7"], "parts", "autostart") == {"parts": ("lan0",), "autostart": False}
    assert "not-to-be-seen" not in repr(rows)
    assert routes(files) == [
        ("default", "192.0.2.1", "lan0", 100),
        ("10.0.0.0/8", "192.0.2.254", "lan0", None),
    ]


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        ("network: [", "/etc/netplan/0.yaml:1: "),
        ("[" * 5000, "nested too deeply"),
        ("a: &a [x]\nb: [" + "*a," * 60 + "]", "/etc/netplan/0.yaml: too many aliases"),
        ("x" * 300_000, "too long"),
    ],
)
def test_a_damaged_netplan_file_leaves_the_others(tmp_path: Path, damaged: str, said: str) -> None:
    files = make_tree(
        tmp_path,
        {
            "/etc/netplan/0.yaml": damaged,
            "/etc/netplan/1.yaml": "network: {ethernets: {e0: {dhcp4: true}}}",
        },
    )
    assert only(files).name == "e0"
    [warning] = files.warnings
    assert said in warning


def test_networkmanager(tmp_path: Path) -> None:
    uuid = "27afa607-ee36-43f0-b8c3-9d245cdc4bb3"
    files = make_tree(
        tmp_path,
        {
            "/etc/NetworkManager/system-connections/Hotel.nmconnection": f"""\
[connection]
id=Hotel\\sLobby
uuid={uuid}
type=wifi
interface-name=wlp2s0
autoconnect=false

[wifi]
mode=infrastructure
ssid=67;97;102;195;169;
cloned-mac-address=52:54:00:00:00:01

[wifi-security]
key-mgmt=wpa-psk
psk=not-to-be-seen

[ipv4]
method=auto

[ipv6]
method=disabled
""",
            "/etc/NetworkManager/system-connections/office": """\
[connection]
id=office
type=802-3-ethernet

[ipv4]
address1=192.0.2.10/24,192.0.2.1
dns=192.0.2.53;198.51.100.53;
dns-search=example.org;
method=manual
route1=10.0.0.0/8,192.0.2.254,200

[ipv6]
method=auto
""",
            "/etc/NetworkManager/system-connections/torn.nmconnection": "\0\0\0",
            "/var/lib/NetworkManager/timestamps": f"[timestamps]\n{uuid}=1773454267\n",
        },
    )
    hotel, office = read_interfaces(files)
    assert shown(hotel, "connection", "name", "type", "ssid", "method", "autostart", "used") == {
        "connection": "Hotel Lobby",
        "name": "wlp2s0",
        "type": "wifi",
        "ssid": "Café",
        "method": ("dhcp",),
        "autostart": False,
        "used": 1773454267 * 10**9,
    }
    assert hotel.mac == "52:54:00:00:00:01"
    assert "not-to-be-seen" not in repr(hotel)
    assert shown(office, "type", "method", "addresses", "gateways", "nameservers", "search") == {
        "type": "ethernet",
        "method": ("static", "auto"),
        "addresses": ("192.0.2.10/24",),
        "gateways": ("192.0.2.1",),
        "nameservers": ("192.0.2.53", "198.51.100.53"),
        "search": ("example.org",),
    }
    files.warnings.clear()
    assert routes(files) == [
        ("10.0.0.0/8", "192.0.2.254", "", 200),
        ("default", "192.0.2.1", "", None),
    ]
    assert files.warnings == [
        "/etc/NetworkManager/system-connections/torn.nmconnection: no [connection] in it"
    ]


def test_networkd(tmp_path: Path) -> None:
    stock = "[Match]\nKind=veth\nName=ve-*\n[Network]\nDHCP=yes\n"
    files = make_tree(
        tmp_path,
        {
            "/usr/lib/systemd/network/80-container-ve.network": stock,
            "/usr/lib/systemd/network/10-image.network": "[Match]\nName=never\n",
            "/etc/systemd/network/10-image.network": "-> /dev/null",
            "/etc/systemd/network/20-wired.network": """\
[Match]
Name=en*

[Network]
Address=192.0.2.10/24
DNS=192.0.2.53
Domains=example.org

[Route]
Gateway=192.0.2.1
Metric=10

[Route]
Destination=10.0.0.0/8
Gateway=192.0.2.254
""",
            "/etc/systemd/network/20-wired.network.d/dhcp.conf": "[Network]\nDHCP=ipv6\n",
            "/usr/lib/systemd/network/20-wired.network.d/dhcp.conf": "[Network]\nDHCP=ipv4\n",
            "/etc/systemd/network/30-wg.netdev": "[NetDev]\nName=wg0\nKind=wireguard\n"
            "[WireGuard]\nPrivateKey=not-to-be-seen\n"
            "[WireGuardPeer]\nEndpoint=203.0.113.77:51820\n",
            "/etc/systemd/network/10-lan.link": "[Match]\nMACAddress=52:54:00:AA:00:01\n"
            "[Link]\nName=lan0\n",
        },
    )
    link, wired, tunnel = read_interfaces(files)
    assert shown(wired, "name", "method", "addresses", "gateways", "nameservers", "search") == {
        "name": "en*",
        "method": ("static", "dhcp6"),
        "addresses": ("192.0.2.10/24",),
        "gateways": ("192.0.2.1",),
        "nameservers": ("192.0.2.53",),
        "search": ("example.org",),
    }
    assert shown(tunnel, "name", "type", "parts") == {
        "name": "wg0",
        "type": "wireguard",
        "parts": ("203.0.113.77:51820",),
    }
    assert shown(link, "name", "mac", "system") == {
        "name": "lan0",
        "mac": "52:54:00:aa:00:01",
        "system": "udev",
    }
    assert routes(files) == [
        ("default", "192.0.2.1", "en*", 10),
        ("10.0.0.0/8", "192.0.2.254", "en*", None),
    ]
    assert "not-to-be-seen" not in repr(tunnel)


def test_a_system_without_any_has_no_rows_and_no_warnings(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/hostname": "nothing\n"})
    assert [*read_interfaces(files), *read_routes(files), *files.warnings] == []
