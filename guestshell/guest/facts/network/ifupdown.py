"""/etc/network/interfaces of ifupdown (Debian, Alpine, ifupdown2): interfaces(5)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from guestshell.guest import paths
from guestshell.guest.facts.files import Files, changed, configured, matching, read_small
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.iproute import parse_route
from guestshell.guest.facts.network.values import cidr, names, once, words
from guestshell.values import Name

_MAIN = "/etc/network/interfaces"
_SYSTEM = "ifupdown"
_MOST_INCLUDED = 200
_DEEPEST = 16

_METHODS = {
    ("inet", "ipv4ll"): "link-local",
    ("inet6", "dhcp"): "dhcp6",
    ("inet", "loopback"): "",
    ("inet6", "loopback"): "",
}
_TYPES = (
    (("bridge_ports", "bridge-ports"), "bridge"),
    (("bond-slaves", "bond_slaves", "slaves", "bond-mode"), "bond"),
    (("vlan-raw-device", "vlan_raw_device"), "vlan"),
    (("wpa-ssid", "wireless-essid", "wpa-conf"), "wifi"),
)
_PARTS = ("bridge_ports", "bridge-ports", "bond-slaves", "bond_slaves", "slaves",
          "vlan-raw-device", "vlan_raw_device")  # fmt: skip
_COMMANDS = ("up", "post-up", "pre-up")


@dataclass
class _Stanza:
    """What a file says of one interface, its stanzas for IPv4 and IPv6 together."""

    name: str
    file: Name
    methods: list[str] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[list[str]] = field(default_factory=list)

    def values(self, *keys: str) -> list[str]:
        return [value for key, value in self.options if key in keys]


class _Reading:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._read: set[str] = set()
        self._included = 0
        self._depth = 0
        self._warned = False
        self.automatic: set[str] = set()
        self.stanzas: dict[tuple[str, str], _Stanza] = {}

    def file(self, path: str) -> None:
        if path in self._read:
            return
        if len(self._read) >= _MOST_INCLUDED:
            self._warn_of_includes(path)
            return
        self._read.add(path)
        self._depth += 1
        data = read_small(self._files, path)
        stanza: _Stanza | None = None
        for line in _logical_lines(data or b""):
            keyword, _, rest = line.partition(" ")
            rest = rest.strip()
            if keyword == "iface":
                stanza = self._iface(rest, path)
            elif keyword in ("auto", "allow-auto", "allow-hotplug"):
                self.automatic.update(rest.split())
                stanza = None
            elif keyword in ("source", "source-directory"):
                self._include(keyword, rest, path)
                stanza = None
            elif keyword in ("mapping", "template", "rename") or keyword.startswith("allow-"):
                stanza = None
            elif stanza is not None:
                _add_option(stanza, keyword, rest)
        self._depth -= 1

    def _warn_of_includes(self, path: str) -> None:
        if not self._warned:
            self._warned = True
            self._files.warn(f"{path}: includes too many files; some were not read")

    def _iface(self, rest: str, path: str) -> _Stanza | None:
        given = rest.split()
        if not given:
            self._files.warn(f"{path}: an iface line without a name")
            return None
        stanza = self.stanzas.setdefault((path, given[0]), _Stanza(given[0], Name(path)))
        family, method = given[1:3] if len(given) >= 3 else ("inet", "")
        stanza.methods.append(_METHODS.get((family, method), method))
        if method == "loopback":
            stanza.options.append(("loopback", ""))
        return stanza

    def _include(self, keyword: str, rest: str, path: str) -> None:
        for word in rest.split():
            self._included += 1
            if self._included > _MOST_INCLUDED or self._depth > _DEEPEST:
                self._warn_of_includes(path)
                return
            pattern = paths.lexical(paths.join(paths.split(path)[0], word.replace("\0", "")))
            if keyword == "source":
                found = matching(self._files, pattern)
            else:
                # interfaces(5): only names of letters, digits, underscores and dashes
                found = [
                    entry.path
                    for entry in configured(self._files, pattern)
                    if entry.name.replace("-", "").replace("_", "").isalnum()
                ]
            for place in found:
                self.file(place)


def _logical_lines(data: bytes) -> Iterator[str]:
    waiting: list[str] = []
    text = data.decode("utf-8", "surrogateescape")
    for raw in [*text.split("\n"), ""]:  # a backslash may end the file
        line = raw.strip()
        if not waiting and line.startswith("#"):
            continue
        if line.endswith("\\"):
            waiting.append(line[:-1])
            continue
        if whole := " ".join(" ".join([*waiting, line]).split()):
            yield whole
        waiting = []


def _add_option(stanza: _Stanza, key: str, value: str) -> None:
    if key == "address":
        stanza.addresses.append([value, ""])
    elif key == "netmask" and stanza.addresses:
        stanza.addresses[-1][1] = value
    else:
        stanza.options.append((key, value))


def _interface(files: Files, stanza: _Stanza, automatic: set[str]) -> Interface:
    keys = {key for key, _ in stanza.options}
    kind = next((kind for marks, kind in _TYPES if keys & set(marks)), "")
    kind = "loopback" if "loopback" in keys else kind
    parts = [word for value in stanza.values(*_PARTS) for word in value.split()]
    return Interface(
        name=Name(stanza.name),
        type=kind,
        method=once(stanza.methods),
        addresses=once(cidr(address, mask) for address, mask in stanza.addresses),
        gateways=once(word for value in stanza.values("gateway") for word in value.split()),
        nameservers=once(
            word for v in stanza.values("dns-nameservers", "dns-nameserver") for word in words(v)
        ),
        search=once(word for v in stanza.values("dns-search", "dns-domain") for word in words(v)),
        mac=next((v.removeprefix("ether ").lower() for v in stanza.values("hwaddress")), ""),
        autostart=stanza.name in automatic,
        ssid=next((v.strip('"') for v in stanza.values("wpa-ssid", "wireless-essid")), ""),
        parts=names(part for part in once(parts) if part != "none"),
        system=_SYSTEM,
        file=stanza.file,
        changed=changed(files, stanza.file),
    )


def read_ifupdown(files: Files) -> Iterator[Interface | Route]:
    """Yield the interfaces of /etc/network/interfaces and what it includes, and their routes."""
    reading = _Reading(files)
    reading.file(_MAIN)
    for stanza in reading.stanzas.values():
        yield _interface(files, stanza, reading.automatic)
        for line in stanza.values(*_COMMANDS):
            route = parse_route(line, stanza.name, _SYSTEM, stanza.file, command=True)
            if route is not None:
                yield route
