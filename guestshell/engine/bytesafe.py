"""Methods of the binding made byte-safe: the same results, names as `str` with surrogateescape.

The binding's own raise for a whole directory that holds one name outside UTF-8. Results are
shaped as the binding shapes them, guestfs(3) for the fields.
"""

from collections.abc import Callable, Sequence
from typing import Any

from guestshell.engine.bytecalls import (
    STATNS_FIELDS,
    STATNS_WORDS,
    Attributes,
    ByteCalls,
    encoded_path,
)
from guestshell.errors import GuestError
from guestshell.values import decode_name

BYTE_SAFE = frozenset(
    [
        "file",
        "lgetxattrs",
        "ls0",
        "lstatns",
        "lstatnslist",
        "lxattrlist",
        "pread",
        "readdir",
        "readlink",
        "readlinklist",
        "realpath",
        "statns",
    ]
)
"""The methods that take and give names of any bytes."""

_STATNS_KEYS = [f"st_{field}" for field in STATNS_FIELDS]


def _attribute_rows(attributes: Attributes) -> list[dict[str, object]]:
    return [{"attrname": name, "attrval": value} for name, value in attributes]


class ByteSafeMethods(ByteCalls):
    """The byte-safe methods of one handle; belongs to the thread that made the handle."""

    def method(self, name: str) -> Callable[..., Any] | None:
        """Give the byte-safe method of that name, None when there is none."""
        return getattr(self, f"_{name}") if name in BYTE_SAFE else None

    def last_error(self) -> GuestError:
        """Give what the handle says of the call that failed last, with its errno."""
        return self._error()

    def _file(self, path: str) -> str:
        return self.file(path)

    def _pread(self, path: str, count: int, offset: int) -> bytes:
        return self.pread(path, count, offset)

    def _readlink(self, path: str) -> str:
        return self.readlink(path)

    def _readlinklist(self, path: str, names: Sequence[str]) -> list[str]:
        return list(self.readlink_list(path, names))

    def _realpath(self, path: str) -> str:
        return self.realpath(path)

    def _ls0(self, dir: str, filenames: str) -> None:  # noqa: A002 as the binding names it
        self.ls0(dir, filenames)

    def _readdir(self, dir: str) -> list[dict[str, object]]:  # noqa: A002
        return [
            {"ino": inode, "ftyp": kind, "name": decode_name(name)}
            for inode, kind, name in self._dirents(dir)
        ]

    def _statns(self, path: str) -> dict[str, int]:
        return self._fields(self._c.guestfs_statns, path)

    def _lstatns(self, path: str) -> dict[str, int]:
        return self._fields(self._c.guestfs_lstatns, path)

    def _fields(self, function: Callable[..., Any], path: str) -> dict[str, int]:
        pointer = self._checked(function(self._g, encoded_path(path)))
        try:
            values = pointer.contents
            return {f"st_{field}": getattr(values, field) for field in STATNS_FIELDS}
        finally:
            self._c.guestfs_free_statns(pointer)

    def _lstatnslist(self, path: str, names: Sequence[str]) -> list[dict[str, int]]:
        table = self.lstat_table(path, names)
        return [
            dict(zip(_STATNS_KEYS, table[start : start + STATNS_WORDS], strict=True))
            for start in range(0, len(table), STATNS_WORDS)
        ]

    def _lgetxattrs(self, path: str) -> list[dict[str, object]]:
        return _attribute_rows(self.xattrs(path))

    def _lxattrlist(self, path: str, names: Sequence[str]) -> list[dict[str, object]]:
        return _attribute_rows(self._xattr_rows(path, names))
