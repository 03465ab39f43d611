"""A file of a guest for an event loop."""

import io
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from guestshell.api.own_thread import OwnThread


class AsyncFile:
    """A regular file of the guest: `io.BufferedReader` with methods to be awaited."""

    def __init__(self, thread: OwnThread, file: io.BufferedReader) -> None:
        self._thread = thread
        self._file = file

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def read(self, size: int = -1) -> bytes:
        """Give up to `size` bytes, all that is left by default; empty at the end."""
        return await self._thread.call(lambda: self._file.read(size))

    async def readline(self) -> bytes:
        """Give the bytes up to the next newline, it included; empty at the end."""
        return await self._thread.call(self._file.readline)

    async def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte as io.IOBase.seek does and give its position."""
        return await self._thread.call(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        """Give the position in bytes."""
        return self._file.tell()

    async def close(self) -> None:
        """Read no more. Safe to call twice."""
        self._file.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the lines."""
        async for line in self._thread.iterate(lambda: iter(self._file)):
            yield line
