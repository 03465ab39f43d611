"""firewalld's zones and direct rules: firewalld.zone(5), firewalld.direct(5), firewalld.conf(5)."""

from collections.abc import Iterator

from guestshell.guest.facts.files import Files, configured, read_small
from guestshell.guest.facts.firewall.rule import Rule
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.guest.facts.formats.xml_text import Node, load_xml
from guestshell.guest.facts.services.boot_links import starts_at_boot
from guestshell.values import Name

_ETC = "/etc/firewalld"
_VENDOR = "/usr/lib/firewalld"
_SYSTEM = "firewalld"
_FAMILIES = {"ipv4": "ip", "ipv6": "ip6", "eb": "bridge"}
_ACCEPTED = ("service", "port", "protocol", "source-port")
_SILENT = ("short", "description", "version")
_VERDICTS = ("accept", "reject", "drop", "mark")


def read_firewalld(files: Files) -> Iterator[Rule]:
    """Yield what each zone of /etc/firewalld lets in, and the default zone's if it has no file.

    A zone that only firewalld brings is no rule of this system, unless it is the default one.
    """
    settings = read_assignments(files, f"{_ETC}/firewalld.conf")
    zones = {
        entry.name.removesuffix(".xml"): entry.path
        for entry in configured(files, f"{_ETC}/zones")
        if entry.name.endswith(".xml")
    }
    if not settings and not zones:
        return
    active = starts_at_boot(files, _SYSTEM)
    default = settings.get("DefaultZone") or "public"
    if default not in zones and not set(default) & set("/\0"):
        zones[default] = Name(f"{_VENDOR}/zones/{default}.xml")
    for zone, path in zones.items():
        data = read_small(files, path)
        root = load_xml(files, path, data) if data else None
        if root is not None:
            yield from _zone(zone, root, active, path, is_default=zone == default)
    yield from _direct(files, active)


def _zone(
    zone: str, root: Node, active: bool | None, path: Name, *, is_default: bool
) -> Iterator[Rule]:
    def rule(node: Node, text: str, target: str = "", port: str = "", family: str = "") -> Rule:
        return Rule(
            system=_SYSTEM,
            family=family,
            chain=zone,
            rule=text,
            target=target,
            port=port,
            active=active,
            file=path,
            line=node.line,
        )

    if is_default:
        yield rule(root, "default zone")
    if target := root.attributes.get("target"):
        yield rule(root, f"target {target}", target.strip("%").lower())
    for node in root.children:
        if node.tag in _SILENT:
            continue
        if node.tag == "rule":
            verdict = next((c.tag for c in node.children if c.tag in _VERDICTS), "")
            family = node.attributes.get("family", "")
            ports = [_port(c) for c in node.children if c.tag in ("port", "forward-port")]
            yield rule(node, _flat(node), verdict, ",".join(ports), _FAMILIES.get(family, family))
        else:
            target = "accept" if node.tag in _ACCEPTED else ""
            port = _port(node) if node.tag in ("port", "forward-port") else ""
            yield rule(node, _flat(node), target, port)


def _port(node: Node) -> str:
    port, protocol = node.attributes.get("port", ""), node.attributes.get("protocol", "")
    return f"{port}/{protocol}" if protocol else port


def _flat(node: Node) -> str:
    """Give an element and what is in it on one line: `rule family=ipv4 source address=… drop`."""
    if node.tag in ("service", "interface", "icmp-block"):
        words = [node.tag, *node.attributes.values()]
    elif node.tag in ("port", "source-port"):
        words = [node.tag, _port(node)]
    else:
        words = [node.tag, *(f"{key}={value}" for key, value in node.attributes.items())]
    return " ".join([*words, node.text, *map(_flat, node.children)]).replace("  ", " ").strip()


def _direct(files: Files, active: bool | None) -> Iterator[Rule]:
    path = Name(f"{_ETC}/direct.xml")
    data = read_small(files, path)
    root = load_xml(files, path, data) if data else None
    for node in root.children if root is not None else ():
        if node.tag not in ("rule", "passthrough"):
            continue
        family = node.attributes.get("ipv", "")
        words = node.text.split()
        target = words[words.index("-j") + 1 :][:1] if "-j" in words else []
        yield Rule(
            system=_SYSTEM,
            family=_FAMILIES.get(family, family),
            table=node.attributes.get("table", ""),
            chain=node.attributes.get("chain", ""),
            rule=" ".join(words),
            target="".join(target),
            active=active,
            file=path,
            line=node.line,
        )
