"""The MAC addresses that udev's persistent-net rules tie names to: udev(7)."""

import re
from collections.abc import Iterator

from guestshell.guest.facts.files import Files, changed, configured, read_small
from guestshell.guest.facts.network.interface import Interface, Route
from guestshell.guest.facts.text import text_lines
from guestshell.values import Name

_DIRECTORY = "/etc/udev/rules.d"
_PAIR = re.compile(r'([A-Z]+(?:\{[a-z_]{1,32}\})?)\s*(==|=|:=)\s*"([^"]{0,256})"')


def read_udev(files: Files) -> Iterator[Interface | Route]:
    """Yield each name that a rule gives to a MAC: the cards this system has met."""
    for entry in configured(files, _DIRECTORY):
        if "net" not in entry.name or not entry.name.endswith(".rules"):
            continue
        data = read_small(files, entry.path) or b""
        when = changed(files, entry.path)
        for line in text_lines(data):
            if line.lstrip().startswith("#"):
                continue
            found = {key: value for key, _, value in _PAIR.findall(line)}
            mac = found.get("ATTR{address}") or found.get("ATTRS{address}") or ""
            if mac and "NAME" in found:
                yield Interface(
                    name=Name(found["NAME"]),
                    mac=mac.lower(),
                    system="udev",
                    file=entry.path,
                    changed=when,
                )
