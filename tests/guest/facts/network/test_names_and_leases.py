"""How names are looked up, and what DHCP servers gave."""

import os
import struct
from datetime import UTC, datetime
from pathlib import Path

from guestshell.guest.facts.network.hosts import read_hosts
from guestshell.guest.facts.network.interface import Lease
from guestshell.guest.facts.network.leases import read_leases
from guestshell.guest.facts.network.sources import read_resolvers
from guestshell.values import Name
from tests.guest.facts.host_tree import make_tree

NOON = int(datetime(2026, 3, 17, 12, tzinfo=UTC).timestamp()) * 10**9


def test_resolvers(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/etc/resolv.conf": "-> ../run/stub",
            "/run/stub": "# made\nnameserver 192.0.2.53\nsearch a.example b.example\n"
            "options edns0 trust-ad\n",
            "/etc/nsswitch.conf": "passwd: files\nhosts:  files  mdns4 dns\n",
            "/etc/systemd/resolved.conf": "[Resolve]\n#DNS=\nFallbackDNS=198.51.100.53\n",
            "/etc/systemd/resolved.conf.d/x.conf": "[Resolve]\nDNS=203.0.113.53\nLLMNR=no\n",
            "/etc/network/interfaces": "iface eth0 inet dhcp\n dns-nameservers 192.0.2.54\n",
        },
    )
    assert [(r.setting, r.value, r.interface) for r in read_resolvers(files)] == [
        ("link", "../run/stub", ""),
        ("nameserver", "192.0.2.53", ""),
        ("search", "a.example", ""),
        ("search", "b.example", ""),
        ("option", "edns0 trust-ad", ""),
        ("fallback", "198.51.100.53", ""),
        ("nameserver", "203.0.113.53", ""),
        ("option", "LLMNR=no", ""),
        ("order", "files mdns4 dns", ""),
        ("nameserver", "192.0.2.54", "eth0"),
    ]
    assert files.warnings == []


def test_a_resolv_conf_that_a_boot_makes_is_told_of(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/resolv.conf": "-> /run/systemd/resolve/stub-resolv.conf"})
    [row] = read_resolvers(files)
    assert (row.setting, row.value) == ("link", "/run/systemd/resolve/stub-resolv.conf")
    assert files.warnings == []


def test_hosts(tmp_path: Path) -> None:
    lines = [b"127.0.0.1\tlocalhost", b"", b"# no", b"192.0.2.10 web01.example.org web01 # us",
             b"::1 caf\xe9", b"lonely"]  # fmt: skip
    files = make_tree(tmp_path, {"/etc/hosts": b"\n".join(lines)})
    assert [(h.address, h.name, h.aliases, h.line) for h in read_hosts(files)] == [
        ("127.0.0.1", "localhost", (), 1),
        ("192.0.2.10", "web01.example.org", ("web01",), 4),
        ("::1", "caf\udce9", (), 5),
    ]


def test_no_hosts_file_is_warned_of(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/hostname": "x\n"})
    assert read_hosts(files) == []
    assert files.warnings == ["/etc/hosts: no such file or directory"]


DHCLIENT = """\
lease {
  interface "eth0";
  fixed-address 192.0.2.10;
  option subnet-mask 255.255.255.0;
  option routers 192.0.2.1;
  option dhcp-lease-time 3600;
  option dhcp-server-identifier 192.0.2.2;
  option domain-name-servers 192.0.2.53,198.51.100.53;
  option domain-name "example.org; } not the end";
  renew 2 2026/03/17 11:30:00;
  expire 2 2026/03/17 12:00:00;
}
lease {
  interface "wlan0";
  fixed-address 198.51.100.7;
  expire epoch 1773748800; # Tue Mar 17 12:00:00 2026
}
default-duid "\\000\\001\\000";
lease6 {
  interface "eth0";
  ia-na 00:00:00:01 {
    starts 1773748800;
    iaaddr 2001:db8::7 {
      starts 1773748800;
      preferred-life 1800;
      max-life 3600;
    }
  }
}
lease {
  interface "torn";
"""


def test_dhclient_leases(tmp_path: Path) -> None:
    path = Name("/var/lib/dhcp/dhclient.eth0.leases")
    files = make_tree(tmp_path, {path: DHCLIENT})
    first, second, sixth = read_leases(files)
    assert first == Lease(
        interface=Name("eth0"),
        address="192.0.2.10/24",
        routers=("192.0.2.1",),
        nameservers=("192.0.2.53", "198.51.100.53"),
        domain="example.org; } not the end",
        server="192.0.2.2",
        granted=NOON - 3600 * 10**9,  # type: ignore[arg-type]
        expires=NOON,  # type: ignore[arg-type]
        client="dhclient",
        file=path,
    )
    assert (second.interface, second.granted, second.expires) == ("wlan0", None, NOON)
    assert (sixth.address, sixth.granted, sixth.expires) == (
        "2001:db8::7",
        NOON,
        NOON + 3600 * 10**9,
    )


def test_leases_of_networkmanager(tmp_path: Path) -> None:
    name = "internal-27afa607-ee36-43f0-b8c3-9d245cdc4bb3-wlp2s0.lease"
    files = make_tree(
        tmp_path,
        {
            f"/var/lib/NetworkManager/{name}": "# This is private data. Do not parse.\n"
            "ADDRESS=192.0.2.10\nNETMASK=255.255.255.0\nROUTER=192.0.2.1\n"
            "SERVER_ADDRESS=192.0.2.2\nLIFETIME=3600\nDNS=192.0.2.53\nDOMAINNAME=example.org\n",
            "/var/lib/NetworkManager/secret_key": "x",
            "/var/lib/NetworkManager/damaged.lease": "nothing of the kind",
        },
    )
    os.utime(tmp_path / f"var/lib/NetworkManager/{name}", ns=(NOON, NOON))
    [lease] = read_leases(files)
    assert (lease.interface, lease.address, lease.server) == (
        "wlp2s0",
        "192.0.2.10/24",
        "192.0.2.2",
    )
    assert (lease.granted, lease.expires) == (NOON, NOON + 3600 * 10**9)
    [warning] = files.warnings
    assert warning.startswith("/var/lib/NetworkManager/damaged.lease: ")


def answer(*options: bytes) -> bytes:
    """Give a DHCPACK as dhcpcd writes it down."""
    head = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", 2, 1, 6, 0, 7, 0, 0, bytes(4),
                       bytes([192, 0, 2, 10]), bytes(4), bytes(4), bytes(16), bytes(64),
                       bytes(128))  # fmt: skip
    return head + b"\x63\x82\x53\x63" + b"".join(options)


def test_leases_of_dhcpcd(tmp_path: Path) -> None:
    whole = answer(
        b"\x35\x01\x05",
        b"\x01\x04\xff\xff\xff\x00",
        b"\x03\x04\xc0\x00\x02\x01",
        b"\x06\x08\xc0\x00\x02\x35\xc6\x33\x64\x35",
        b"\x33\x04" + (3600).to_bytes(4, "big"),
        b"\x0f\x0bexample.org",
        b"\xff",
    )
    files = make_tree(
        tmp_path,
        {
            "/var/lib/dhcpcd/eth0.lease": whole,
            "/var/lib/dhcpcd/wlan0-cafe.lease": answer(
                b"\x01\x04\xff\xff\xff\x00", b"\x03\xfe\x00"
            ),
        },
    )
    os.utime(tmp_path / "var/lib/dhcpcd/eth0.lease", ns=(NOON, NOON))
    wired, torn = read_leases(files)
    assert (wired.interface, wired.address, wired.domain) == (
        "eth0",
        "192.0.2.10/24",
        "example.org",
    )
    assert wired.routers == ("192.0.2.1",)
    assert wired.nameservers == ("192.0.2.53", "198.51.100.53")
    assert (wired.granted, wired.expires) == (NOON, NOON + 3600 * 10**9)
    assert (torn.interface, torn.address) == ("wlan0", "192.0.2.10/24")
    assert files.warnings == ["/var/lib/dhcpcd/wlan0-cafe.lease: cut off at offset 246"]
