"""What the appliance's kernel complains of: I/O errors and damaged file systems.

Some calls keep such a thing to themselves: before 1.50 readdir gives what it had read so far as if
it were all. The kernel says it on its console before the call answers.
"""

import ctypes
import re
from collections import deque
from collections.abc import Sequence
from ctypes import POINTER, c_char, c_int, c_size_t, c_uint64, c_void_p
from typing import Any

_EVENT_APPLIANCE = 0x10
"""GUESTFS_EVENT_APPLIANCE of guestfs.h: text that came from the console."""

_MOST_KEPT = 100
_ATTRIBUTE = "guestctl_console"

_LINE = re.compile(rb"^\[ *\d+\.\d+\] ?(.*)$")
"""A line of printk with its time, before which and without which others write to the console."""

_Callback = ctypes.CFUNCTYPE(
    None,
    c_void_p,
    c_void_p,
    c_uint64,
    c_int,
    c_int,
    POINTER(c_char),
    c_size_t,
    POINTER(c_uint64),
    c_size_t,
)
"""guestfs_event_callback of guestfs.h."""


class Console:
    """What a handle had trouble reading; the kernel's word comes during calls.

    `quiet` on its command line leaves only errors and worse on the console.
    """

    def __init__(self, library: ctypes.CDLL, pointer: int) -> None:
        self._kept: deque[str] = deque(maxlen=_MOST_KEPT)
        self._rest = b""
        self.count = 0
        """How many there were."""
        # not by the binding: its callbacks wait for ever inside a call that ctypes makes
        self._callback = _Callback(self._hear)
        listen = library.guestfs_set_event_callback
        listen.argtypes = [c_void_p, _Callback, c_uint64, c_int, c_void_p]
        listen(pointer, self._callback, _EVENT_APPLIANCE, 0, None)

    def _hear(self, *arguments: Any) -> None:
        text, size = arguments[5:7]
        *lines, self._rest = (self._rest + ctypes.string_at(text, size)).split(b"\n")
        for line in lines:
            said = _LINE.match(line.strip())
            if said is not None:
                self.add(said[1].decode("utf-8", "surrogateescape"))

    def add(self, complaint: str) -> None:
        """Keep what a call complained of: the kernel does not repeat itself without end."""
        self.count += 1
        self._kept.append(complaint)

    def take(self) -> list[str]:
        """Give the last of those that nobody took yet."""
        taken = list(self._kept)
        self._kept.clear()
        return taken


_DISK = re.compile(r"\b[sv]d[a-z]+(?=\d*\b)")


def about_one_disk(complaint: str) -> str:
    """Give a complaint with the name that libguestfs has for the only disk there is.

    The kernel numbers disks as it finds them, the appliance's own among them.
    """
    return _DISK.sub("sda", complaint)


def joined(complaints: Sequence[str]) -> str:
    """Give the first of some complaints and how many more there are, for one line."""
    more = len(complaints) - 1
    return f"{complaints[0]} (and {more} more)" if more else complaints[0]


def console_of(raw: Any, library: ctypes.CDLL, pointer: int) -> Console:
    """Give what listens to the console of a binding handle, the same for each who asks."""
    if not hasattr(raw, _ATTRIBUTE):
        # the handle holds it: a handle's end may call it once more
        setattr(raw, _ATTRIBUTE, Console(library, pointer))
    console: Console = getattr(raw, _ATTRIBUTE)
    return console
