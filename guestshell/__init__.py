"""Explore a disk image without changing a byte of it.

from guestshell import Guest

with Guest("disk.img") as guest:
    print(guest.inspect().headline)

`AsyncGuest` is the same awaited.
"""

import importlib
from typing import TYPE_CHECKING, Any

from guestshell.errors import (
    ApplianceError,
    BindingMissing,
    GuestError,
    GuestShellError,
    HostError,
    ImageChanged,
    ImageError,
    NoSuchPath,
    PathError,
    UsageError,
)
from guestshell.version import __version__

if TYPE_CHECKING:
    from guestshell.api.async_guest import AsyncGuest
    from guestshell.api.guest import Guest
    from guestshell.api.rows import Rows
    from guestshell.guestfs_api import AsyncGuestfs, AsyncPool, Guestfs

__all__ = [
    "ApplianceError",
    "AsyncGuest",
    "AsyncGuestfs",
    "AsyncPool",
    "BindingMissing",
    "Guest",
    "GuestError",
    "GuestShellError",
    "Guestfs",
    "HostError",
    "ImageChanged",
    "ImageError",
    "NoSuchPath",
    "PathError",
    "Rows",
    "UsageError",
    "__version__",
]

_LATER = {
    "AsyncGuest": "guestshell.api.async_guest",
    "AsyncGuestfs": "guestshell.guestfs_api",
    "AsyncPool": "guestshell.guestfs_api",
    "Guest": "guestshell.api.guest",
    "Guestfs": "guestshell.guestfs_api",
    "Rows": "guestshell.api.rows",
}


def __getattr__(name: str) -> Any:
    # most of the start-up time is theirs, and `guestctl --help` needs none
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
