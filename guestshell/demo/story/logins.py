"""Who logged in, as utmp(5) and lastlog keep it on x86-64."""

import ipaddress
import struct

from guestshell.demo.story.moments import BOOTED, BREAK_IN, at, night
from guestshell.demo.story.part import Part

ATTACKER = "203.0.113.77"
ATTEMPTS = 240
TRIED = ("root", "admin", "test", "oracle", "git", "backup", "alice", "postgres")

_KERNEL = "6.1.0-37-amd64"
_RUN_LEVEL, _BOOT, _FAILED, _LOGIN, _LOGOUT = 1, 2, 6, 7, 8
_OFFICE = "192.0.2.15"


def _address(host: str) -> bytes:
    try:
        return ipaddress.IPv4Address(host).packed
    except ValueError:
        return b""


def _record(kind: int, user: str, line: str, host: str, moment: int, pid: int = 0) -> bytes:
    return struct.pack(
        "<h2xi32s4s32s256s4xiII16s20x",
        kind, pid, line.encode(), line[-4:].encode(), user.encode(), host.encode(), 0, moment, 0,
        _address(host),
    )  # fmt: skip


def _wtmp() -> bytes:
    return b"".join(
        [
            _record(_BOOT, "reboot", "~", _KERNEL, BOOTED),
            _record(_RUN_LEVEL, "runlevel", "~", _KERNEL, BOOTED + 29, ord("5")),
            _record(_LOGIN, "alice", "pts/0", _OFFICE, at("2026-03-12 08:02:11"), 1410),
            _record(_LOGOUT, "", "pts/0", "", at("2026-03-12 16:31:40"), 1410),
            _record(_LOGIN, "alice", "pts/0", _OFFICE, at("2026-03-13 08:10:00"), 1733),
            _record(_LOGOUT, "", "pts/0", "", at("2026-03-13 15:47:12"), 1733),
            _record(_LOGIN, "backup", "pts/0", ATTACKER, night("01:23:07"), 2301),
            _record(_LOGOUT, "", "pts/0", "", night("01:26:07"), 2301),
            bytes(384),  # the session of sysupd, blanked
            _record(_LOGOUT, "", "pts/1", "", night("01:44:02"), 2390),
        ]
    )


def _btmp() -> bytes:
    return b"".join(
        _record(_FAILED, TRIED[n % len(TRIED)], "ssh:notty", ATTACKER, BREAK_IN + 3 * n, 2000 + n)
        for n in range(ATTEMPTS)
    )


def _lastlog() -> bytes:
    last = {
        0: (night("01:41:30"), "pts/1", ATTACKER),
        1000: (at("2026-03-13 08:10:00"), "pts/0", _OFFICE),
        1001: (night("01:23:07"), "pts/0", ATTACKER),
    }
    rows = (last.get(uid, (0, "", "")) for uid in range(1002))
    return b"".join(
        struct.pack("<I32s256s", moment, line.encode(), host.encode())
        for moment, line, host in rows
    )


PART = Part(
    data={"/var/log/wtmp": _wtmp(), "/var/log/btmp": _btmp(), "/var/log/lastlog": _lastlog()},
    modes={"/var/log/wtmp": 0o664, "/var/log/btmp": 0o660, "/var/log/lastlog": 0o664},
    times={
        "/var/log/wtmp": night("01:44:02"),
        "/var/log/btmp": BREAK_IN + 3 * (ATTEMPTS - 1),
        "/var/log/lastlog": night("01:41:30"),
    },
)
