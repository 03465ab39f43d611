"""Explore a disk image without changing a byte of it.

from guestshell import Guest

with Guest("disk.img") as guest:
    print(guest.inspect().headline)
"""

from typing import TYPE_CHECKING, Any

from guestshell.errors import (
    ApplianceError,
    BindingMissing,
    GuestError,
    GuestShellError,
    HostError,
    ImageError,
    NoSuchPath,
    PathError,
    UsageError,
)

if TYPE_CHECKING:
    from guestshell.guest.guest import Guest
    from guestshell.guestfs_api import AsyncGuestfs, AsyncPool, Guestfs

__version__ = "0.1.0"

__all__ = [
    "ApplianceError",
    "AsyncGuestfs",
    "AsyncPool",
    "BindingMissing",
    "Guest",
    "GuestError",
    "GuestShellError",
    "Guestfs",
    "HostError",
    "ImageError",
    "NoSuchPath",
    "PathError",
    "UsageError",
]


def __getattr__(name: str) -> Any:
    # most of the start-up time is Guest's, and `guestctl --help` needs none
    if name == "Guest":
        from guestshell.guest.guest import Guest

        return Guest
    if name in ("AsyncGuestfs", "AsyncPool", "Guestfs"):
        # these ask the installed binding for its methods
        from guestshell import guestfs_api

        return getattr(guestfs_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
