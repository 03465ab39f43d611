"""Rules that iptables-save(8) wrote and a service loads at boot."""

import re
from collections.abc import Iterator

from guestshell.guest.facts.files import Files, read_small
from guestshell.guest.facts.firewall.rule import Rule
from guestshell.guest.facts.services.boot_links import starts_at_boot
from guestshell.guest.facts.text import numbered_lines
from guestshell.values import Name

_SOURCES = (
    ("/etc/iptables/rules.v4", "ip", "netfilter-persistent"),
    ("/etc/iptables/rules.v6", "ip6", "netfilter-persistent"),
    ("/etc/sysconfig/iptables", "ip", "iptables"),
    ("/etc/sysconfig/ip6tables", "ip6", "ip6tables"),
    ("/etc/iptables/iptables.rules", "ip", "iptables"),
    ("/etc/iptables/ip6tables.rules", "ip6", "ip6tables"),
    ("/etc/iptables/rules-save", "ip", "iptables"),
    ("/etc/iptables/rules6-save", "ip6", "ip6tables"),
    ("/var/lib/iptables/rules-save", "ip", "iptables"),
    ("/var/lib/ip6tables/rules-save", "ip6", "ip6tables"),
)
"""Files of Debian's iptables-persistent, Red Hat, Arch, Alpine and Gentoo."""

_TARGET = re.compile(r"(?:^|\s)(?:-j|--jump|-g|--goto)\s+(\S+)")
_PORT = re.compile(r"(?:^|\s)(?:--dports?|--destination-ports?)\s+(\S+)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_LONGEST = 4096
"""Characters of a rule in which its target and port are looked for."""

_COUNTERS = re.compile(r"^\[\d{1,20}:\d{1,20}\]\s+")


def parse_saved(data: bytes, family: str, active: bool | None, file: Name) -> Iterator[Rule]:
    """Yield the policies and rules of a text that iptables-restore(8) takes."""
    table = ""
    for number, raw in numbered_lines(data):
        line = _COUNTERS.sub("", raw.strip())
        chain = rule = target = ""
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            chain, _, rest = line[1:].partition(" ")
            target = "".join(rest.split()[:1])
            rule = f"policy {target}" if target not in ("", "-") else ""
        elif line.startswith(("-A ", "-I ", "--append ", "--insert ")):
            chain, _, rule = line.partition(" ")[2].strip().partition(" ")
            found = _TARGET.search(_QUOTED.sub('""', rule[:_LONGEST]))
            target = found[1] if found else ""
        if rule:
            port = _PORT.search(_QUOTED.sub('""', rule[:_LONGEST]))
            yield Rule(
                system="iptables",
                family=family,
                table=table,
                chain=chain,
                rule=rule.strip(),
                target=target,
                port=port[1] if port else "",
                active=active,
                file=file,
                line=number,
            )


def read_iptables(files: Files) -> Iterator[Rule]:
    """Yield the rules of each saved file that is there."""
    for path, family, service in _SOURCES:
        data = read_small(files, path)
        if data is not None:
            yield from parse_saved(data, family, starts_at_boot(files, service), Name(path))
