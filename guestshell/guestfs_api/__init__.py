"""The whole libguestfs API, guestfs(3), for Python programs: `Guestfs` and `AsyncGuestfs`.

Where `Guest` explores a disk image and changes nothing, these give every method of the installed
libguestfs, those that write among them. Each handle has a thread of its own.
"""

from guestshell.guestfs_api.asynchronous import AsyncGuestfs
from guestshell.guestfs_api.pool import AsyncPool
from guestshell.guestfs_api.synchronous import Guestfs

__all__ = ["AsyncGuestfs", "AsyncPool", "Guestfs"]
