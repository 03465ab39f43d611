"""Registry hives for tests: contents as Python values, the hive filled by hivexregedit.

An empty hive is written from the format's description (regf 1.5: base block, one bin with the
root key and its security cell), hivexregedit merges the contents, and the times of keys are
set in the cells afterwards, for hivex leaves them as they were in the empty hive.
"""

import struct
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.images.build import run

EPOCH = 116_444_736_000_000_000
"""1970-01-01 as a FILETIME."""

DEFAULT_TIME = EPOCH + 1_700_000_000 * 10**7
"""When keys were written that say nothing else: 2023-11-14T22:13:20Z."""


@dataclass(frozen=True)
class Data:
    """The type and bytes of a value."""

    type: int
    data: bytes


def sz(text: str) -> Data:
    return Data(1, (text + "\0").encode("utf-16-le"))


def expand_sz(text: str) -> Data:
    return Data(2, (text + "\0").encode("utf-16-le"))


def binary(data: bytes) -> Data:
    return Data(3, data)


def dword(number: int) -> Data:
    return Data(4, struct.pack("<I", number))


def multi_sz(*texts: str) -> Data:
    return Data(7, ("\0".join(texts) + "\0\0").encode("utf-16-le"))


def qword(number: int) -> Data:
    return Data(11, struct.pack("<Q", number))


def filetime(seconds: float) -> int:
    """Give seconds since 1970 as a FILETIME."""
    return EPOCH + int(seconds * 10**7)


Contents = Mapping[str, Mapping[str, Data]]
"""Key path with backslashes → value name ("" is the default) → data."""


def empty_hive() -> bytes:
    root_at, sk_at = 0x20, 0x20 + 0x58
    descriptor = struct.pack("<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 0)
    root = struct.pack(
        "<2sHQIIIIIIIIIIIIIIIHH", b"nk", 0x2C, DEFAULT_TIME, 0, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF,
        0xFFFFFFFF, 0, 0xFFFFFFFF, sk_at, 0xFFFFFFFF, 0, 0, 0, 0, 0, 4, 0,
    ) + b"ROOT"  # fmt: skip
    root_cell = struct.pack("<i", -0x58) + root.ljust(0x54, b"\0")
    sk = struct.pack("<2sHIIII", b"sk", 0, sk_at, sk_at, 1, len(descriptor)) + descriptor
    sk_cell = struct.pack("<i", -0x30) + sk.ljust(0x2C, b"\0")
    used = 0x20 + len(root_cell) + len(sk_cell)
    hbin = struct.pack("<4sIIQQI", b"hbin", 0, 4096, 0, DEFAULT_TIME, 0)
    hbin += root_cell + sk_cell + struct.pack("<i", 4096 - used)
    base = struct.pack(
        "<4sIIQIIIIIII", b"regf", 1, 1, DEFAULT_TIME, 1, 5, 0, 1, root_at, 4096, 1
    ).ljust(508, b"\0")
    return with_checksum(base.ljust(4096, b"\0")) + hbin.ljust(4096, b"\0")


def with_checksum(base: bytes) -> bytes:
    """Give a base block, and what follows it, with its checksum put right."""
    checksum = 0
    for (word,) in struct.iter_unpack("<I", base[:508]):
        checksum ^= word
    return base[:508] + struct.pack("<I", checksum) + base[512:]


def _reg_text(contents: Contents) -> str:
    lines = ["Windows Registry Editor Version 5.00", ""]
    made: set[str] = set()
    for key, values in contents.items():
        parts = key.split("\\")
        parents = ["\\".join(parts[:count]) for count in range(1, len(parts))]
        lines += [f"[\\{parent}]\n" for parent in parents if parent.lower() not in made]
        made.update(path.lower() for path in [*parents, key])
        lines.append(f"[\\{key}]")
        for name, value in values.items():
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            label = f'"{quoted}"' if name else "@"
            hexadecimal = ",".join(f"{byte:02x}" for byte in value.data)
            lines.append(f"{label}=hex({value.type:x}):{hexadecimal}")
        lines.append("")
    return "\n".join(lines)


def make_hive(contents: Contents, times: Mapping[str, int] | None = None) -> bytes:
    """Give a hive with these keys; `times` are FILETIMEs by key path."""
    with tempfile.TemporaryDirectory() as directory:
        hive, text = Path(directory) / "hive", Path(directory) / "text.reg"
        hive.write_bytes(empty_hive())
        text.write_text(_reg_text(contents))
        run("hivexregedit", "--merge", str(hive), str(text))
        data = bytearray(hive.read_bytes())
    names = {at: (name, parent) for at, name, parent in keys_in(data)}
    wanted = {path.lower(): time for path, time in (times or {}).items()}
    for at in names:
        path = _path_of(at, names).lower()
        struct.pack_into("<Q", data, at + 8, wanted.pop(path, DEFAULT_TIME))
    assert not wanted, f"no such keys: {list(wanted)}"
    return bytes(data)


def keys_in(hive: bytes | bytearray) -> Iterator[tuple[int, str, int]]:
    """Yield position, name and parent's position of every key."""
    at = 4096
    while hive[at : at + 4] == b"hbin":
        end = at + struct.unpack_from("<I", hive, at + 8)[0]
        at += 32
        while at < end:
            [size] = struct.unpack_from("<i", hive, at)
            if size < 0 and hive[at + 4 : at + 6] == b"nk":
                [parent] = struct.unpack_from("<I", hive, at + 20)
                [length] = struct.unpack_from("<H", hive, at + 76)
                [flags] = struct.unpack_from("<H", hive, at + 6)
                name = bytes(hive[at + 80 : at + 80 + length])
                yield at, name.decode("latin-1" if flags & 0x20 else "utf-16-le"), parent + 4096
            at += abs(size)


def _path_of(at: int, names: Mapping[int, tuple[str, int]]) -> str:
    parts: list[str] = []
    while at in names and names[at][1] in names:
        parts.insert(0, names[at][0])
        at = names[at][1]
    return "\\".join(parts)
