"""The files of an opened guest as facts read them."""

import io
from collections.abc import Callable, Iterator, Sequence

from guestshell.guest.content import Content
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import MOST
from guestshell.guest.knowledge import LARGEST_CONTENT
from guestshell.guest.tree import Limits, Tree
from guestshell.values import Name


class GuestFiles:
    """Reads through a guest's tree and contents; warnings go to `warn`."""

    def __init__(self, tree: Tree, content: Content, warn: Callable[[str], None]) -> None:
        self._tree = tree
        self._content = content
        self.warn = warn

    def read(self, path: str, most: int = MOST) -> bytes:
        """Give up to `most` bytes of a regular file, symbolic links followed inside the guest."""
        knowledge = self._tree.knowledge
        known = knowledge.content(path) if knowledge else None
        if known is not None:
            return known[:most]
        found = b"".join(self._content.blocks(path, 0, most))
        if knowledge and len(found) < most:
            knowledge.learn_content(path, found)
        return found

    def open(self, path: str) -> io.BufferedReader:
        """Open a regular file: seekable, read in blocks on demand."""
        knowledge = self._tree.knowledge
        known = knowledge.content(path) if knowledge else None
        return self._content.open(path) if known is None else _opened(known)

    def entry(self, path: str) -> Entry:
        """Give the row of one path, a symbolic link not followed."""
        return self._tree.entry(path)

    def resolve(self, path: str) -> Name:
        """Give the path with every symbolic link and `..` resolved inside the guest."""
        return self._tree.resolve(path)

    def entries(self, directory: str) -> Sequence[Entry]:
        """Give the rows of a directory in byte order."""
        return self._tree.entries(directory)

    def walk(
        self,
        top: str,
        *,
        depth: int | None = None,
        enter: Callable[[Name], bool] = lambda path: True,
    ) -> Iterator[Entry]:
        """Yield every entry below a directory, parents first; what cannot be read is warned of."""
        limits = Limits(depth, enter, lambda error: self.warn(str(error)))
        return self._tree.walk(top, limits)


class LearningFiles(GuestFiles):
    """The same, slowly: all that is opened is learned, and `pause` is called before each call."""

    def __init__(self, tree: Tree, content: Content, pause: Callable[[], None]) -> None:
        super().__init__(tree, content, lambda message: None)
        self._pause = pause

    def read(self, path: str, most: int = MOST) -> bytes:
        """Give up to `most` bytes of a regular file."""
        self._pause()
        return super().read(path, most)

    def open(self, path: str) -> io.BufferedReader:
        """Open a regular file, read as a whole if the index may keep it."""
        self._pause()
        if self._content.status(path).size <= LARGEST_CONTENT:
            return _opened(super().read(path))
        return super().open(path)

    def entry(self, path: str) -> Entry:
        """Give the row of one path."""
        self._pause()
        return super().entry(path)

    def resolve(self, path: str) -> Name:
        """Give the path with its symbolic links resolved."""
        self._pause()
        return super().resolve(path)

    def entries(self, directory: str) -> Sequence[Entry]:
        """Give the rows of a directory."""
        self._pause()
        return super().entries(directory)


def _opened(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))
