"""What this process holds of its host: what a guest that was closed must have given back."""

import contextlib
import gc
import os
import threading
import time
from collections import Counter
from pathlib import Path

from guestshell.temporary import own_directory

_KEPT = {"lock", "sockets"}
"""Files of the temporary directory that are there as long as the process is."""


def _descriptors() -> Counter[str]:
    found: Counter[str] = Counter()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists them
            found[str(link.readlink()).partition(":")[0]] += 1
    return found


def _children() -> int:
    tasks = Path("/proc/self/task").glob("*/children")
    count = 0
    for task in tasks:
        with contextlib.suppress(OSError):  # a thread that has just ended
            count += len(task.read_text().split())
    return count


def _temporary() -> list[str]:
    place = own_directory(os.environ.get("TMPDIR"))
    left = [file.name for file in place.iterdir() if file.name not in _KEPT]
    with contextlib.suppress(FileNotFoundError):
        sockets = (place / "sockets").read_text().splitlines()
        left += [path for path in sockets if Path(path).exists()]
    return left


def holdings() -> dict[str, object]:
    """Give open files, threads, processes and temporary files."""
    gc.collect()
    return {
        "descriptors": _descriptors(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "processes": _children(),
        "temporary": _temporary(),
    }


def held_beyond(before: dict[str, object], seconds: float = 10) -> str:
    """Say what is held that was not before, once threads had time to end; empty when nothing is."""
    end = time.monotonic() + seconds
    while (now := holdings()) != before and time.monotonic() < end:
        time.sleep(0.05)
    return "" if now == before else f"{before} became {now}"
