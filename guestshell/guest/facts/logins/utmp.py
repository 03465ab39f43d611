"""Records of wtmp, btmp and utmp: utmp(5)."""

import ipaddress
import struct
from dataclasses import dataclass

EMPTY, RUN_LEVEL, BOOT, NEW_TIME, OLD_TIME, INIT, GETTY, LOGIN, LOGOUT, ACCOUNTING = range(10)
"""ut_type, utmp(5)."""

_SAMPLED = 64
SAMPLE = _SAMPLED * 400
"""Bytes of a file's beginning that tell its layout."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `time` in nanoseconds since the epoch. Texts end at their first NUL."""

    type: int
    pid: int
    line: str
    user: str
    host: str
    session: int
    time: int
    address: str

    @property
    def is_blank(self) -> bool:
        """Whether nothing is said: neither who, where nor when."""
        return not (self.user or self.line or self.host or self.time)


class Layout:
    """How glibc lays a record out.

    Where programs of 32 bits run too (x86, powerpc, s390, mips, sparc) times have 32 bits and a
    record 384 bytes; elsewhere (aarch64) they have 64 and a record 400. Bytes stand in the order
    of the machine: <bits/utmp.h>, __WORDSIZE_TIME64_COMPAT32.
    """

    def __init__(self, order: str, times: str, unused: int) -> None:
        # type, pid, line, id, user, host, exit status, session, seconds, microseconds, address
        self._record = struct.Struct(f"{order}h2xi32s4s32s256s4x{times}16s{unused}x")
        self.size = self._record.size

    def unpack(self, data: bytes, offset: int) -> Record:
        """Give the record at an offset."""
        kind, pid, line, _, user, host, session, seconds, micros, address = (
            self._record.unpack_from(data, offset)
        )
        return Record(
            kind, pid, _text(line), _text(user), _text(host), session,
            seconds * 10**9 + micros * 1000, _address(address),
        )  # fmt: skip

    def fit(self, data: bytes) -> int:
        """Say how many of the first records could be such."""
        fitting = 0
        for offset in range(0, min(len(data), _SAMPLED * self.size) - self.size + 1, self.size):
            kind, _, line, _, user, _, _, seconds, micros, _ = self._record.unpack_from(
                data, offset
            )
            texts = all(b"\0" not in text.rstrip(b"\0") for text in (line, user))
            blank = not any((kind, seconds, micros))
            # a boot before 1990 is none, and 2106 is the end of what 32 bits can tell
            dated = 0 <= micros < 10**6 and 631_152_000 <= seconds < 2**32
            fitting += texts and 0 <= kind <= ACCOUNTING and (blank or dated)
        return fitting


# glibc 2.40 reads the 32-bit seconds as unsigned, which keeps them telling until 2106
_LAYOUTS = (
    Layout("<", "iII", 20),
    Layout("<", "qqq", 24),
    Layout(">", "iII", 20),
    Layout(">", "qqq", 24),
)


def layout_of(data: bytes) -> Layout | None:
    """Give the layout that fits the beginning of a file best, None where none fits at all."""
    best = max(_LAYOUTS, key=lambda layout: layout.fit(data) * layout.size)
    return best if best.fit(data) else None


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _address(field: bytes) -> str:
    """Give the text of an address in network order: four bytes for IPv4, sixteen for IPv6."""
    if not any(field):
        return ""
    if not any(field[4:]):
        return str(ipaddress.IPv4Address(field[:4]))
    address = ipaddress.IPv6Address(field)
    return str(address.ipv4_mapped or address)
