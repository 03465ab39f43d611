"""What a command may know: the guest, where the user stands, and how to say it takes long."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from guestshell.errors import GuestShellError
from guestshell.guest import paths
from guestshell.guest.guest import Guest
from guestshell.values import Name

ROOT = Name("/")


@contextlib.contextmanager
def _no_progress(_label: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda count: None


@dataclass
class Context:
    """The state of a conversation that commands read and change."""

    guest: Guest
    cwd: Name = ROOT
    previous: Name | None = None
    history: Callable[[], Sequence[str]] = list
    warn: Callable[[str], None] = lambda message: None
    fail: Callable[[GuestShellError], None] = lambda error: None
    """Say that one of several things failed; the line fails, its command goes on."""
    progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]] = _no_progress

    def entered(self, path: Name) -> Name:
        """Give where a path leads that was typed with a slash at its end; any other as it is."""
        return self.guest.resolve(path) if path.endswith("/") and path != "/" else path

    def absolute(self, path: str) -> Name:
        """Give a typed path as an absolute one; `..` after a real name stays, for symlinks."""
        return paths.join(self.cwd, path)


class Leave(Exception):
    """The user wants to leave."""
