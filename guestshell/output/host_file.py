"""A file of this host that output goes into: complete under its name, or not there at all."""

import contextlib
import os
import secrets
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from guestshell.errors import HostError, UsageError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ENDINGS = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".txt": "table",
}


def format_for(path: Path, default: str) -> str:
    """Give the format that a file's ending stands for."""
    return _ENDINGS.get(path.suffix.lower(), default)


class HostFile:
    """A file being written: `with HostFile(path) as file: file.write(block)`.

    A new file appears, complete, when the block ends without an error, and one that exists is
    only replaced if `overwrite`. With `append` what was written goes away again on an error. A
    device or pipe is written as it is. Raises HostError.
    """

    def __init__(self, path: Path, *, overwrite: bool = False, append: bool = False) -> None:
        if "\0" in str(path):
            raise HostError("a host path cannot contain a NUL byte")
        self.path = path
        self._overwrite = overwrite
        self._append = append
        self._temporary: Path | None = None
        self._descriptor = -1
        self._length_before = 0

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(keep=error is None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in the file yet; of appending, before what is added."""
        return self._length_before == 0

    def open(self) -> None:
        """Begin; nothing of the target has changed yet."""
        try:
            self._open()
        except OSError as error:
            raise HostError.of(self.path, error) from error

    def _open(self) -> None:
        exists = os.path.lexists(self.path)
        if exists and self.path.is_dir():
            raise HostError(f"{self.path}: is a directory", "name a file in it")
        special = exists and not stat.S_ISREG(self.path.stat().st_mode)
        if special:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        elif self._append:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o666)
            self._length_before = os.fstat(self._descriptor).st_size
        elif exists and not self._overwrite:
            raise HostError(f"{self.path}: exists already", ">| overwrites it, >> appends to it")
        else:
            # the host's name is not part of it: that may be as long as a name can be
            temporary = self.path.parent / f".guestctl-{secrets.token_hex(8)}.partial"
            self._descriptor = os.open(temporary, _NEW, 0o666)
            self._temporary = temporary

    def write(self, block: bytes) -> None:
        """Write bytes."""
        view = memoryview(block)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise HostError.of(self.path, error) from error

    def close(self, *, keep: bool) -> None:
        """End: put the file in its place, or leave everything as it was. Safe to call twice."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        try:
            if not keep and self._append and self._temporary is None:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, self._length_before)
            os.close(descriptor)
            if keep and self._temporary is not None:
                self._put_in_place(self._temporary)
        except OSError as error:
            raise HostError.of(self.path, error) from error
        finally:
            if self._temporary is not None:
                self._temporary.unlink(missing_ok=True)

    def _put_in_place(self, temporary: Path) -> None:
        if self._overwrite:
            temporary.rename(self.path)
            return
        try:
            os.link(temporary, self.path)  # unlike rename, it never replaces
        except FileExistsError:
            raise HostError(
                f"{self.path}: exists by now", ">| overwrites it, >> appends to it"
            ) from None
        except OSError:  # a file system without hard links
            temporary.rename(self.path)


def check_appendable(form: str, path: Path) -> None:
    """Raise UsageError for a format that cannot go on where a file ends."""
    if form == "json":
        raise UsageError(
            f"{path}: a JSON document cannot be appended to", "a .jsonl file can, a row a line"
        )
