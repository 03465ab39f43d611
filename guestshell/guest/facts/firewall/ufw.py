"""ufw(8): the rules that a user gave it, and what was added to its ufw-framework(8).

A rule stands twice in user.rules, as `### tuple ###` and as what iptables is told; the first is
what the user said. What ufw brings itself in before.rules and after.rules is left out: of these
only the tables that it does not bring, such as nat.
"""

import binascii
from collections.abc import Iterator
from dataclasses import replace

from guestshell.guest.facts.files import Files, read_small
from guestshell.guest.facts.firewall.iptables import parse_saved
from guestshell.guest.facts.firewall.rule import Rule
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.guest.facts.services.boot_links import starts_at_boot
from guestshell.guest.facts.text import is_true, numbered_lines
from guestshell.values import Name, decode_name

_TUPLE = "### tuple ###"
_ANY = ("0.0.0.0/0", "::/0", "any")
_POLICIES = (("INPUT", "in"), ("OUTPUT", "out"), ("FORWARD", "routed"))
_DIRECTORIES = ("/etc/ufw", "/lib/ufw")


def read_ufw(files: Files) -> Iterator[Rule]:
    """Yield ufw's policies and rules; `active` if it is enabled and started."""
    settings = read_assignments(files, "/etc/ufw/ufw.conf")
    if not settings:
        return
    enabled = is_true(settings.get("ENABLED", ""))
    active = starts_at_boot(files, "ufw") if enabled else False
    defaults = Name("/etc/default/ufw")
    values = read_assignments(files, defaults)
    for chain, direction in _POLICIES:
        if policy := values.get(f"DEFAULT_{chain}_POLICY"):
            yield Rule(
                system="ufw",
                chain=direction,
                rule=f"policy {policy}",
                target=policy,
                active=active,
                file=defaults,
            )
    for directory in _DIRECTORIES:
        for name, family in (("user.rules", "ip"), ("user6.rules", "ip6")):
            path = Name(f"{directory}/{name}")
            yield from _user_rules(read_small(files, path) or b"", family, active, path)
        for name, family in (
            ("before", "ip"),
            ("after", "ip"),
            ("before6", "ip6"),
            ("after6", "ip6"),
        ):
            path = Name(f"{directory}/{name}.rules")
            for rule in parse_saved(read_small(files, path) or b"", family, active, path):
                if rule.table != "filter":
                    yield replace(rule, system="ufw")


def _user_rules(data: bytes, family: str, active: bool | None, file: Name) -> Iterator[Rule]:
    for number, line in numbered_lines(data):
        if not line.startswith(_TUPLE):
            continue
        fields = line.removeprefix(_TUPLE).split()
        if len(fields) < 7:
            continue
        action, protocol, port, to, source_port, source, *rest = fields
        comment = next((f for f in rest if f.startswith("comment=")), "")
        rest = [f for f in rest if not f.startswith("comment=")]
        direction, _, interface = (rest[-1] if rest else "in").partition("_")
        text = f"{action.replace('_', ' ')} {direction}"
        text += f" on {interface.replace('!out_', ' out on ')}" if interface else ""
        text += "" if protocol == "any" else f" {protocol}"
        text += f" from {_end(source, source_port)} to {_end(to, port)}"
        yield Rule(
            system="ufw",
            family=family,
            table="filter",
            chain=direction,
            rule=text + _comment(comment),
            target=action.partition("_")[0].removeprefix("route:"),
            port="" if port == "any" else port,
            active=active,
            file=file,
            line=number,
        )


def _end(address: str, port: str) -> str:
    text = "any" if address in _ANY else address
    return text if port == "any" else f"{text} port {port}"


def _comment(field: str) -> str:
    """Give the user's remark, which stands there in hexadecimal."""
    try:
        return f" # {decode_name(bytes.fromhex(field.removeprefix('comment=')))}" if field else ""
    except (ValueError, binascii.Error):
        return ""
