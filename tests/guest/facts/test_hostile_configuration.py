"""Whatever stands in these files, facts give rows and warnings, soon, and nothing else."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guestshell.guest.devices import Survey
from guestshell.guest.facts.configuration.cloud_init import read_cloud
from guestshell.guest.facts.configuration.file_systems import read_fstab
from guestshell.guest.facts.configuration.locale import read_locale
from guestshell.guest.facts.configuration.selinux import read_selinux
from guestshell.guest.facts.configuration.time_zone import read_time_zone
from guestshell.guest.facts.containers.engines import read_containers
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.firewall.sources import read_firewall
from guestshell.guest.facts.network.hosts import read_hosts
from guestshell.guest.facts.network.leases import read_leases
from guestshell.guest.facts.network.sources import (
    read_interfaces,
    read_resolvers,
    read_routes,
)
from tests.guest.facts.host_tree import make_tree

FACTS: dict[str, Callable[[Files], Iterable[object]]] = {
    "interfaces": read_interfaces,
    "routes": read_routes,
    "resolvers": read_resolvers,
    "leases": read_leases,
    "hosts": read_hosts,
    "firewall": read_firewall,
    "containers": read_containers,
    "cloud": read_cloud,
    "locale": read_locale,
    "selinux": read_selinux,
    "fstab": lambda files: read_fstab(files, Survey([], [], []), []),
    "timezone": lambda files: [read_time_zone(files)],
}

STORE = "/var/lib/containers/storage"
PLACES = [
    "/etc/adjtime",
    "/etc/conf.d/hwclock",
    "/etc/conf.d/net",
    "/etc/default/grub",
    "/etc/default/locale",
    "/etc/default/ufw",
    "/etc/docker/daemon.json",
    "/etc/environment",
    "/etc/firewalld/direct.xml",
    "/etc/firewalld/firewalld.conf",
    "/etc/firewalld/zones/z.xml",
    "/etc/fstab",
    "/etc/hostname.em0",
    "/etc/hosts",
    "/etc/iptables/rules.v4",
    "/etc/kubernetes/manifests/p.yaml",
    "/etc/localtime",
    "/etc/mygate",
    "/etc/myname",
    "/etc/netplan/n.yaml",
    "/etc/network/interfaces",
    "/etc/network/interfaces.d/x",
    "/etc/NetworkManager/system-connections/c.nmconnection",
    "/etc/nftables.conf",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/rc.conf",
    "/etc/resolv.conf",
    "/etc/selinux/config",
    "/etc/sysconfig/clock",
    "/etc/sysconfig/network-scripts/ifcfg-e0",
    "/etc/sysconfig/network-scripts/route-e0",
    "/etc/sysconfig/network/ifcfg-e1",
    "/etc/sysconfig/network/routes",
    "/etc/systemd/network/n.link",
    "/etc/systemd/network/n.netdev",
    "/etc/systemd/network/n.network",
    "/etc/systemd/nspawn/m.nspawn",
    "/etc/systemd/resolved.conf",
    "/etc/timezone",
    "/etc/udev/rules.d/70-net.rules",
    "/etc/ufw/ufw.conf",
    "/etc/ufw/user.rules",
    "/etc/wireguard/w.conf",
    "/etc/wpa_supplicant/wpa_supplicant.conf",
    "/var/lib/iwd/=zz.psk",
    "/usr/share/zoneinfo/Z",
    "/var/lib/cloud/data/result.json",
    "/var/lib/cloud/data/status.json",
    "/var/lib/cloud/instances/i/datasource",
    "/var/lib/cloud/seed/nocloud/meta-data",
    "/var/lib/cloud/seed/nocloud/user-data",
    "/var/lib/containerd/io.containerd.grpc.v1.cri/containers/c/status",
    "/var/lib/dhcp/dhclient.leases",
    "/var/lib/dhcpcd/e0.lease",
    "/var/lib/docker/containers/d/config.v2.json",
    "/var/lib/docker/containers/d/hostconfig.json",
    "/var/lib/lxc/l/config",
    "/var/lib/machines/m/x",
    "/var/lib/NetworkManager/internal-e0.lease",
    "/var/lib/NetworkManager/timestamps",
    "/var/lib/waagent/ovf-env.xml",
    f"{STORE}/db.sql",
    f"{STORE}/overlay-containers/containers.json",
]

HUGE = "9" * 5000
FRAGMENTS = [
    "\n", "\n\n", " ", "\t", "=", ":", ",", ";", "-", "{", "}", "[", "]", '"', "'", "\\", "\\\n",
    "#", "<", ">", "0", HUGE, "-1", "0x", "/", "..", "*", "\0", "é", "\udcff", "\ud7ff",
    "iface e0 inet static\n", "address ", "netmask ", "source ", "source *\n", "auto ",
    "network:\n  ethernets:\n    e0:\n      addresses: ", "network: {ethernets: {e0: {dhcp4: ",
    "[connection]\n", "[ipv4]\n", "address1=", "route1=", "ssid=", "[Match]\n", "[Network]\n",
    "[Route]\n", "Gateway=", "[Peer]\n", "AllowedIPs=", "[Resolve]\n", "DNS=", "IPADDR=",
    "NETMASK=255.255.", "ADDRESS0=", "ifconfig_em0=", "inet ", "netmask 0x", "config_e0=(",
    "lease {\n", "fixed-address ", "expire 2 2026/03/", "expire epoch ", "}\n", "ADDRESS=",
    "LIFETIME=", "table inet f {\n", "chain c {\n", "include ", "*filter\n", "-A INPUT ",
    ":INPUT DROP\n", "-j ", "--dport ", "### tuple ### allow tcp 22 any any any in comment=zz\n",
    "<zone>", "</zone>", '<rule family="', "<!DOCTYPE a [", "&a;", "ENABLED=yes\n",
    '{"', '":', '"}', '{"v1": {"init": {"start": ', '[{"id": "a", "names": ["', "1e999", "null",
    '"\\ud800"', '{"Name": "\\ud800", "MountPoints": {"\\udfff": {}}}', "#cloud-config\n",
    "users:\n- name: ", '"\\ud800"\n', "&x ", "*x ", "<<: ", "!!python/object:os.system ",
    "kind: Pod\nspec: {containers: [", "SELINUXTYPE=", "SELINUX=", "ZONE=", "TZif2", "\n<A>",
    "root:x:0:0::/root:/bin/sh\n", "UUID=", " / ext4 ", "lxc.mount.entry = ", "Bind=",
    "options selinux=", "GRUB_CMDLINE_LINUX=", "KEYMAP=", "hosts: ", "nameserver ",
    "network={\n", "ssid=",
]  # fmt: skip

TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=25).map(
    lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
)
CONTENTS = st.one_of(
    TEXTS,
    st.binary(max_size=300),
    st.binary(max_size=60).map(lambda data: bytes(236) + b"\x63\x82\x53\x63" + data),
    st.binary(max_size=60).map(lambda data: b"SQLite format 3\0" + data),
)


def rows_of(contents: dict[str, str | bytes], root: Path) -> list[object]:
    files = make_tree(root, contents)
    return [row for read in FACTS.values() for row in read(files)]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CONTENTS, min_size=1, max_size=6))
def test_any_content_gives_rows_that_can_be_written(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as root:
        spread: dict[str, str | bytes] = {
            place: contents[number % len(contents)] for number, place in enumerate(PLACES)
        }
        rows = rows_of(spread, Path(root))
    for row in rows:
        _write(astuple(row))  # type: ignore[call-overload]


def _write(value: object) -> None:
    if isinstance(value, tuple):
        for item in value:
            _write(item)
    elif isinstance(value, str):
        value.encode("utf-8", "surrogateescape")


ROWS = [
    b"[", b"{", b"(", b"<a>", b'"', b"'", b"\\\n", b"a=b\n", b"a=", b" ", b"&a [*a],", b"- ",
    b"a:\n ", b"x {", b"x {} ", b"add {} ", b"lease {", b'-A I "', b"iface a\n", b"[Route]\n",
    b"auto a\n", b"address 1\n", b"\xff\x01", b"route1=a\n", b"#", b"1:", b"? ", b'{"a":',
    b"source x*\n", b"DNS=a\n", b"nameserver a\n", b"<!--", b"127.0.0.1 a\n", b'a="\\"',
]  # fmt: skip


YAML = [place for place in PLACES if place.endswith((".yaml", "/user-data", "/meta-data"))]
READERS = {name: read for name, read in FACTS.items() if name not in ("routes", "resolvers")}
"""Each reader once: those two ask the interfaces' again."""


@pytest.mark.timeout(120)
def test_long_rows_of_anything_are_read_soon(tmp_path: Path) -> None:
    """Quadratic readers take minutes for these; the limit leaves room for a loaded machine."""
    contents: dict[str, str | bytes] = dict.fromkeys(set(PLACES) - set(YAML), b"")
    for number, piece in enumerate(ROWS):
        contents = dict.fromkeys(contents, piece * (60_000 // len(piece)))
        root = tmp_path / str(number)
        files = make_tree(root, contents)
        for fact, read in READERS.items():
            began = time.monotonic()
            list(read(files))
            assert time.monotonic() - began < 4, (piece, fact)
        shutil.rmtree(root)


@pytest.mark.parametrize("piece", [b"[", b"{a: b},"])
def test_long_yaml_is_read_soon(piece: bytes, tmp_path: Path) -> None:
    place = "/etc/netplan/n.yaml"
    files = make_tree(tmp_path, {place: piece * (128 * 1024 // len(piece))})
    began = time.monotonic()
    list(read_interfaces(files))
    assert time.monotonic() - began < 20


def test_links_that_go_round_are_warned_of_or_passed_over(tmp_path: Path) -> None:
    loops: dict[str, str | bytes] = {place: f"-> {place}" for place in PLACES}
    rows_of(loops, tmp_path)


@pytest.mark.parametrize(
    ("first", "next_one", "read"),
    [
        ("/etc/nftables.conf", "/etc/nft{}", read_firewall),
        ("/etc/network/interfaces", "/etc/network/i{}", read_interfaces),
    ],
)
def test_long_chains_of_includes_end_with_one_warning(
    first: str, next_one: str, read: Callable[[Files], Iterable[object]], tmp_path: Path
) -> None:
    word = "include" if "nft" in first else "source"
    contents: dict[str, str | bytes] = {
        next_one.format(number): f"{word} {next_one.format(number + 1)}\n" * 3
        for number in range(300)
    }
    files = make_tree(tmp_path, {**contents, first: f"{word} {next_one.format(0)}\n"})
    list(read(files))
    [warning] = files.warnings
    assert "too many files" in warning
