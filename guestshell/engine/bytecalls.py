"""The calls whose names are bytes, made on the C library with the binding's own handle.

The binding decodes every string strictly: one name that is not UTF-8 makes a whole directory
unreadable, and a surrogate in a string list ends the process. The C functions take and give
plain `char *` (guestfs(3)), so they are called through ctypes on the very same handle.
"""

import ctypes
import errno
import functools
import struct
from array import array
from collections.abc import Callable, Sequence
from ctypes import POINTER, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p
from dataclasses import dataclass, field
from typing import Any

from guestshell.errors import GuestError
from guestshell.values import Name, decode_name, encode_name

_LIBRARY = "libguestfs.so.0"
_CAPSULE = b"guestfs_h"


class _Dirent(ctypes.Structure):
    _fields_ = (("ino", c_int64), ("ftyp", c_char), ("name", c_char_p))


class _DirentList(ctypes.Structure):
    _fields_ = (("len", c_uint32), ("val", POINTER(_Dirent)))


STATNS_FIELDS = [
    "dev",
    "ino",
    "mode",
    "nlink",
    "uid",
    "gid",
    "rdev",
    "size",
    "blksize",
    "blocks",
    "atime_sec",
    "atime_nsec",
    "mtime_sec",
    "mtime_nsec",
    "ctime_sec",
    "ctime_nsec",
    "spare1",
    "spare2",
    "spare3",
    "spare4",
    "spare5",
    "spare6",
]


STATNS_WORDS = len(STATNS_FIELDS)
"""How many 64-bit numbers guestfs_statns has for one file, in the order above."""


class _StatNs(ctypes.Structure):
    _fields_ = tuple((name, c_int64) for name in STATNS_FIELDS)


class _StatNsList(ctypes.Structure):
    _fields_ = (("len", c_uint32), ("val", POINTER(_StatNs)))


class _Xattr(ctypes.Structure):
    _fields_ = (("name", c_char_p), ("value_len", c_uint32), ("value", c_void_p))


MOST_NAMES = 2_000_000
"""Names of one directory: more take gigabytes of memory, and hours to be looked at."""

Attributes = list[tuple[Name, bytes]]
"""Extended attributes of one file, name and value, xattr(7)."""


def _attribute(raw: _Xattr) -> tuple[Name, bytes]:
    return decode_name(raw.name), ctypes.string_at(raw.value, raw.value_len)


_DIRENT = struct.Struct("@qcP")
_XATTR = struct.Struct("@PIP")
"""The structures above as struct reads them, which is several times faster."""


def _bytes_of(listing: Any) -> bytes:
    """Give the rows of a list in one copy: ctypes takes longer over a field than the appliance."""
    size = listing.len * ctypes.sizeof(listing.val._type_)
    return ctypes.string_at(listing.val, size) if size else b""


class _XattrList(ctypes.Structure):
    _fields_ = (("len", c_uint32), ("val", POINTER(_Xattr)))


@dataclass(frozen=True, slots=True)
class Dirent:
    """One name of a directory. `kind` is readdir's letter: r d l c b f s, or u and ? unknown.

    `inode` is 0 where it is not known.
    """

    name: Name
    kind: str
    inode: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class StatNs:
    """stat(2) of one file; sizes in bytes, blocks of 512 bytes, times in ns since the epoch."""

    device: int
    inode: int
    mode: int
    links: int
    uid: int
    gid: int
    rdev: int
    size: int
    blocks: int
    atime: int
    mtime: int
    ctime: int


def _stat(raw: _StatNs) -> StatNs:
    return StatNs(
        raw.dev,
        raw.ino,
        raw.mode,
        raw.nlink,
        raw.uid,
        raw.gid,
        raw.rdev,
        raw.size,
        raw.blocks,
        raw.atime_sec * 10**9 + raw.atime_nsec,
        raw.mtime_sec * 10**9 + raw.mtime_nsec,
        raw.ctime_sec * 10**9 + raw.ctime_nsec,
    )


@functools.cache
def library() -> ctypes.CDLL:
    """Give the C library with the signatures of the calls made here."""
    library = ctypes.CDLL(_LIBRARY)
    path = [c_void_p, c_char_p]
    names = [c_void_p, c_char_p, POINTER(c_char_p)]
    signatures: dict[str, tuple[list[Any], Any]] = {
        "guestfs_readdir": (path, POINTER(_DirentList)),
        "guestfs_statns": (path, POINTER(_StatNs)),
        "guestfs_lstatns": (path, POINTER(_StatNs)),
        "guestfs_lstatnslist": (names, POINTER(_StatNsList)),
        "guestfs_lgetxattrs": (path, POINTER(_XattrList)),
        "guestfs_lxattrlist": (names, POINTER(_XattrList)),
        "guestfs_pread": (
            [c_void_p, c_char_p, c_int, c_int64, POINTER(c_size_t)],
            c_void_p,
        ),
        "guestfs_readlink": (path, c_void_p),
        "guestfs_readlinklist": (names, POINTER(c_void_p)),
        "guestfs_realpath": (path, c_void_p),
        "guestfs_file": (path, c_void_p),
        "guestfs_ls0": ([c_void_p, c_char_p, c_char_p], c_int),
        "guestfs_last_error": ([c_void_p], c_char_p),
        "guestfs_last_errno": ([c_void_p], c_int),
        "guestfs_free_dirent_list": ([c_void_p], None),
        "guestfs_free_statns": ([c_void_p], None),
        "guestfs_free_statns_list": ([c_void_p], None),
        "guestfs_free_xattr_list": ([c_void_p], None),
        "free": ([c_void_p], None),
    }
    for name, (arguments, result) in signatures.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = result
    return library


def _pointer_of(handle: Any) -> int:
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.argtypes = [ctypes.py_object, c_char_p]
    get_pointer.restype = c_void_p
    return int(get_pointer(handle._o, _CAPSULE))


def check_count(names: int) -> None:
    """Raise GuestError for more names than are listed of one directory."""
    if names > MOST_NAMES:
        problem = f"holds {names:,} names, and over {MOST_NAMES:,} are not listed"
        raise GuestError(problem, errno=errno.E2BIG)


def encoded_path(name: str) -> bytes:
    """Give a name as the C library takes it. Raises GuestError for one with a NUL."""
    encoded = encode_name(name)
    if b"\0" in encoded:
        raise GuestError("a path cannot contain a NUL byte")
    return encoded


class ByteCalls:
    """The byte-safe calls of one handle. Each raises GuestError with the appliance's errno."""

    def __init__(self, handle: Any) -> None:
        self._c = library()
        self._g = _pointer_of(handle)

    def _error(self) -> GuestError:
        """Give the handle's last error; its lines joined, its errno 0 when it has none."""
        raw = self._c.guestfs_last_error(self._g) or b"unknown error"
        lines = raw.decode("utf-8", "surrogateescape").splitlines()
        message = "; ".join(line.strip() for line in lines if line.strip())
        return GuestError(message, errno=self._c.guestfs_last_errno(self._g))

    def _checked(self, pointer: Any) -> Any:
        if not pointer:
            raise self._error()
        return pointer

    def _text(self, function: Callable[..., Any], path: str) -> Name:
        return self._taken_text(function(self._g, encoded_path(path)))

    def _taken_text(self, pointer: Any) -> Name:
        """Give the text that a call left behind, and free it."""
        self._checked(pointer)
        try:
            return decode_name(ctypes.string_at(pointer))
        finally:
            self._c.free(pointer)

    def readdir(self, directory: str) -> list[Dirent]:
        """Give the names of a directory, `.` and `..` left out, in the file system's order."""
        return [
            Dirent(decode_name(name), kind, inode)
            for inode, kind, name in self._dirents(directory)
            if name not in (b".", b"..")
        ]

    def _dirents(self, directory: str) -> list[tuple[int, str, bytes]]:
        """Give inode number, kind and name of each entry, `.` and `..` too."""
        listing = self._checked(self._c.guestfs_readdir(self._g, encoded_path(directory)))
        try:
            check_count(listing.contents.len)
            return [
                (inode, kind.decode("ascii", "replace"), ctypes.string_at(pointer))
                for inode, kind, pointer in _DIRENT.iter_unpack(_bytes_of(listing.contents))
            ]
        finally:
            self._c.guestfs_free_dirent_list(listing)

    def ls0(self, directory: str, target: str) -> None:
        """Write the names of a directory to a host file, each ended by NUL; a stream."""
        if self._c.guestfs_ls0(self._g, encoded_path(directory), encoded_path(target)) == -1:
            raise self._error()

    def _one_stat(self, function: Callable[..., Any], path: str) -> StatNs:
        pointer = self._checked(function(self._g, encoded_path(path)))
        try:
            return _stat(pointer.contents)
        finally:
            self._c.guestfs_free_statns(pointer)

    def stat(self, path: str) -> StatNs:
        """Give stat(2) of what a path leads to."""
        return self._one_stat(self._c.guestfs_statns, path)

    def lstat(self, path: str) -> StatNs:
        """Give lstat(2) of a path: a symbolic link is not followed."""
        return self._one_stat(self._c.guestfs_lstatns, path)

    def _names(self, names: Sequence[str]) -> Any:
        return (c_char_p * (len(names) + 1))(*[encoded_path(name) for name in names], None)

    def lstat_table(self, directory: str, names: Sequence[str]) -> "array[int]":
        """Give lstat(2) of many names of one directory, STATNS_WORDS numbers for each.

        A name that could not be looked at has -1 for its inode (guestfs(3), lstatnslist).
        """
        pointer = self._checked(
            self._c.guestfs_lstatnslist(self._g, encoded_path(directory), self._names(names))
        )
        try:
            return array("q", _bytes_of(pointer.contents))
        finally:
            self._c.guestfs_free_statns_list(pointer)

    def xattr_lists(self, directory: str, names: Sequence[str]) -> list[Attributes]:
        """Give the extended attributes of many names of one directory."""
        found: list[Attributes] = []
        # a row without a name begins each file (guestfs(3), lxattrlist)
        for name, value in self._xattr_rows(directory, names):
            if not name:
                found.append([])
            else:
                found[-1].append((name, value))
        return found

    def _xattr_rows(self, directory: str, names: Sequence[str]) -> Attributes:
        pointer = self._checked(
            self._c.guestfs_lxattrlist(self._g, encoded_path(directory), self._names(names))
        )
        try:
            return [
                (
                    decode_name(ctypes.string_at(name) if name else b""),
                    ctypes.string_at(value, size),
                )
                for name, size, value in _XATTR.iter_unpack(_bytes_of(pointer.contents))
            ]
        finally:
            self._c.guestfs_free_xattr_list(pointer)

    def readlink_list(self, directory: str, names: Sequence[str]) -> list[Name]:
        """Give the targets of many symbolic links of one directory; empty for no link."""
        pointer = self._checked(
            self._c.guestfs_readlinklist(self._g, encoded_path(directory), self._names(names))
        )
        targets = []
        index = 0
        while pointer[index]:
            targets.append(decode_name(ctypes.string_at(pointer[index])))
            self._c.free(pointer[index])
            index += 1
        self._c.free(pointer)
        return targets

    def readlink(self, path: str) -> Name:
        """Give the target of a symbolic link."""
        return self._text(self._c.guestfs_readlink, path)

    def realpath(self, path: str) -> Name:
        """Give the path with every symbolic link resolved inside the guest."""
        return self._text(self._c.guestfs_realpath, path)

    def file(self, path: str) -> str:
        """Give file(1)'s description; runs in the appliance, never in or from the guest."""
        return self._text(self._c.guestfs_file, path)

    def xattrs(self, path: str) -> Attributes:
        """Give the extended attributes of a path, symbolic links not followed, xattr(7)."""
        pointer = self._checked(self._c.guestfs_lgetxattrs(self._g, encoded_path(path)))
        try:
            return [_attribute(pointer.contents.val[i]) for i in range(pointer.contents.len)]
        finally:
            self._c.guestfs_free_xattr_list(pointer)

    def pread(self, path: str, count: int, offset: int) -> bytes:
        """Read up to `count` bytes at `offset`; fewer at the end of the file, b"" past it."""
        size = c_size_t()
        pointer = self._c.guestfs_pread(
            self._g, encoded_path(path), count, offset, ctypes.byref(size)
        )
        self._checked(pointer)
        try:
            return ctypes.string_at(pointer, size.value)
        finally:
            self._c.free(pointer)
