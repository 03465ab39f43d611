"""The processes a launch makes, found in proc(5) while the handle itself cannot be asked."""

import contextlib
import os
import signal
from pathlib import Path

_LAUNCH_PROGRAMS = ("qemu", "supermin")


def _children_of(thread_id: int) -> list[int]:
    # kept per thread: which appliance of ours a process belongs to is never in doubt
    children = Path(f"/proc/self/task/{thread_id}/children")
    try:
        return [int(word) for word in children.read_text().split()]
    except OSError:
        return []


def _is_launch_program(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith(_LAUNCH_PROGRAMS)
    except OSError:
        return False


def kill_launch(thread_id: int) -> None:
    """End the launch that a thread has under way; libguestfs then gives it up."""
    for pid in _children_of(thread_id):
        if _is_launch_program(pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
