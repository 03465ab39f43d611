"""The temporary directory of a process, whose remains a later one removes after a kill."""

import atexit
import contextlib
import fcntl
import functools
import os
import re
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_LOCK, _SOCKETS = "lock", "sockets"
_YOUNG_SECONDS = 60.0
"""How long a directory without a lock may be one that is being made."""

_SOCKET_DIRECTORY = re.compile(rb"path=([^\0,]*/libguestfs\w{6})/guestfsd\.sock")
_making = threading.Lock()


def _prefix() -> str:
    return f"guestctl-{os.getuid()}-"


def own_directory(place: str | None = None) -> Path:
    """Give this process's directory in a place, by default that of `tempfile`.

    Made once, mode 0700, and removed when the process ends; that of a process that was killed is
    removed by the next that makes one. Raises OSError.
    """
    with _making:
        return _made(place or tempfile.gettempdir())


@functools.cache
def _made(place: str) -> Path:
    _remove_remains(Path(place))
    directory = Path(tempfile.mkdtemp(prefix=_prefix(), dir=place))
    lock = os.open(directory / _LOCK, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    atexit.register(_remove_own, directory, os.getpid())
    return directory


os.register_at_fork(after_in_child=_made.cache_clear)  # a child's directory is another


def _remove_own(directory: Path, maker: int) -> None:
    if os.getpid() == maker:
        shutil.rmtree(directory, ignore_errors=True)


def remember_sockets(place: Path, pid: int) -> None:
    """Write down where libguestfs keeps the sockets of an emulator, for who removes the remains."""
    with contextlib.suppress(OSError):
        found = _SOCKET_DIRECTORY.search(Path(f"/proc/{pid}/cmdline").read_bytes())
        if found is not None:
            with (place / _SOCKETS).open("ab") as file:
                file.write(found[1] + b"\n")


def _is_ours(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _is_left(directory: Path) -> bool:
    """Say whether the process that made a directory has ended without removing it."""
    try:
        lock = os.open(directory / _LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return time.time() - directory.lstat().st_mtime > _YOUNG_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _sockets_of(directory: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for line in (directory / _SOCKETS).read_bytes().splitlines():
            yield Path(os.fsdecode(line))


def _remove_remains(place: Path) -> None:
    for directory in place.glob(f"{_prefix()}*"):
        with contextlib.suppress(OSError):
            if _is_ours(directory) and _is_left(directory):
                for sockets in _sockets_of(directory):
                    with contextlib.suppress(OSError):
                        if _is_ours(sockets):
                            shutil.rmtree(sockets)
                shutil.rmtree(directory)
