"""Explore a disk image without changing a byte of it.

from guestshell import Guest

with Guest("disk.img") as guest:
    print(guest.inspect().headline)
"""

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
from guestshell.guest.guest import Guest

__version__ = "0.1.0"

__all__ = [
    "ApplianceError",
    "BindingMissing",
    "Guest",
    "GuestError",
    "GuestShellError",
    "HostError",
    "ImageError",
    "NoSuchPath",
    "PathError",
    "UsageError",
]
