"""What happened on the server, file by file. Addresses are those of RFC 5737, names invented.

Somebody guesses the password of backup, becomes root, hides a program with the set-uid bit where
nobody looks, and comes back to let it start in every way that there is. What was taken out of one
log stands in another.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from guestshell.demo.story import (
    accounts,
    boot,
    containers,
    logins,
    logs,
    names,
    network,
    programs,
    services,
    system,
)
from guestshell.demo.story.logins import ATTACKER
from guestshell.demo.story.moments import BREAK_IN, END, INSTALLED
from guestshell.demo.story.packages import packages
from guestshell.demo.story.programs import MARKER, program
from guestshell.values import encode_name

__all__ = [
    "ATTACKER",
    "CHANGES",
    "DATA",
    "DIRECTORIES",
    "INSTALLED",
    "LINKS",
    "MANY",
    "MANY_COUNT",
    "MARKER",
    "MODES",
    "OWNERS",
    "PROGRAMS",
    "SELINUX",
    "SPARSE",
    "TEXTS",
    "TIMES",
    "epoch",
    "program",
]

_Value = TypeVar("_Value")


def epoch() -> int:
    """Give the moment of the break-in in seconds since the epoch."""
    return BREAK_IN


def _joined(parts: Iterable[Mapping[str, _Value]]) -> dict[str, _Value]:
    joined: dict[str, _Value] = {}
    for part in parts:
        twice = joined.keys() & part.keys()
        assert not twice, f"told twice: {sorted(twice)}"
        joined.update(part)
    return joined


_PARTS = [
    part.PART
    for part in (
        system, accounts, logins, logs, services, boot, network, containers, programs, names
    )
]  # fmt: skip
_PARTS.append(
    packages(
        {
            path: content
            for part in _PARTS
            for path, content in [
                *((path, encode_name(text)) for path, text in part.texts.items()),
                *((path, data) for path, (data, _) in part.programs.items()),
            ]
        }
    )
)

TEXTS = _joined(part.texts for part in _PARTS)
DATA = _joined(part.data for part in _PARTS)
PROGRAMS = _joined(part.programs for part in _PARTS)
LINKS = _joined(part.links for part in _PARTS)
DIRECTORIES = ("/dev", "/proc", "/sys", "/run", "/tmp", "/mnt", "/etc/cron.hourly")

MANY = "/var/cache/sessions"
MANY_COUNT = 10_000
SPARSE = ("/var/log/huge.log", 2 * 2**30, b"\nthe last line of a sparse log\n")

MODES = _joined(part.modes for part in _PARTS)
OWNERS = _joined(part.owners for part in _PARTS)
TIMES = {**_joined(part.times for part in _PARTS), SPARSE[0]: END}
CHANGES = _joined(part.changes for part in _PARTS)
SELINUX = {"/etc/shadow": "system_u:object_r:shadow_t:s0"}
