"""The files of a guest for whatever opens files through fsspec: `guest://etc/passwd::disk.img`.

The image comes last in the URL, as with fsspec's archives, or as the option `image`. The calls
that fsspec asks of a file system are those of its AbstractFileSystem.
"""

import contextlib
import errno
import io
import os
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import fsspec

from guestshell.api.guest import Guest
from guestshell.errors import GuestError, NoSuchPath
from guestshell.guest.entries import Entry

_TYPES = {"directory": "directory", "file": "file", "symlink": "link"}


@contextlib.contextmanager
def _os_errors(path: str) -> Iterator[None]:
    """Say what the guest says as Python's own errors of files."""
    try:
        yield
    except GuestError as error:
        code = errno.ENOENT if isinstance(error, NoSuchPath) else error.errno or errno.EIO
        raise OSError(code, os.strerror(code), path) from error


class GuestFileSystem(fsspec.AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A guest's files, read only. Symbolic links are followed inside the guest.

    Raises ImageError for an image that cannot be opened, FileNotFoundError, IsADirectoryError and
    other kinds of OSError for paths, and OSError with EROFS for a file opened to be written.
    """

    protocol: ClassVar[str] = "guest"
    root_marker: ClassVar[str] = "/"

    def __init__(
        self, image: str = "", fo: str = "", *, index: bool = False, **options: Any
    ) -> None:
        """Open `image`; `fo` is the same as fsspec's URL chains call it."""
        super().__init__(**options)
        self.guest = Guest(image or fo, index=index)
        weakref.finalize(self, self.guest.close)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        stripped = super()._strip_protocol(path)
        return "/" + stripped.lstrip("/")

    def close(self) -> None:
        """Stop the appliance. Safe to call twice."""
        self.guest.close()

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """Give what fsspec knows of each entry of a directory, or of the one file."""
        path = self._strip_protocol(path)
        with _os_errors(path):
            listed = self.guest.ls(path) if self.guest.is_directory(path) else None
            entries = [self.guest.entry(path)] if listed is None else listed
            infos = [self._info(entry) for entry in entries]
        return infos if detail else [info["name"] for info in infos]

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """Give name, size in bytes, type, st_mode, uid, gid and mtime in seconds of a path."""
        path = self._strip_protocol(path)
        with _os_errors(path):
            return self._info(self.guest.entry(path))

    def _info(self, entry: Entry) -> dict[str, Any]:
        kind, size = _TYPES.get(entry.kind, "other"), int(entry.size)
        # a link to a directory stays a link, or a walk would go round in circles
        if kind == "link" and self._leads_to_file(entry.path):
            kind, size = "file", int(self.guest.size(entry.path))
        return {
            "name": entry.path,
            "size": size,
            "type": kind,
            "islink": entry.kind == "symlink",
            "destination": entry.target,
            "mode": int(entry.mode),
            "uid": entry.uid,
            "gid": entry.gid,
            "mtime": entry.mtime / 1e9,
        }

    def _leads_to_file(self, path: str) -> bool:
        try:
            return self.guest.kind(path) == "file"
        except GuestError:
            return False

    def isdir(self, path: str) -> bool:
        """Say whether a path leads to a directory."""
        with _os_errors(path):
            return self.guest.is_directory(self._strip_protocol(path))

    def modified(self, path: str) -> datetime:
        """Give the time of the last change, in UTC."""
        return datetime.fromtimestamp(self.info(path)["mtime"], UTC)

    def _open(self, path: str, mode: str = "rb", **options: Any) -> io.BufferedReader:
        if mode != "rb":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        with _os_errors(path):
            return self.guest.open(self._strip_protocol(path))
