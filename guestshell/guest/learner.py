"""Learns a guest's whole tree into its index, a directory at a time, while nobody asks for more."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from guestshell.engine.bytecalls import Attributes
from guestshell.engine.handle import Handle
from guestshell.errors import GuestError, PathError
from guestshell.guest import paths
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.tree import Tree
from guestshell.guest.ways import Ways
from guestshell.values import Name, Size

_BATCH = 500
"""Names a call: some 40 ms under emulation, which is what a typed command may have to wait."""

_HANDS = 3
_POLL_SECONDS = 0.05
_FACT = "walk"


_Way = tuple[Name, int, int]
"""A directory, its inode and its device."""


class Stopped(Exception):
    """It was told to stop."""


@dataclass(frozen=True)
class Walk:
    """How far the tree is learned."""

    directories: int
    files: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class IndexState:
    """What an index knows: its file, how much of the tree, and how many bytes it takes."""

    file: Name
    size: Size
    directories: int
    files: int
    complete: bool
    values: int


def state_of(knowledge: Knowledge) -> IndexState:
    """Say what an index knows."""
    extent = knowledge.index.extent()
    walk = knowledge.fact(_FACT, Walk)
    return IndexState(
        Name(str(knowledge.index.path)),
        Size(extent.size),
        extent.directories,
        walk.files if walk else 0,
        walk is not None and walk.is_complete,
        extent.values,
    )


class Learner:
    """Walks the tree once, then has `facts` asked, for what they read.

    `may_ask` says before each call whether the appliance may be used now; `stop` ends it for
    good. What is known already is passed over, so an interrupted walk goes on where it was.
    """

    def __init__(
        self,
        tree: Tree,
        knowledge: Knowledge,
        facts: Callable[[Callable[[], None]], object] = lambda pause: None,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        self._tree = tree
        self._knowledge = knowledge
        self._facts = facts
        self._may_ask = may_ask
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        known = knowledge.fact(_FACT, Walk)
        self.walk = known if known is not None and known.is_complete else Walk(0, 0, False)

    def start(self) -> None:
        """Begin in a thread of its own, unless all is learned."""
        if self._thread is None and not self.walk.is_complete:
            self._thread = threading.Thread(target=self._work, name="learner", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, after the call that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    @property
    def is_learning(self) -> bool:
        """Whether it is at work, or waits for an idle moment."""
        return self._thread is not None and self._thread.is_alive()

    def _work(self) -> None:
        try:
            while not self.run().is_complete:  # it was made to forget meanwhile
                pass
        except Exception:  # a thread of our own has nobody to raise to, and it can do without
            return

    def run(
        self, advance: Callable[[int], None] = lambda count: None, *, hurry: bool = False
    ) -> Walk:
        """Learn all in this thread; `advance` gets the number of files as they come.

        In a `hurry` one directory is packed while the appliance reads the next, which a typed
        command would have to wait for. Raises ApplianceError.
        """
        times = self._knowledge.times_forgotten
        self._learn_root()
        with ThreadPoolExecutor(_HANDS if hurry else 1, "learner") as hands:
            try:
                directories, files = self._learn_tree(hands, advance)
            except BaseException:
                self._stopping.set()  # or leaving would wait for the rest of the level
                raise
        self._facts(self._wait_for_leave)
        self.walk = Walk(directories, files, self._knowledge.times_forgotten == times)
        if self.walk.is_complete:
            self._knowledge.learn_fact(_FACT, self.walk)
        return self.walk

    def _learn_tree(
        self, hands: ThreadPoolExecutor, advance: Callable[[int], None]
    ) -> tuple[int, int]:
        """Learn level by level; give how many directories and files there are."""
        directories = files = 0
        level = [Name("/")]
        ways = Ways(lambda error: None)  # whoever asks for such a directory is told
        while level:
            below: list[Name] = []
            for deeper, count in hands.map(self._learn, level):
                below += [
                    path
                    for path, inode, device in deeper
                    if ways.enters(path, inode, partial(int, device))
                ]
                directories, files = directories + 1, files + count
                self.walk = Walk(directories, files, False)
                advance(count)
            level = below
        return directories, files

    def _wait_for_leave(self) -> None:
        while not self._may_ask():
            if self._stopping.is_set():
                raise Stopped
            time.sleep(_POLL_SECONDS)
        if self._stopping.is_set() or self._tree.knowledge is not self._knowledge:
            raise Stopped

    def _learn_root(self) -> None:
        if self._knowledge.has_root_attributes():
            return
        self._wait_for_leave()
        self._tree.status("/", follow=False)
        try:
            found = self._tree.call("/", lambda handle: handle.xattrs("/"))
        except GuestError:  # not every file system has them
            found = []
        self._knowledge.learn_root_attributes(found)

    def _learn(self, directory: Name) -> tuple[list[_Way], int]:
        """Learn a directory, unless it is known; give the directories in it, and how many files."""
        self._wait_for_leave()  # to unpack what is known takes its time too
        try:
            listing = self._knowledge.listing(directory)
            if listing is None:
                listing = self._tree.read_listing(directory, _BATCH, self._wait_for_leave)
                self._knowledge.learn_listing(directory, listing)
        except PathError:  # a damaged directory stays unknown
            return [], 0
        if not self._knowledge.has_attributes(directory):
            attributes = self._attributes(directory, listing.names)
            if attributes is not None:
                self._knowledge.learn_attributes(directory, attributes)
        below = [
            (paths.child(directory, dirent.name), dirent.inode, device)
            for dirent, device in zip(listing.dirents(), listing.columns[0], strict=True)
            if dirent.kind == "d"
        ]
        return below, len(listing)

    def _attributes(self, directory: Name, names: Sequence[Name]) -> dict[Name, Attributes] | None:
        found: dict[Name, Attributes] = {}
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            self._wait_for_leave()
            try:
                lists = self._tree.call(directory, partial(_xattrs, directory, batch))
            except PathError:  # not every file system has them
                return None
            found.update(
                (name, attributes)
                for name, attributes in zip(batch, lists, strict=True)
                if attributes
            )
        return found


def _xattrs(directory: Name, names: Sequence[Name], handle: Handle) -> list[Attributes]:
    return handle.xattr_lists(directory, names)
