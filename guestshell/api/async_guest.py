"""The guest for an event loop: the same methods with the same types, to be awaited."""

import functools
import os
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from guestshell.api.async_file import AsyncFile
from guestshell.api.guest import Guest, Inspection
from guestshell.api.own_thread import OwnThread
from guestshell.api.rows import Rows
from guestshell.engine.bytecalls import Dirent
from guestshell.errors import GuestShellError
from guestshell.guest.devices import Disk, FileSystem, Partition, Usage
from guestshell.guest.entries import Entry, Stat
from guestshell.guest.facts.accounts.passwd import Group, User
from guestshell.guest.facts.packages.rows import Package
from guestshell.guest.image import Image
from guestshell.guest.inspection import InstalledSystem
from guestshell.guest.learner import IndexState
from guestshell.guest.mounts import Mount
from guestshell.guest.save import Saved
from guestshell.values import Name, Size

_T = TypeVar("_T")
_P = ParamSpec("_P")


def _nothing(_value: object) -> None:
    pass


class AsyncGuest:
    """An opened image, for an event loop.

    The methods are those of Guest. One thread answers them in turn, so the loop is never held
    up; an iteration lets other calls in between. A cancelled task ends its call, a transfer
    included. The images are checked by `async with` or by the first call.

        async with AsyncGuest("disk.img") as guest:
            print((await guest.inspect()).headline)
            async for entry in guest.walk("/etc"):
                print(entry.path)
    """

    def __init__(
        self,
        *images: str | os.PathLike[str],
        image_format: str | None = None,
        memory: int | None = None,
        root: str | None = None,
        index: bool = False,
        replay: bool = True,
        notice: Callable[[str], None] = _nothing,
    ) -> None:
        """Take what Guest takes. `notice` is called in another thread."""
        self._make = functools.partial(
            Guest,
            *images,
            image_format=image_format,
            memory=memory,
            root=root,
            index=index,
            replay=replay,
            notice=notice,
        )
        self._guest: Guest | None = None
        self._thread = OwnThread("guest")
        self._closing = False

    # -- life ----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        try:
            await self._thread.call(self._made)
        except BaseException:
            self._thread.end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _made(self) -> Guest:
        if self._guest is None:
            self._guest = self._make()
        if self._closing:
            self._guest.close()
        return self._guest

    async def run(self, question: Callable[[Guest], _T]) -> _T:
        """Give what a function of a Guest returns, called in the guest's thread."""
        return await self._thread.call(lambda: question(self._made()))

    async def _ask(
        self,
        method: Callable[Concatenate[Guest, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        return await self._thread.call(lambda: method(self._made(), *args, **kwargs))

    async def start(self) -> None:
        """Begin to boot and to look for the system, and return at once."""
        await self._ask(Guest.start)

    async def close(self) -> None:
        """End what runs and stop the appliance. Safe to call twice."""
        if self._closing:
            return
        self._closing = True
        self._thread.interrupt()
        closing = OwnThread("close")  # the guest's own thread may be busy
        try:
            if self._guest is not None:
                await closing.call(self._guest.close)
        finally:
            closing.end()
            self._thread.end()

    @property
    def images(self) -> tuple[Image, ...]:
        """The images, none before they were checked."""
        return self._guest.images if self._guest else ()

    @property
    def is_open(self) -> bool:
        """Whether the file systems are mounted and answers come at once."""
        return self._guest is not None and self._guest.is_open

    @property
    def is_known(self) -> bool:
        """Whether the system is known, from the index if the appliance is not up."""
        return self._guest is not None and self._guest.is_known

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closing

    async def check_unchanged(self) -> None:
        """Raise ImageChanged when an image's file is gone, another, or was written to."""
        await self._ask(Guest.check_unchanged)

    async def take_complaints(self) -> list[str]:
        """Give what the appliance had trouble reading since this was last asked."""
        return await self._ask(Guest.take_complaints)

    # -- the index -----------------------------------------------------------------------------

    async def index_state(self) -> IndexState | None:
        """Say what the index knows, None where none is kept."""
        return await self._ask(Guest.index_state)

    async def drop_index(self) -> None:
        """Forget what the index knows; what is learned from now on is kept again."""
        await self._ask(Guest.drop_index)

    # -- the system ----------------------------------------------------------------------------

    async def rows(self, line: str) -> Rows[Any]:
        """Give the rows of a command of the prompt and its filters: `users | where uid = 0`."""
        return await self._ask(Guest.rows, line)

    async def inspect(self) -> Inspection:
        """Say what system this is, what is mounted, and what the file systems hold."""
        return await self._ask(Guest.inspect)

    async def is_windows(self) -> bool:
        """Say whether the system that is mounted is a Windows."""
        return await self.run(lambda guest: guest.is_windows)

    async def systems(self) -> Rows[InstalledSystem]:
        """Give the systems in the image."""
        return await self._ask(Guest.systems)

    async def use(self, root: str) -> None:
        """Mount another of the systems, named by number or root device, in the place of all."""
        await self._ask(Guest.use, root)

    async def users(self) -> Rows[User]:
        """Give the accounts of /etc/passwd, or of a Windows' registry."""
        return await self._ask(Guest.users)

    async def groups(self) -> Rows[Group]:
        """Give the groups of /etc/group, or of a Windows' registry."""
        return await self._ask(Guest.groups)

    async def packages(self, warn: Callable[[str], None] = _nothing) -> Rows[Package]:
        """Give the installed packages by name; `warn` is called in the guest's thread."""
        return await self._ask(Guest.packages, warn)

    # -- storage -------------------------------------------------------------------------------

    async def disks(self) -> Rows[Disk]:
        """Give the disks and the images they come from."""
        return await self._ask(Guest.disks)

    async def partitions(self) -> Rows[Partition]:
        """Give the partitions of all disks."""
        return await self._ask(Guest.partitions)

    async def filesystems(self) -> Rows[FileSystem]:
        """Give what each device holds, with the use of those that are mounted."""
        return await self._ask(Guest.filesystems)

    async def mounts(self) -> Rows[Mount]:
        """Give what is mounted, by directory."""
        return await self._ask(Guest.mounts)

    async def usage(self) -> Rows[Usage]:
        """Give the space of each mounted file system."""
        return await self._ask(Guest.usage)

    async def mount(self, device: str, directory: str = "/") -> None:
        """Mount a device read-only at a directory."""
        await self._ask(Guest.mount, device, directory)

    async def unmount(self, directory: str) -> None:
        """Unmount a directory or device."""
        await self._ask(Guest.unmount, directory)

    # -- directories ---------------------------------------------------------------------------

    async def resolve(self, path: str) -> Name:
        """Give the path with every symbolic link and `..` resolved inside the guest."""
        return await self._ask(Guest.resolve, path)

    async def entry(self, path: str) -> Entry:
        """Give the row of one path, a symbolic link not followed."""
        return await self._ask(Guest.entry, path)

    async def kind(self, path: str) -> str:
        """Say what a path leads to: `file`, `directory`, `fifo` …."""
        return await self._ask(Guest.kind, path)

    async def is_directory(self, path: str) -> bool:
        """Say whether a path leads to a directory; False when it leads nowhere."""
        return await self._ask(Guest.is_directory, path)

    async def ls(self, path: str = "/") -> Rows[Entry]:
        """Give the rows of a directory in byte order, `.` and `..` left out."""
        return await self._ask(Guest.ls, path)

    async def names(self, path: str) -> Sequence[Dirent]:
        """Give the names and kinds of a directory in byte order, from one call."""
        return await self._ask(Guest.names, path)

    def walk(
        self,
        path: str = "/",
        *,
        depth: int | None = None,
        enter: Callable[[Name], bool] = lambda path: True,
        failed: Callable[[GuestShellError], None] | None = None,
    ) -> AsyncIterator[Entry]:
        """Yield every entry below a directory as Guest.walk does.

        `enter` and `failed` are called in the guest's thread.
        """
        return self._thread.iterate(
            lambda: self._made().walk(path, depth=depth, enter=enter, failed=failed)
        )

    def walk_names(
        self,
        path: str = "/",
        *,
        depth: int | None = None,
        enter: Callable[[Name], bool] = lambda path: True,
        failed: Callable[[GuestShellError], None] | None = None,
    ) -> AsyncIterator[tuple[Name, str]]:
        """Yield path and readdir's letter (r d l c b f s) as `walk` does, in half of its time."""
        return self._thread.iterate(
            lambda: self._made().walk_names(path, depth=depth, enter=enter, failed=failed)
        )

    async def stat(self, path: str) -> Stat:
        """Give everything known of one path, a symbolic link not followed."""
        return await self._ask(Guest.stat, path)

    async def glob(self, pattern: str) -> list[Name]:
        """Give the absolute paths that fit an absolute pattern such as `/etc/*.conf`."""
        return await self._ask(Guest.glob, pattern)

    async def suggest(self, path: str) -> Name | None:
        """Give the closest name there is for a path that is not there."""
        return await self._ask(Guest.suggest, path)

    async def exists(self, path: str) -> bool:
        """Say whether a path is there, be it a symbolic link that leads nowhere."""
        return await self._ask(Guest.exists, path)

    # -- contents ------------------------------------------------------------------------------

    async def open(self, path: str) -> AsyncFile:
        """Open a regular file for reading: seekable, buffered, read in blocks on demand."""
        return AsyncFile(self._thread, await self._ask(Guest.open, path))

    async def size(self, path: str) -> Size:
        """Give the size of a regular file in bytes, symbolic links followed."""
        return await self._ask(Guest.size, path)

    def blocks(self, path: str, offset: int = 0, count: int | None = None) -> AsyncIterator[bytes]:
        """Yield a regular file's bytes from `offset` on, at most `count`, in blocks of 2 MiB."""
        return self._thread.iterate(lambda: self._made().blocks(path, offset, count))

    async def read_bytes(self, path: str) -> bytes:
        """Give a whole file."""
        return await self._ask(Guest.read_bytes, path)

    async def read_text(self, path: str) -> str:
        """Give a whole file as text: UTF-8, other bytes as surrogates (PEP 383)."""
        return await self._ask(Guest.read_text, path)

    async def hash(
        self,
        path: str,
        algorithm: str = "sha256",
        *,
        advance: Callable[[int], None] = _nothing,
    ) -> str:
        """Give the hexadecimal digest of a file: md5, sha1, sha256 or sha512.

        `advance` gets the number of bytes read as they are, in the guest's thread.
        """
        return await self._ask(Guest.hash, path, algorithm, advance=advance)

    async def describe(self, path: str) -> str:
        """Say what a path is, a file by its content as file(1) of the appliance sees it."""
        return await self._ask(Guest.describe, path)

    async def save(
        self,
        path: str,
        host: str | os.PathLike[str],
        *,
        recursive: bool = False,
        force: bool = False,
        advance: Callable[[int], None] = _nothing,
        failed: Callable[[GuestShellError], None] = _nothing,
    ) -> list[Saved]:
        """Carry a file or tree out to the host; see Saver.save."""
        return await self._ask(
            Guest.save,
            path,
            host,
            recursive=recursive,
            force=force,
            advance=advance,
            failed=failed,
        )
