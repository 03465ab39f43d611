"""What stands in a file: bytes read in blocks, never a whole file at once."""

import errno
import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterator

from guestshell.engine.appliance import Appliance, Pending
from guestshell.engine.bytecalls import StatNs
from guestshell.errors import GuestError, PathError
from guestshell.guest.entries import kind_of
from guestshell.guest.tree import Tree, path_error

BLOCK = 2 * 2**20
"""Bytes a call: the measured best rate, and half of the protocol's 4 MiB."""

_AHEAD = 2

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


class Content:
    """The contents of a guest's regular files."""

    def __init__(self, appliance: Appliance, tree: Tree) -> None:
        self._appliance = appliance
        self._tree = tree

    def status(self, path: str) -> StatNs:
        """Give the status of a regular file, symbolic links followed.

        Raises PathError for anything else: reading a FIFO or device would hang the appliance.
        """
        status = self._tree.status(path)
        kind = kind_of(status.mode)
        if kind == "directory":
            raise PathError(path, "is a directory", f"ls {path}", errno=errno.EISDIR)
        if kind != "file":
            raise PathError(path, f"is a {kind}, not a file", errno=errno.EINVAL)
        return status

    def read(self, path: str, offset: int, count: int) -> bytes:
        """Read up to `count` bytes of a file that `status` found regular."""
        size = min(count, BLOCK)
        return self._tree.call(path, lambda handle: handle.pread(path, size, offset))

    def blocks(self, path: str, offset: int = 0, count: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a regular file from `offset` on, at most `count`, in blocks.

        The next blocks are read while the caller works on this one.
        """
        size = self.status(path).size
        self._tree.check_mounted()  # the size may be known before anything is
        end = size if count is None else min(size, offset + count)
        waiting: deque[Pending[bytes]] = deque()
        position = offset
        try:
            while position < end or waiting:
                while position < end and len(waiting) < _AHEAD:
                    length = min(BLOCK, end - position)
                    waiting.append(self._submit(path, length, position))
                    position += length
                try:
                    block = waiting[0].result()
                except GuestError as error:
                    raise path_error(path, error) from error
                waiting.popleft()
                if not block:
                    raise PathError(path, "became shorter while it was read", errno=errno.EIO)
                yield block
        finally:
            for pending in waiting:
                pending.cancel()

    def _submit(self, path: str, count: int, offset: int) -> Pending[bytes]:
        return self._appliance.submit(lambda handle: handle.pread(path, count, offset))

    def open(self, path: str) -> io.BufferedReader:
        """Open a regular file for reading: seekable, buffered."""
        return io.BufferedReader(_GuestFile(self, path), BLOCK // 2)

    def hash(self, path: str, algorithm: str, advance: Callable[[int], None]) -> str:
        """Give the digest of a regular file in hexadecimal."""
        digest = hashlib.new(algorithm, usedforsecurity=False)
        for block in self.blocks(path):
            digest.update(block)
            advance(len(block))
        return digest.hexdigest()


class _GuestFile(io.RawIOBase):
    """A regular file of the guest as Python's raw file."""

    def __init__(self, content: Content, path: str) -> None:
        super().__init__()
        self._content = content
        self._size = content.status(path).size
        self._position = 0
        self.name = path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative position {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # Buffer is 3.12's
        count = min(len(buffer), self._size - self._position)
        if count <= 0:
            return 0
        data = self._content.read(self.name, self._position, count)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
