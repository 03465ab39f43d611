"""Btrfs subvolumes, and how libguestfs names them."""

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError

TOP_LEVEL = 5
"""The number of the subvolume that holds all others, btrfs-subvolume(8)."""

_PREFIX = "btrfsvol:"
_MOST = 1000
"""Subvolumes looked at: snapshots can be many."""


def volume(device: str, path: str) -> str:
    """Give libguestfs's name for a subvolume, guestfs(3) BTRFS."""
    return f"{_PREFIX}{device}/{path}"


def is_on(mountable: str, device: str) -> bool:
    """Say whether what can be mounted is a device or one of its subvolumes."""
    return mountable == device or mountable.startswith(f"{_PREFIX}{device}/")


def subvolumes(handle: Handle) -> tuple[int, list[str]]:
    """Give the number of the default subvolume and the paths of the others.

    The file system must be mounted at /. Raises GuestError, also for too many to look at.
    """
    found = handle.btrfs_subvolumes("/")
    if len(found) > _MOST:
        raise GuestError(f"{len(found)} are too many")
    default = handle.btrfs_default_subvolume("/") if found else TOP_LEVEL
    return default, [path for number, path in found if number != default]
