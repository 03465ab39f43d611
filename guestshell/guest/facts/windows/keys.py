"""The registry as facts read it: keys by path, values decoded by what their type says."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from guestshell.values import Name, Timestamp

KINDS = {
    0: "REG_NONE",
    1: "REG_SZ",
    2: "REG_EXPAND_SZ",
    3: "REG_BINARY",
    4: "REG_DWORD",
    5: "REG_DWORD_BIG_ENDIAN",
    6: "REG_LINK",
    7: "REG_MULTI_SZ",
    8: "REG_RESOURCE_LIST",
    9: "REG_FULL_RESOURCE_DESCRIPTOR",
    10: "REG_RESOURCE_REQUIREMENTS_LIST",
    11: "REG_QWORD",
}
"""The types of values, [MS-RRP] 3.1.1.5 and winnt.h; programs store others of their own."""

_TEXTS = (1, 2, 6)
_NUMBERS = {4: "<I", 5: ">I", 11: "<Q"}

_EPOCH = 116_444_736_000_000_000
"""1970-01-01 as a FILETIME: 100 ns since 1601-01-01 UTC, [MS-DTYP] 2.3.3."""

_LAST = 0x24C85A5ED1C03FFF
"""The last FILETIME of the year 9999: anything later means `never` or nothing."""


def filetime(value: int) -> Timestamp | None:
    """Give the moment of a FILETIME; None for 0 and for what lies past the year 9999."""
    return Timestamp((value - _EPOCH) * 100) if 0 < value <= _LAST else None


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a key; `name` is empty for the default one, `type` a REG_* number."""

    name: str
    type: int
    data: bytes

    @property
    def kind(self) -> str:
        """The type by name, `type 0x1234` where it has none."""
        return KINDS.get(self.type, f"type {self.type:#x}")

    def text(self) -> str:
        """Give the text up to its first NUL, a number as digits; "" for anything else."""
        if self.type == 7:
            return " ; ".join(self.texts())
        if self.type in _TEXTS:
            return _utf16(self.data).partition("\0")[0]
        number = self.number()
        return "" if number is None else str(number)

    def texts(self) -> tuple[str, ...]:
        """Give the texts of a REG_MULTI_SZ without empty ones; of a text that one."""
        if self.type != 7:
            text = self.text()
            return (text,) if text else ()
        return tuple(text for text in _utf16(self.data).split("\0") if text)

    def number(self) -> int | None:
        """Give the number of a REG_DWORD or REG_QWORD, None for anything else."""
        layout = _NUMBERS.get(self.type)
        if layout is None or len(self.data) < struct.calcsize(layout):
            return None
        number: int = struct.unpack_from(layout, self.data)[0]
        return number

    def readable(self, most: int) -> str:
        """Give what a person would read: text, digits, or at most so many bytes as hexadecimal."""
        if self.type == 7:
            return " ; ".join(self.texts())
        if self.type in _TEXTS:
            return _utf16(self.data).rstrip("\0")
        number = self.number()
        if number is not None:
            return str(number)
        more = f" … {len(self.data)} bytes" if len(self.data) > most else ""
        return self.data[:most].hex(" ") + more


def _utf16(data: bytes) -> str:
    return data[: len(data) & ~1].decode("utf-16-le", "replace")


class Key(Protocol):
    r"""A key. What of it is damaged is warned of and left out."""

    @property
    def path(self) -> str:
        r"""The whole path: `HKLM\SOFTWARE\Microsoft`."""

    @property
    def name(self) -> str:
        """The last name of the path."""

    @property
    def file(self) -> Name:
        """The hive's file in the guest."""

    @property
    def modified(self) -> Timestamp | None:
        """When the key was last written, None where that cannot be read."""

    def subkeys(self) -> "Iterator[Key]":
        """Yield the keys directly below."""

    def subkey(self, path: str) -> "Key | None":
        """Give the key below by its path with backslashes; case does not matter."""

    def values(self) -> Iterator[Value]:
        """Yield the values."""

    def value(self, name: str) -> Value | None:
        """Give the value of that name; case does not matter."""


@dataclass(frozen=True, slots=True)
class User:
    r"""Whose hive one is: the folder's name under `Users`, and the root key of NTUSER.DAT."""

    name: str
    root: Key


class Registry(Protocol):
    """The registry of a Windows that is not running. A hive that is missing is warned of."""

    def key(self, path: str) -> Key | None:
        r"""Give a key: `HKLM\…`, `HKU\NAME\…`; CurrentControlSet is the one that Select names."""

    def users(self) -> Sequence[User]:
        """Give the users that have a hive of their own."""

    def warn(self, message: str) -> None:
        """Say that something is missing or damaged."""


def text_of(key: Key | None, name: str) -> str:
    """Give the text of a value, "" where there is no such key or value."""
    value = key.value(name) if key is not None else None
    return value.text() if value is not None else ""


def number_of(key: Key | None, name: str) -> int | None:
    """Give the number of a value, None where there is no such key or value."""
    value = key.value(name) if key is not None else None
    return value.number() if value is not None else None


def data_of(key: Key | None, name: str) -> bytes:
    """Give the bytes of a value, b"" where there is no such key or value."""
    value = key.value(name) if key is not None else None
    return value.data if value is not None else b""


def subkeys_of(key: Key | None) -> "Iterator[Key]":
    """Yield the keys below a key that may not be there."""
    return key.subkeys() if key is not None else iter(())


def seconds(value: int | None) -> Timestamp | None:
    """Give the moment of seconds since 1970, None for 0 and nothing."""
    return Timestamp(value * 10**9) if value else None


def filetime_in(data: bytes, offset: int = 0) -> Timestamp | None:
    """Give the FILETIME that stands in data, None where it is too short."""
    if len(data) < offset + 8:
        return None
    return filetime(struct.unpack_from("<Q", data, offset)[0])
