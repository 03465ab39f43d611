"""Addresses that DHCP servers gave, as clients wrote them down.

dhclient.leases(5) keeps every renewal until the file is rewritten. NetworkManager's own client
and systemd-networkd write the last lease as `KEY=value`; dhcpcd keeps the server's whole answer
(RFC 2131, options of RFC 2132).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from guestshell.guest.facts.files import Files, changed, configured, read_small
from guestshell.guest.facts.network.interface import Lease
from guestshell.guest.facts.network.values import cidr, once, words
from guestshell.guest.facts.text import decimal, text_lines
from guestshell.values import Name, Timestamp

_DIRECTORIES = (
    "/var/lib/dhcp",
    "/var/lib/dhclient",
    "/var/lib/dhcp3",
    "/var/lib/dhcpcd",
    "/var/lib/dhcpcd5",
    "/var/lib/NetworkManager",
    "/var/lib/systemd/network",
    "/run/systemd/netif/leases",
    "/var/db",
    "/var/db/dhcpcd",
)
_ENDS = (".lease", ".leases", ".lease6")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-?")
_MAGIC = b"\x63\x82\x53\x63"
_FOREVER = 0xFFFFFFFF


def read_leases(files: Files) -> Iterator[Lease]:
    """Yield the leases of each file in the order in which they stand."""
    for directory in _DIRECTORIES:
        for entry in configured(files, directory):
            named = entry.name.endswith(_ENDS) or ".leases." in entry.name
            if not (named or directory.endswith("/leases")) or entry.name.startswith("dhcpd"):
                continue
            data = read_small(files, entry.path) or b""
            when = changed(files, entry.path)
            if data[236:240] == _MAGIC:
                yield from _packet(files, data, entry.path, when)
            elif b"lease" in data and b"{" in data:
                yield from parse_dhclient(data, entry.path)
            elif b"ADDRESS=" in data:
                yield _assigned(data, entry.path, when)
            elif data.strip(b"\0 \n"):
                files.warn(f"{entry.path}: no lease in a form that is known")


# -- dhclient ----------------------------------------------------------------------------------

_TOKEN = re.compile(r"""[\s]+|#[^\n]*|([;{}])|"((?:[^"\\]|\\.)*+)"|([^\s;{}"#]+)""", re.DOTALL)


def _statements(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield the words of each statement and the `;`, `{` or `}` that ends it."""
    at, given = 0, list[str]()
    while match := _TOKEN.match(text, at):
        at = match.end()
        if match[1]:
            yield given, match[1]
            given = []
        elif match[2] is not None or match[3]:
            given.append(match[2] or match[3] or "")


def parse_dhclient(data: bytes, file: Name) -> Iterator[Lease]:
    """Yield the leases of a dhclient.leases(5) file, with times in UTC."""
    inside: dict[str, list[str]] | None = None
    version, depth = "", 0
    for given, end in _statements(data.decode("utf-8", "surrogateescape")):
        if end == "{":
            depth += 1
            if given[:1] in (["lease"], ["lease6"]) and depth == 1:
                inside, version = {}, given[0]
            elif inside is not None and given[:1] == ["iaaddr"]:
                inside["fixed-address"] = given[1:2]
        elif end == "}":
            depth = max(depth - 1, 0)
            if depth == 0 and inside is not None:
                yield _dhclient_lease(inside, version, file)
                inside = None
        elif inside is not None and given:
            words_of = given[1:] if given[0] == "option" else given
            if len(words_of) > 1:
                inside[words_of[0]] = words_of[1:]


def _dhclient_lease(values: dict[str, list[str]], version: str, file: Name) -> Lease:
    def option(key: str) -> str:
        return " ".join(values.get(key, ()))

    if version == "lease6":
        start, life = decimal(option("starts")), decimal(option("max-life"))
        granted = _moment(start)
        expires = _moment(start + life) if start and life and life != _FOREVER else None
    else:
        expires = _date(values.get("expire", []))
        length = decimal(option("dhcp-lease-time"))
        granted = Timestamp(expires - length * 10**9) if expires and length else None
    return Lease(
        interface=Name(option("interface")),
        address=cidr(option("fixed-address"), option("subnet-mask")),
        routers=words(option("routers")),
        nameservers=words(option("domain-name-servers") or option("dhcp6.name-servers")),
        domain=option("domain-name"),
        server=option("dhcp-server-identifier"),
        granted=granted,
        expires=expires,
        client="dhclient",
        file=file,
    )


def _moment(seconds: int | None) -> Timestamp | None:
    return Timestamp(seconds * 10**9) if seconds and seconds < 2**40 else None


def _date(given: list[str]) -> Timestamp | None:
    """Give the moment of `5 2026/03/20 10:11:12`, UTC, or `epoch 1773000000`; None of `never`."""
    if given[:1] == ["epoch"]:
        return _moment(decimal(" ".join(given[1:2])))
    try:
        found = datetime.strptime(" ".join(given[1:3]), "%Y/%m/%d %H:%M:%S")
    except ValueError:
        return None
    return Timestamp(int(found.replace(tzinfo=UTC).timestamp()) * 10**9)


# -- NetworkManager's own client and systemd-networkd ------------------------------------------


def _assigned(data: bytes, file: Name, when: Timestamp | None) -> Lease:
    """Give the lease of a `KEY=value` file, which was written when the lease was granted."""
    lines = (line.partition("=") for line in text_lines(data))
    values = {key: value.strip('"') for key, _, value in lines}
    length = decimal(values.get("LIFETIME", "").strip())
    bounded = when is not None and length and length < _FOREVER
    return Lease(
        interface=_interface_of(file),
        address=cidr(values.get("ADDRESS", ""), values.get("NETMASK", "")),
        routers=words(values.get("ROUTER", "")),
        nameservers=words(values.get("DNS", "")),
        domain=values.get("DOMAINNAME", ""),
        server=values.get("SERVER_ADDRESS", ""),
        granted=when,
        expires=Timestamp((when or 0) + (length or 0) * 10**9) if bounded else None,
        client="networkd" if "/systemd/" in file else "NetworkManager",
        file=file,
    )


def _interface_of(file: str) -> Name:
    """Give the interface in the name of a file: internal-UUID-eth0.lease, dhcpcd-eth0.lease."""
    name = file.rpartition("/")[2].partition(".lease")[0]
    name = name.removeprefix("internal-").removeprefix("dhclient-").removeprefix("dhcpcd-")
    return Name(_UUID.sub("", name, count=1))


# -- dhcpcd ------------------------------------------------------------------------------------


def _packet(files: Files, data: bytes, file: Name, when: Timestamp | None) -> Iterator[Lease]:
    """Yield the lease of a BOOTP message, RFC 2131 section 2; it came when it was written."""
    options: dict[int, bytes] = {}
    at = 240
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        length = data[at + 1] if at + 1 < len(data) else 256
        if at + 2 + length > len(data):
            files.warn(f"{file}: cut off at offset {at}")
            break
        options.setdefault(data[at], data[at + 2 : at + 2 + length])
        at += 2 + length
    length = int.from_bytes(options.get(51, b"")[:4], "big")
    bounded = when is not None and 0 < length < _FOREVER
    yield Lease(
        interface=Name(_interface_of(file).partition("-")[0]),
        address=cidr(_ipv4(data[16:20]), _ipv4(options.get(1, b""))),
        routers=_list(options.get(3, b"")),
        nameservers=_list(options.get(6, b"")),
        domain=options.get(15, b"").rstrip(b"\0").decode("utf-8", "surrogateescape"),
        server=_ipv4(options.get(54, b"")),
        granted=when,
        expires=Timestamp((when or 0) + length * 10**9) if bounded else None,
        client="dhcpcd",
        file=file,
    )


def _ipv4(data: bytes) -> str:
    return ".".join(map(str, data[:4])) if len(data) >= 4 else ""


def _list(data: bytes) -> tuple[str, ...]:
    return once(_ipv4(data[at : at + 4]) for at in range(0, len(data) - 3, 4))
