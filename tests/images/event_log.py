"""Event logs for tests: .evtx files of one chunk, written from the format's description.

Each record is binary XML without templates, [MS-EVEN6] 2.2.12; the file and chunk headers are as
libyal's documentation of the format (`Windows XML Event Log`) has them.
"""

import datetime
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.images.hives import filetime

_CHUNK = 65536


@dataclass(frozen=True)
class Event:
    id: int
    time: float
    """Seconds since 1970."""
    provider: str = "Microsoft-Windows-Security-Auditing"
    level: int = 0
    channel: str = "Security"
    computer: str = "DESKTOP-7A1B2C3"
    user: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


class _Writer:
    """Binary XML at a place in a chunk: names stand where they are first used."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.bytes = bytearray()

    def put(self, data: bytes) -> None:
        self.bytes += data

    def name(self, name: str) -> None:
        here = self.at + len(self.bytes) + 4
        hashed = 0
        for character in name:
            hashed = (hashed * 65599 + ord(character)) & 0xFFFF
        self.put(struct.pack("<IIHH", here, 0, hashed, len(name)) + name.encode("utf-16-le"))
        self.put(b"\0\0")

    def text(self, text: str) -> None:
        self.put(struct.pack("<BBH", 5, 1, len(text)) + text.encode("utf-16-le"))

    def element(
        self, name: str, attributes: Mapping[str, str], content: "str | Sequence[_Element]"
    ) -> None:
        self.put(b"\x41" if attributes else b"\x01")
        size_at = len(self.bytes)
        self.put(b"\0" * 4)
        self.name(name)
        if attributes:
            list_at = len(self.bytes)
            self.put(b"\0" * 4)
            for number, (key, value) in enumerate(attributes.items(), 1):
                self.put(b"\x46" if number < len(attributes) else b"\x06")
                self.name(key)
                self.text(value)
            struct.pack_into("<I", self.bytes, list_at, len(self.bytes) - list_at - 4)
        self.put(b"\x02")
        if isinstance(content, str):
            self.text(content)
        else:
            for child in content:
                self.element(*child)
        self.put(b"\x04")
        struct.pack_into("<I", self.bytes, size_at, len(self.bytes) - size_at - 4)


_Element = tuple[str, Mapping[str, str], "str | Sequence[_Element]"]


def _record(number: int, event: Event, at: int) -> bytes:
    system: list[_Element] = [
        ("Provider", {"Name": event.provider}, []),
        ("EventID", {"Qualifiers": "0"} if event.level else {}, str(event.id)),
        ("Level", {}, str(event.level)),
        ("TimeCreated", {"SystemTime": _iso(event.time)}, []),
        ("EventRecordID", {}, str(number)),
        ("Channel", {}, event.channel),
        ("Computer", {}, event.computer),
        ("Security", {"UserID": event.user} if event.user else {}, []),
    ]
    data: list[_Element] = [("Data", {"Name": k}, v) for k, v in event.data.items()]
    writer = _Writer(at + 24)
    writer.put(b"\x0f\x01\x01\0")
    writer.element("Event", {}, [("System", {}, system), ("EventData", {}, data)])
    writer.put(b"\0")
    body = bytes(writer.bytes)
    body += b"\0" * (-len(body) % 8 + 4)
    size = 24 + len(body) + 4
    head = struct.pack("<IIQQ", 0x2A2A, size, number, filetime(event.time))
    return head + body + struct.pack("<I", size)


def _iso(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event_log(events: Sequence[Event]) -> bytes:
    """Give a log of one chunk; the first record has the number 1."""
    records, last = b"", 512
    for number, event in enumerate(events, 1):
        last = 512 + len(records)
        records += _record(number, event, last)
    count = len(events)
    assert 512 + len(records) < _CHUNK
    head = struct.pack(
        "<8sQQQQIII", b"ElfChnk\0", 1, count, 1, count, 128, last, 512 + len(records)
    )
    head += struct.pack("<I", zlib.crc32(records)) + b"\0" * 68
    tables = b"\0" * 384
    chunk = head + struct.pack("<I", zlib.crc32(head[:120] + tables)) + tables + records
    file = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, count + 1, 128, 1, 3, 4096, 1)
    file = file.ljust(120, b"\0")
    file += struct.pack("<II", 0, zlib.crc32(file))
    return file.ljust(4096, b"\0") + chunk.ljust(_CHUNK, b"\0")
