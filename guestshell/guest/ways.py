"""How often a walk comes to one directory: a hostile file system links directories as it likes.

Forty directories, each twice in the one above, are a million million paths. A directory that is
mounted twice is met twice, so some ways more than one are gone.
"""

from collections import Counter
from collections.abc import Callable

from guestshell.errors import PathError
from guestshell.values import Name

MOST_WAYS = 8
"""Names by which a directory is entered once they are counted."""

UNCOUNTED = 1_000
"""Directories entered before counting begins, which may take calls where an index is asked."""


class Ways:
    """Counts how often each directory is entered; one too often named goes once to `tell`."""

    def __init__(self, tell: Callable[[PathError], None], uncounted: int = UNCOUNTED) -> None:
        self._tell = tell
        self._left = uncounted
        self._inodes: Counter[int] = Counter()
        self._exact: Counter[tuple[int, int]] = Counter()

    def enters(self, path: Name, inode: int, device: Callable[[], int]) -> bool:
        """Say whether to go into a directory.

        `device` is only asked of an inode number that was met too often; that is 0 for unknown.
        """
        if self._left:
            self._left -= 1
            return True
        self._inodes[inode] += 1
        if inode and self._inodes[inode] <= MOST_WAYS:
            return True
        try:
            identity = (device(), inode)
        except PathError:  # as its listing will fail too
            return True
        self._exact[identity] += 1
        if self._exact[identity] == MOST_WAYS + 1:
            self._tell(PathError(path, "is met too often, as in a circle, and left out"))
        return self._exact[identity] <= MOST_WAYS
