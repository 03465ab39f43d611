"""What a command may know: the guest, where the user stands, and how to say it takes long."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from guestshell.errors import GuestShellError
from guestshell.guest import paths
from guestshell.guest.facts.files import Files
from guestshell.guest.guest import Guest
from guestshell.settings import Settings
from guestshell.values import Name

if TYPE_CHECKING:
    from guestshell.guest.registry import HiveRegistry

_T = TypeVar("_T")

ROOT = Name("/")


@contextlib.contextmanager
def _no_progress(_label: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda count: None


class Conversation(Protocol):
    """What commands may ask of the conversation that runs them."""

    def source(self, file: Path) -> None:
        """Run the lines of a file of this host."""

    def on_finish(self, finish: Callable[[bool], None]) -> None:
        """Have `finish` called when the line has ended, with whether it did without an error."""

    def start_log(self, file: Path) -> None:
        """Append to an evidence log from now on."""

    def stop_log(self) -> None:
        """End the evidence log."""

    def start_recording(self, file: Path) -> None:
        """Write what the terminal shows into a file from now on."""

    def stop_recording(self) -> None:
        """End the recording."""


@dataclass
class Stream:
    """Bytes of a guest file that a line read out: `size` from `offset` on and their SHA-256.

    `complete` when that is the whole file.
    """

    path: Name
    offset: int = 0
    size: int = 0
    sha256: str = ""
    complete: bool = False


@dataclass
class Context:
    """The state of a conversation that commands read and change."""

    guest: Guest
    cwd: Name = ROOT
    previous: Name | None = None
    settings: Settings = field(default_factory=Settings)
    conversation: Conversation | None = None
    whole_rows: bool = False
    """Whether more of the rows is wanted than their text shows."""
    keeps_rows: bool = False
    """Whether that is so of every line, for its rows are kept and not only shown."""
    history: Callable[[], Sequence[str]] = list
    warn: Callable[[str], None] = lambda message: None
    notice: Callable[[str], None] = lambda message: None
    fail: Callable[[GuestShellError], None] = lambda error: None
    """Say that one of several things failed; the line fails, its command goes on."""
    progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]] = _no_progress
    streams: list[Stream] | None = None
    """What the line has given out so far, where an evidence log wants to know."""

    def given_out(self, file: Name, blocks: Iterator[bytes], offset: int = 0) -> Iterator[bytes]:
        """Pass on bytes of a file from `offset` on, which an evidence log is told."""
        if self.streams is None:
            return blocks
        return self._told(file, blocks, offset, self.streams)

    def blocks(self, file: Name, offset: int = 0, count: int | None = None) -> Iterator[bytes]:
        """Yield bytes of a regular file, of which an evidence log is told."""
        return self.given_out(file, self.guest.blocks(file, offset, count), offset)

    def _told(
        self, file: Name, blocks: Iterator[bytes], offset: int, streams: list[Stream]
    ) -> Iterator[bytes]:
        digest = hashlib.sha256()
        stream: Stream | None = None
        for block in blocks:
            if stream is None:
                stream = Stream(file, offset)
                streams.append(stream)
            digest.update(block)
            stream.size += len(block)
            stream.sha256 = digest.hexdigest()
            stream.complete = offset == 0 and stream.size == self.guest.size(file)
            yield block

    def files(self) -> Files:
        """Give the guest's files for a fact to read; what is damaged is warned of."""
        return self.guest.files(self.warn)

    def read(self, unix: Callable[[Files], _T], windows: "Callable[[HiveRegistry], _T]") -> _T:
        """Give a fact by the reader that fits the system."""
        if self.guest.is_windows:
            return windows(self.guest.registry(self.warn))
        return unix(self.files())

    def entered(self, path: Name) -> Name:
        """Give where a path leads that was typed with a slash at its end; any other as it is."""
        return self.guest.resolve(path) if path.endswith("/") and path != "/" else path

    def absolute(self, path: str) -> Name:
        """Give a typed path as an absolute one; `..` after a real name stays, for symlinks."""
        return paths.join(self.cwd, path)


class Leave(Exception):
    """The user wants to leave."""
