"""Security identifiers: who a user or group is, [MS-DTYP] 2.4.2."""

import struct

WELL_KNOWN = {
    "S-1-1-0": "Everyone",
    "S-1-5-4": "INTERACTIVE",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-18": "SYSTEM",
    "S-1-5-19": "LOCAL SERVICE",
    "S-1-5-20": "NETWORK SERVICE",
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
}
"""The names of some that are the same on every machine, [MS-DTYP] 2.4.2.4."""


def sid_text(data: bytes) -> str | None:
    """Give `S-1-5-…` of the bytes of one, None for what is none."""
    if len(data) < 8 or data[0] != 1 or len(data) < sid_length(data):
        return None
    authority = int.from_bytes(data[2:8], "big")
    parts = struct.unpack_from(f"<{data[1]}I", data, 8)
    return "-".join(map(str, ("S", 1, authority, *parts)))


def sid_length(data: bytes) -> int:
    """Give how many bytes one takes, by its count of parts."""
    return 8 + 4 * data[1] if len(data) > 1 else 8
