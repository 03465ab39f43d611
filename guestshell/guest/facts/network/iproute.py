"""Routes as they are typed: the arguments of ip-route(8) and of route(8)."""

import itertools

from guestshell.guest.facts.network.interface import Route
from guestshell.guest.facts.network.values import cidr
from guestshell.guest.facts.text import decimal
from guestshell.values import Name


def parse_route(
    text: str, interface: str, system: str, file: str, *, command: bool = False
) -> Route | None:
    """Give the route that a line means, None of one that means none.

    The line holds what follows `ip route add` or `route add`, or, as a `command`, all of it.
    """
    words = text.split()
    if command:
        start = _start_of_arguments(words)
        if start is None:
            return None
        words = words[start:]
    while words[:1] in (["-net"], ["-host"], ["unicast"], ["-A"], ["inet"], ["-inet"]):
        words = words[1:]
    if not words or words[0].startswith("-"):
        return None
    options = dict(itertools.pairwise(words[1:]))
    gateway = options.get("via") or options.get("gw") or ""
    if not gateway and len(words) > 1 and (words[1][:1].isdigit() or ":" in words[1]):
        gateway = words[1]  # as BSD writes it
    mask = options.get("netmask", "")
    destination = words[0]
    if destination in ("0.0.0.0", "0.0.0.0/0", "::/0"):
        destination = "default"
    return Route(
        destination=destination if destination == "default" else cidr(destination, mask),
        gateway=gateway,
        interface=Name(options.get("dev") or interface),
        metric=decimal(options.get("metric", "")),
        system=system,
        file=Name(file),
    )


def _start_of_arguments(words: list[str]) -> int | None:
    """Give where the arguments begin of `ip -6 route add …`, `/sbin/route add …`."""
    for at, (word, verb) in enumerate(itertools.pairwise(words[:9])):
        if word.rpartition("/")[2] in ("route", "ro", "r") and verb in ("add", "replace", "append"):
            return at + 2
    return None
