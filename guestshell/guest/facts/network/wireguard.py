"""WireGuard tunnels of wg-quick(8): /etc/wireguard/*.conf. Keys are never given."""

from collections.abc import Iterator

from guestshell.guest.facts.files import Files, changed, configured, is_there, read_small
from guestshell.guest.facts.formats.sections import Section, merged, parse_sections
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.network.values import names, once, words
from guestshell.values import Name

_DIRECTORY = "/etc/wireguard"
_WANTED_BY = "/etc/systemd/system/multi-user.target.wants"
_SYSTEM = "WireGuard"


def read_wireguard(files: Files) -> Iterator[Interface | Route]:
    """Yield each tunnel with the endpoints of its peers, and the routes to them.

    A peer without an endpoint, which calls from anywhere, is a part named `peer`.
    """
    for entry in configured(files, _DIRECTORY):
        if not entry.name.endswith(".conf"):
            continue
        sections = _lower(parse_sections(read_small(files, entry.path) or b"", comments="#"))
        name = entry.name.removesuffix(".conf")
        own = merged(sections, "interface")
        peers = [section for section in sections if section.name == "peer"]
        dns = [word for value in own.all("dns") for word in words(value)]
        yield Interface(
            name=Name(name),
            type="wireguard",
            method=("static",) if own.last("address") else (),
            addresses=once(word for value in own.all("address") for word in words(value)),
            nameservers=once(word for word in dns if word[:1].isdigit() or ":" in word),
            search=once(word for word in dns if not (word[:1].isdigit() or ":" in word)),
            autostart=is_there(files, f"{_WANTED_BY}/wg-quick@{name}.service"),
            parts=names(peer.last("endpoint") or "peer" for peer in peers),
            system=_SYSTEM,
            file=entry.path,
            changed=changed(files, entry.path),
        )
        if own.last("table").lower() != "off":
            yield from _routes(peers, name, entry.path)


def _lower(sections: list[Section]) -> list[Section]:
    """Give the sections with the case of their keys, which wg(8) does not mind, taken off."""
    return [
        Section(each.name.lower(), [(key.lower(), value.partition("#")[0].strip())
                                    for key, value in each.pairs])
        for each in sections
    ]  # fmt: skip


def _routes(peers: list[Section], name: str, file: Name) -> Iterator[Route]:
    for peer in peers:
        for value in peer.all("allowedips"):
            for to in words(value):
                yield Route(
                    destination="default" if to in ("0.0.0.0/0", "::/0") else to,
                    interface=Name(name),
                    system=_SYSTEM,
                    file=file,
                )
