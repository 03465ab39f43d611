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
    only replaced if `overwrite`; who may read it stays. With `append` what was written goes away
    again on an error. A pipe or character device is written as it is, a disk never. Raises
    HostError.
    """

    def __init__(
        self,
        path: Path,
        *,
        overwrite: bool = False,
        append: bool = False,
        remedy: str = ">| overwrites it, >> appends to it",
    ) -> None:
        """`remedy` says what to do about a file that exists already."""
        if "\0" in str(path):
            raise HostError("a host path cannot contain a NUL byte")
        self.path = path
        self._place = path
        self._overwrite = overwrite
        self._append = append
        self._remedy = remedy
        self._temporary: Path | None = None
        self._descriptor = -1
        self._length_before = 0
        self._written = 0
        self._is_new = False

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
        status = _status(self.path)
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise HostError(f"{self.path}: is a directory", "name a file in it")
        if status is not None and stat.S_ISBLK(status.st_mode):
            raise HostError(f"{self.path}: is a disk of this host", "nothing is written to one")
        if status is not None and not stat.S_ISREG(status.st_mode):
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        elif self._append:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o666)
            self._length_before = os.fstat(self._descriptor).st_size
            self._is_new = status is None
        elif not self._overwrite and os.path.lexists(self.path):
            raise HostError(f"{self.path}: exists already", self._remedy)
        else:
            # what a symbolic link leads to is written, not the link
            self._place = self.path.resolve() if self.path.is_symlink() else self.path
            # the host's name is not part of it: that may be as long as a name can be
            temporary = self._place.parent / f".guestctl-{secrets.token_hex(8)}.partial"
            self._descriptor = os.open(temporary, _NEW, 0o666)
            self._temporary = temporary
            if status is not None:
                os.fchmod(self._descriptor, status.st_mode & 0o777)

    def write(self, block: bytes) -> None:
        """Write bytes."""
        view = memoryview(block)
        try:
            while view:
                count = os.write(self._descriptor, view)
                self._written += count
                view = view[count:]
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
                    self._take_back(descriptor)
            os.close(descriptor)
            if keep and self._temporary is not None:
                self._put_in_place(self._temporary)
        except OSError as error:
            raise HostError.of(self.path, error) from error
        finally:
            if self._temporary is not None:
                self._temporary.unlink(missing_ok=True)

    def _take_back(self, descriptor: int) -> None:
        """Undo what was appended, unless others have appended since."""
        if os.fstat(descriptor).st_size != self._length_before + self._written:
            return
        os.ftruncate(descriptor, self._length_before)
        if self._is_new and self._length_before == 0:
            self.path.resolve().unlink()

    def _put_in_place(self, temporary: Path) -> None:
        if self._overwrite:
            temporary.rename(self._place)
            return
        try:
            os.link(temporary, self.path)  # unlike rename, it never replaces
        except FileExistsError:
            raise self._exists_by_now() from None
        except OSError:  # a file system without hard links
            if os.path.lexists(self.path):
                raise self._exists_by_now() from None
            temporary.rename(self.path)

    def _exists_by_now(self) -> HostError:
        return HostError(f"{self.path}: exists by now", self._remedy)


def _status(path: Path) -> os.stat_result | None:
    """Give what a path leads to, None where there is nothing."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def check_appendable(form: str, path: Path) -> None:
    """Raise UsageError for a format that cannot go on where a file ends."""
    if form == "json":
        raise UsageError(
            f"{path}: a JSON document cannot be appended to", "a .jsonl file can, a row a line"
        )
