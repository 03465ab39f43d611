"""Where the files of a user are kept, be there a home or not."""

from collections.abc import Callable
from pathlib import Path

from guestshell.errors import HostError

NOWHERE = Path("/dev/null/no-home")
"""A directory that is not there and cannot be made."""


def directory_of(find: Callable[[str], str]) -> Path:
    """Give the directory that a function of platformdirs names, NOWHERE for a user without home."""
    try:
        found = Path(find("guestctl"))
    except RuntimeError:
        return NOWHERE
    return found if found.is_absolute() else NOWHERE


def needed(directory: Path) -> Path:
    """Give a directory in which something must be kept. Raises HostError for NOWHERE."""
    if directory == NOWHERE:
        raise HostError("this user has no home directory", "set HOME, or XDG_CACHE_HOME")
    return directory
