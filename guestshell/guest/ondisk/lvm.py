"""LVM2: the logical volumes that the text in its physical volumes describes.

The text's place is told by lib/format_text/layout.h of lvm2, its form by lvm.conf(5).
"""

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from guestshell.guest.ondisk.blocks import InDoubt, Read
from guestshell.guest.ondisk.superblocks import physical_volume
from guestshell.guest.ondisk.tables import SECTOR

_MAGIC = b" LVM2 x[5A%r0N*>"
_MOST_TEXT = 2**20
_MOST_TOKENS = 100_000
_MOST_AREAS = 16
_DEEPEST = 12
_TOKEN = re.compile(r'\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|([\w.+-]+)|([={}\[\],])')
_PLAIN_STATUS = {"READ", "WRITE", "VISIBLE"}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_+.][A-Za-z0-9_+.-]{0,127}$")


_Tokens = list[tuple[str, str]]


@dataclass(frozen=True)
class Volume:
    """One logical volume that is made of pieces in a row."""

    path: str
    read: Read
    size: int


def _areas(data: bytes, at: int) -> tuple[list[tuple[int, int]], int]:
    """Give offset and size of each area of a list that ends with zeros, and where that is."""
    found: list[tuple[int, int]] = []
    for _ in range(_MOST_AREAS):
        offset, size = struct.unpack_from("<QQ", data, at)
        at += 16
        if not offset:
            return found, at
        found.append((offset, size))
    raise InDoubt("a list of areas without end")


def read_text(read: Read) -> str:
    """Give the description in one physical volume, "" where it keeps none.

    Raises InDoubt where it keeps several that differ, or one that lvm2 would not trust.
    """
    head = read(0, 8192)
    found = physical_volume(head)
    if found is None:
        raise InDoubt("no physical volume")
    _data, at = _areas(head, found[0] + 40)
    texts = set()
    for offset, _size in _areas(head, at)[0]:
        header = read(offset, SECTOR)
        (checksum,) = struct.unpack_from("<I", header)
        if header[4:20] != _MAGIC or _checksum(header[4:]) != checksum:
            raise InDoubt("no metadata area")
        start, size = struct.unpack_from("<QQ", header, 24)
        text_at, length, checksum, flags = struct.unpack_from("<QQII", header, 40)
        if flags:
            raise InDoubt("a metadata area that is to be ignored")
        if not text_at:
            continue
        if length > _MOST_TEXT or start != offset or not SECTOR <= text_at < size:
            raise InDoubt("an odd metadata area")
        data = read(start + text_at, min(length, size - text_at))
        data += read(start + SECTOR, length - len(data))  # it goes round
        if _checksum(data) != checksum:
            raise InDoubt("a damaged description")
        texts.add(data.rstrip(b"\0").decode("utf-8", "replace"))
    if len(texts) > 1:
        raise InDoubt("two descriptions")
    return texts.pop() if texts else ""


def _checksum(data: bytes) -> int:
    # LVM's CRC has a start of its own, and the bits are not turned round at either end
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def parse(text: str) -> dict[str, Any]:
    """Give the sections of a description as dicts, lists and texts. Raises InDoubt."""
    tokens: _Tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(tokens) > _MOST_TOKENS:
            raise InDoubt("no LVM text")
        if match[1] is not None:
            tokens.append(("text", match[1]))
        elif match[2] or match[3]:
            tokens.append(("word" if match[2] else "mark", match[0]))
        at = match.end()
    tokens.reverse()
    section = _section(tokens, 0)
    if tokens:
        raise InDoubt("no LVM text")
    return section


def _section(tokens: _Tokens, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise InDoubt("no LVM text")
    section: dict[str, Any] = {}
    while tokens and tokens[-1] != ("mark", "}"):
        kind, name = tokens.pop()
        mark = tokens.pop()[1] if tokens else ""
        if kind != "word" or mark not in ("=", "{"):
            raise InDoubt("no LVM text")
        if mark == "=":
            section[name] = _value(tokens)
            continue
        section[name] = _section(tokens, depth + 1)
        if not tokens:
            raise InDoubt("no LVM text")
        tokens.pop()
    return section


def _value(tokens: _Tokens) -> str | list[str]:
    if not tokens:
        raise InDoubt("no LVM text")
    kind, value = tokens.pop()
    if kind != "mark":
        return value
    values = []
    while tokens and tokens[-1] != ("mark", "]"):
        kind, item = tokens.pop()
        if kind != "mark":
            values.append(item)
    if value != "[" or not tokens:
        raise InDoubt("no LVM text")
    tokens.pop()
    return values


@dataclass(frozen=True)
class Group:
    """A volume group; its `volumes` by path in the order in which they are activated."""

    name: str
    identity: str
    volumes: tuple[str, ...]


def groups(physical: Sequence[Read]) -> tuple[Group, ...]:
    """Give the groups, those without volumes too. Raises InDoubt."""
    found = {
        name: Group(
            name,
            str(group["id"]),
            tuple(f"/dev/{name}/{volume}" for volume in group.get("logical_volumes", {})),
        )
        for read in physical
        for name, group in parse(read_text(read)).items()
        if isinstance(group, dict)
    }
    return tuple(found.values())


def logical_volumes(physical: Sequence[Read]) -> list[Volume]:
    """Give the active logical volumes by name. Raises InDoubt for all that is not plain."""
    newest: dict[str, tuple[int, dict[str, Any]]] = {}
    identities: dict[str, Read] = {}
    for read in physical:
        found = physical_volume(read(0, 8192))
        if found is None or found[1] in identities:
            raise InDoubt("twice the same physical volume")
        identities[found[1]] = read
        for name, group in parse(read_text(read)).items():
            if isinstance(group, dict):
                number, known = _number(group, "seqno"), newest.get(name)
                if known is not None and known[1]["id"] != group["id"]:
                    raise InDoubt("two groups of one name")
                if known is None or number > known[0]:
                    newest[name] = (number, group)
    if len({group["id"] for _, group in newest.values()}) < len(newest):
        raise InDoubt("a group with two names")
    return [
        volume
        for name, (_, group) in sorted(newest.items())
        for volume in _of(name, group, identities)
    ]


def _number(section: dict[str, Any], key: str) -> int:
    value = section.get(key, "")
    if not isinstance(value, str) or not value.isdecimal() or len(value) > 18:
        raise InDoubt(f"no {key}")
    return int(value)


def _of(name: str, group: dict[str, Any], identities: dict[str, Read]) -> list[Volume]:
    if set(group["status"]) != {"RESIZEABLE", "READ", "WRITE"} or group.get("system_id"):
        raise InDoubt("a group of another kind")
    extent = _number(group, "extent_size") * SECTOR
    places = {}
    for key, section in group["physical_volumes"].items():
        if section["id"] not in identities:
            raise InDoubt("a physical volume is missing")
        places[key] = (identities[section["id"]], _number(section, "pe_start") * SECTOR)
    volumes = []
    for key, section in sorted(group.get("logical_volumes", {}).items()):
        status = set(section["status"])
        if not status <= _PLAIN_STATUS or "VISIBLE" not in status or section.get("flags"):
            raise InDoubt("a volume of another kind")
        if not (_PLAIN_NAME.match(name) and _PLAIN_NAME.match(key)):
            raise InDoubt("an odd name")
        pieces: list[tuple[int, int, Read, int]] = []
        for number in range(1, _number(section, "segment_count") + 1):
            segment = section[f"segment{number}"]
            if segment["type"] != "striped" or _number(segment, "stripe_count") != 1:
                raise InDoubt("a volume of another kind")
            read, base = places[segment["stripes"][0]]
            start = base + int(segment["stripes"][1]) * extent
            begin = _number(segment, "start_extent") * extent
            if begin != sum(pieces[-1][:2] if pieces else ()):
                raise InDoubt("pieces that do not follow one another")
            pieces.append((begin, _number(segment, "extent_count") * extent, read, start))
        size = sum(piece[1] for piece in pieces)
        volumes.append(Volume(f"/dev/{name}/{key}", _joined(pieces), size))
    return volumes


def _joined(pieces: list[tuple[int, int, Read, int]]) -> Read:
    def read(offset: int, count: int) -> bytes:
        found = []
        for begin, size, below, start in sorted(pieces, key=lambda piece: piece[0]):
            first, last = max(offset, begin), min(offset + count, begin + size)
            if first < last:
                found.append(below(start + first - begin, last - first))
        return b"".join(found)

    return read
