"""The calls that read a registry hive: hivex(3) inside the appliance, hivex_* of guestfs(3).

A hive is parsed where its guest cannot reach the host. The appliance keeps one hive open at a
time, and an open one keeps its file system from being unmounted: each call names the hive that
it is about, and whatever unmounts closes it first. Nodes and values are positions in the file,
so they outlive closing, opening again and even the appliance.
"""

import ctypes
import functools
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

from guestshell.engine.bytecalls import ByteCalls, encoded_path, library
from guestshell.values import Name

_UNSAFE = 1 << 3
"""GUESTFS_HIVEX_OPEN_UNSAFE_BITMASK: read past damage where that is possible."""


class _OpenOptions(ctypes.Structure):
    _fields_ = (
        ("bitmask", c_uint64),
        ("verbose", c_int),
        ("debug", c_int),
        ("write", c_int),
        ("unsafe", c_int),
    )


class _HandleList(ctypes.Structure):
    # hivex_node and hivex_value are each a struct of one int64
    _fields_ = (("len", c_uint32), ("val", POINTER(c_int64)))


@functools.cache
def _declare() -> None:
    c = library()
    place = [c_void_p, c_int64]
    signatures: dict[str, tuple[list[Any], Any]] = {
        "guestfs_hivex_open_argv": ([c_void_p, c_char_p, POINTER(_OpenOptions)], c_int),
        "guestfs_hivex_close": ([c_void_p], c_int),
        "guestfs_hivex_root": ([c_void_p], c_int64),
        "guestfs_hivex_node_name": (place, c_void_p),
        "guestfs_hivex_node_children": (place, POINTER(_HandleList)),
        "guestfs_hivex_node_get_child": ([*place, c_char_p], c_int64),
        "guestfs_hivex_node_values": (place, POINTER(_HandleList)),
        "guestfs_hivex_node_get_value": ([*place, c_char_p], c_int64),
        "guestfs_hivex_value_key": (place, c_void_p),
        "guestfs_hivex_value_type": (place, c_int64),
        "guestfs_hivex_value_value": ([*place, POINTER(c_size_t)], c_void_p),
        "guestfs_free_hivex_node_list": ([c_void_p], None),
        "guestfs_free_hivex_value_list": ([c_void_p], None),
    }
    for name, (arguments, result) in signatures.items():
        function = getattr(c, name)
        function.argtypes = arguments
        function.restype = result


class HiveCalls(ByteCalls):
    """The hive calls of one handle. Each raises GuestError."""

    def __init__(self, handle: Any) -> None:
        super().__init__(handle)
        _declare()
        self._hive: str | None = None

    def close_hive(self) -> None:
        """Let go of the hive that is open, if one is."""
        if self._hive is not None:
            self._hive = None
            self._c.guestfs_hivex_close(self._g)

    def _open(self, hive: str) -> None:
        if self._hive == hive:
            return
        self.close_hive()
        options = _OpenOptions(bitmask=_UNSAFE, unsafe=1)
        path = encoded_path(hive)
        if self._c.guestfs_hivex_open_argv(self._g, path, ctypes.byref(options)) == -1:
            raise self._error()
        self._hive = hive

    def _number(self, number: int) -> int:
        if number == -1:
            raise self._error()
        return number

    def _handles(self, pointer: Any, free: Callable[[Any], None]) -> list[int]:
        self._checked(pointer)
        try:
            return list(pointer.contents.val[: pointer.contents.len])
        finally:
            free(pointer)

    def hive_root(self, hive: str) -> int:
        """Give the root key of a hive."""
        self._open(hive)
        return self._number(self._c.guestfs_hivex_root(self._g))

    def hive_children(self, hive: str, node: int) -> list[int]:
        """Give the subkeys of a key."""
        self._open(hive)
        found = self._c.guestfs_hivex_node_children(self._g, node)
        return self._handles(found, self._c.guestfs_free_hivex_node_list)

    def hive_child(self, hive: str, node: int, name: str) -> int | None:
        """Give the subkey of that name, which ignores the case of ASCII letters."""
        self._open(hive)
        encoded = encoded_path(name)
        return self._number(self._c.guestfs_hivex_node_get_child(self._g, node, encoded)) or None

    def hive_name(self, hive: str, node: int) -> Name:
        """Give the name of a key."""
        self._open(hive)
        return self._taken_text(self._c.guestfs_hivex_node_name(self._g, node))

    def hive_values(self, hive: str, node: int) -> list[int]:
        """Give the values of a key."""
        self._open(hive)
        found = self._c.guestfs_hivex_node_values(self._g, node)
        return self._handles(found, self._c.guestfs_free_hivex_value_list)

    def hive_value(self, hive: str, node: int, name: str) -> int | None:
        """Give the value of that name; "" is the default one."""
        self._open(hive)
        encoded = encoded_path(name)
        return self._number(self._c.guestfs_hivex_node_get_value(self._g, node, encoded)) or None

    def hive_value_name(self, hive: str, value: int) -> Name:
        """Give the name of a value, "" for the default one."""
        self._open(hive)
        return self._taken_text(self._c.guestfs_hivex_value_key(self._g, value))

    def hive_value_type(self, hive: str, value: int) -> int:
        """Give the REG_* number of a value."""
        self._open(hive)
        return self._number(self._c.guestfs_hivex_value_type(self._g, value))

    def hive_value_data(self, hive: str, value: int) -> bytes:
        """Give the bytes of a value; one over the protocol's 4 MiB raises."""
        self._open(hive)
        size = c_size_t()
        pointer = self._c.guestfs_hivex_value_value(self._g, value, ctypes.byref(size))
        if not pointer:
            raise self._error()
        try:
            return ctypes.string_at(pointer, size.value)
        finally:
            self._c.free(pointer)
