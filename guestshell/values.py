"""What a number or a name means: the kinds of value that guest, output and API agree on.

A field declared with one of these is rendered by its kind: bytes as `1.5M` on a terminal,
nanoseconds as a UTC time, a mode as `-rw-r--r--`. In data formats all stay plain numbers.
"""

from typing import NewType

Size = NewType("Size", int)
"""A number of bytes."""

Timestamp = NewType("Timestamp", int)
"""Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted."""

Mode = NewType("Mode", int)
"""st_mode: type and permission bits, inode(7)."""

Name = NewType("Name", str)
"""A name or path in the guest: its bytes decoded as UTF-8 with surrogateescape (PEP 383).

Shown quoted as it can be typed; other text of the guest is a plain `str`.
"""

Percent = NewType("Percent", float)
"""A share of a whole, 0 to 100."""


def encode_name(name: str) -> bytes:
    """Give the bytes on disk of a guest name."""
    return name.encode("utf-8", "surrogateescape")


def decode_name(name: bytes) -> Name:
    """Give the guest name of bytes on disk; never fails."""
    return Name(name.decode("utf-8", "surrogateescape"))
