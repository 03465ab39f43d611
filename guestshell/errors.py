"""Every error a user can meet: one line of what happened, one of the way out."""

import errno
import os
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """Exit status of the program."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    APPLIANCE = 3
    INTERRUPTED = 130


class GuestShellError(Exception):
    """Something could not be done. `remedy`, when there is one, says what to do about it."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class UsageError(GuestShellError):
    """What was typed cannot be understood."""

    exit_code = ExitCode.USAGE


class ImageError(GuestShellError):
    """An image cannot be opened as a disk."""


class ImageChanged(GuestShellError):
    """An image is not what it was when it was opened."""


DAMAGE = (errno.EIO, errno.EUCLEAN, errno.EBADMSG)
"""What Linux says of storage that fails, of broken structures and of wrong checksums."""


class GuestError(GuestShellError):
    """A call on the guest failed. `errno` is the appliance's, 0 when it gave none."""

    def __init__(self, message: str, remedy: str = "", errno: int = 0) -> None:
        super().__init__(message, remedy)
        self.errno = errno


class PathError(GuestError):
    """A path in the guest is not what was asked for: missing, or of the wrong kind."""

    def __init__(self, path: str, problem: str, remedy: str = "", errno: int = 0) -> None:
        super().__init__(f"{path}: {problem}", remedy, errno)
        self.path = path
        self.problem = problem

    @property
    def is_damage(self) -> bool:
        """Whether something is there and the storage or the file system cannot give it."""
        return self.errno in DAMAGE


class NoSuchPath(PathError):
    """Nothing in the guest has that name."""


class HostError(GuestShellError):
    """A file of the host could not be written or read."""

    @classmethod
    def of(cls, path: "os.PathLike[str]", error: OSError) -> "HostError":
        """Give the error for what the host said of a file that was to be written."""
        if error.errno == errno.ENOSPC:
            return cls(f"{path}: no space left on the host", "nothing was left half-written")
        if error.errno == errno.ENOENT:
            directory = Path(path).parent
            return cls(f"{directory}: this host has no such directory", "make it first")
        return cls(f"{path}: {(error.strerror or str(error)).lower()}")


class ApplianceError(GuestShellError):
    """The appliance could not be started, or could not be kept running."""

    exit_code = ExitCode.APPLIANCE


class BindingMissing(ApplianceError):
    """python3-guestfs cannot be imported by this Python."""
