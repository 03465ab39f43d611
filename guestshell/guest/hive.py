"""Hives: the files of a Windows registry, their keys and values.

Hives are parsed by hivex inside the appliance. libguestfs does not pass on when a key was
written, so that is read from the key's own cell: hivex names a key by its position in the file,
and a cell is `nk`, flags, FILETIME after its 4 bytes of size.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError, GuestShellError, PathError
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.windows.keys import Value, filetime
from guestshell.values import Name, Timestamp

_BATCH = 200
"""Keys or values asked for in one go; between them Ctrl-C is heard."""

_BLOCK = 65536
_MOST_BLOCKS = 256
_DEEPEST = 512
"""Levels of keys that Windows allows."""


@dataclass(frozen=True)
class Hive:
    r"""One hive file: what it is called in a path (`HKLM\SAM`), and where it lies."""

    name: str
    path: Name


@dataclass(frozen=True)
class HiveKey:
    """A key of a hive; see facts.windows.keys.Key."""

    reader: "HiveReader" = field(repr=False)
    hive: Hive
    node: int
    path: str

    @property
    def name(self) -> str:
        """The last name of the path."""
        return self.path.rpartition("\\")[2]

    @property
    def file(self) -> Name:
        """The hive's file in the guest."""
        return self.hive.path

    @property
    def modified(self) -> Timestamp | None:
        """When the key was last written."""
        return self.reader.modified(self)

    def subkeys(self) -> "Iterator[HiveKey]":
        """Yield the keys directly below; one whose name cannot be read is warned of."""
        file = self.hive.path

        def name_of(handle: Handle, node: int) -> Name:
            return handle.hive_name(file, node)

        nodes = self.reader.ask(self.path, lambda handle: handle.hive_children(file, self.node))
        for node, name in self.reader.ask_each(self.path, nodes or [], name_of):
            yield HiveKey(self.reader, self.hive, node, f"{self.path}\\{name}")

    def subkey(self, path: str) -> "HiveKey | None":
        """Give the key below by its path with backslashes."""
        key: HiveKey | None = self
        for name in path.split("\\"):
            if key is not None and name:
                key = key.child(name)
        return key

    def child(self, name: str) -> "HiveKey | None":
        """Give the key directly below of that name, whatever is in it."""
        if not name.isascii() or "\0" in name:  # hivex folds ASCII only
            folded = name.casefold()
            return next((key for key in self.subkeys() if key.name.casefold() == folded), None)
        file = self.hive.path

        def look(handle: Handle) -> tuple[int, str] | None:
            node = handle.hive_child(file, self.node, name)
            return (node, handle.hive_name(file, node)) if node is not None else None

        found = self.reader.ask(self.path, look)
        if found is None:
            return None
        return HiveKey(self.reader, self.hive, found[0], f"{self.path}\\{found[1]}")

    def values(self) -> Iterator[Value]:
        """Yield the values; one that cannot be read is warned of."""
        file = self.hive.path

        def read(handle: Handle, value: int) -> Value:
            return _read_value(handle, file, value)

        found = self.reader.ask(self.path, lambda handle: handle.hive_values(file, self.node))
        for _, value in self.reader.ask_each(self.path, found or [], read):
            yield value

    def value(self, name: str) -> Value | None:
        """Give the value of that name."""
        if not name.isascii() or "\0" in name:
            folded = name.casefold()
            return next((value for value in self.values() if value.name.casefold() == folded), None)
        file = self.hive.path

        def look(handle: Handle) -> Value | None:
            value = handle.hive_value(file, self.node, name)
            return _read_value(handle, file, value) if value is not None else None

        found: Value | None = self.reader.ask(self.path, look)
        return found


def _read_value(handle: Handle, file: str, value: int) -> Value:
    return Value(
        handle.hive_value_name(file, value),
        handle.hive_value_type(file, value),
        handle.hive_value_data(file, value),
    )


class HiveReader:
    """Asks the appliance about hives; what is damaged is warned of."""

    def __init__(self, files: Files, call: Callable[[Callable[[Handle], Any]], Any]) -> None:
        self.files = files
        self._call = call
        self._blocks: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def warn(self, message: str) -> None:
        """Say that something is missing or damaged."""
        self.files.warn(message)

    def top(self, hive: Hive) -> HiveKey:
        """Give the root key of any hive file. Raises GuestError where it cannot be read as one."""
        try:
            base = self.files.read(hive.path, 512)
            node = self._call(lambda handle: handle.hive_root(hive.path))
        except PathError:
            raise
        except GuestError as error:
            raise GuestError(f"{hive.path}: is no hive that can be read: {error.message}") from None
        if base[4:8] != base[8:12]:
            self.warn(f"{hive.path}: was in use; what only its .LOG files hold is not shown")
        return HiveKey(self, hive, node, hive.name)

    def walk(self, key: HiveKey) -> Iterator[HiveKey]:
        """Yield a key and all below, parents first; none twice, though a damaged hive loops."""
        seen = {key.node}
        stack = [iter([key])]
        while stack:
            here = next(stack[-1], None)
            if here is None:
                stack.pop()
                continue
            yield here
            if len(stack) > _DEEPEST:
                self.warn(f"{here.path}: is deeper than Windows allows")
                continue
            below = [child for child in here.subkeys() if child.node not in seen]
            seen.update(child.node for child in below)
            stack.append(iter(below))

    # -- what keys ask ---------------------------------------------------------------------------

    def ask(self, path: str, question: Callable[[Handle], Any]) -> Any:
        """Give the answer, None with a warning where the hive is damaged."""
        try:
            return self._call(question)
        except GuestError as error:
            self.warn(f"{path}: is damaged: {error.message}")
            return None

    def ask_each(
        self, path: str, numbers: Sequence[int], question: Callable[[Handle, int], Any]
    ) -> Iterator[tuple[int, Any]]:
        """Yield each number with its answer; those without one are warned of."""
        failed = 0

        def answers(batch: Sequence[int]) -> Callable[[Handle], list[Any]]:
            return lambda handle: [_answer(handle, number, question) for number in batch]

        for start in range(0, len(numbers), _BATCH):
            batch = numbers[start : start + _BATCH]
            for number, answer in zip(batch, self._call(answers(batch)), strict=True):
                if isinstance(answer, GuestShellError):
                    failed += 1
                else:
                    yield number, answer
        if failed:
            self.warn(f"{path}: {failed} of {len(numbers)} below it cannot be read")

    def modified(self, key: HiveKey) -> Timestamp | None:
        """Give when a key was last written, None where its cell cannot be read."""
        cell = self._bytes(key.hive.path, key.node, 16)
        if cell[4:6] != b"nk" or len(cell) < 16:
            return None
        return filetime(struct.unpack_from("<Q", cell, 8)[0])

    def _bytes(self, file: str, offset: int, count: int) -> bytes:
        data = self._block(file, offset // _BLOCK)[offset % _BLOCK :][:count]
        if len(data) < count:
            data += self._block(file, offset // _BLOCK + 1)[: count - len(data)]
        return data

    def _block(self, file: str, number: int) -> bytes:
        place = (file, number)
        if place not in self._blocks:
            if len(self._blocks) >= _MOST_BLOCKS:
                self._blocks.popitem(last=False)
            read = self.ask(file, lambda handle: handle.pread(file, _BLOCK, number * _BLOCK))
            self._blocks[place] = read or b""
        return self._blocks[place]


def _answer(handle: Handle, number: int, question: Callable[[Handle, int], Any]) -> Any:
    try:
        return question(handle, number)
    except GuestError as error:
        if not handle.raw.is_ready():
            raise  # the appliance died: it is started again and asked once more
        return error


def locate_below(key: HiveKey, typed: str) -> "HiveKey | tuple[HiveKey, Value] | None":
    """Give what a typed path below a key means, as `HiveRegistry.locate` does."""
    return locate_parts(key, path_parts(typed), separator_of(typed))


def separator_of(typed: str) -> str:
    """Give what stands between names of a typed path: a backslash where there is one."""
    return "\\" if "\\" in typed else "/"


def path_parts(typed: str) -> list[str]:
    """Give the names of a typed path."""
    return [part for part in typed.split(separator_of(typed)) if part]


def locate_parts(
    key: HiveKey, rest: list[str], separator: str
) -> "HiveKey | tuple[HiveKey, Value] | None":
    """Give the key or value below a key that names mean, None where there is neither."""
    while rest:
        longest = len(rest) if separator == "/" else 1
        for count in range(1, longest + 1):
            below = key.child(separator.join(rest[:count]))
            if below is not None:
                key, rest = below, rest[count:]
                break
        else:
            break
    if not rest:
        return key
    name = separator.join(rest)
    value = key.value(name) or key.value(f"\\{name}")  # \DosDevices\C: begins with one
    return (key, value) if value is not None else None
