"""What a command may know: the guest, where the user stands, and how to say it takes long."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

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
    progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]] = _no_progress

    def absolute(self, path: str) -> Name:
        """Give a typed path as an absolute one; `..` after a real name stays, for symlinks."""
        return paths.join(self.cwd, path)


class Leave(Exception):
    """The user wants to leave."""
