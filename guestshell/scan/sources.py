"""The images that are meant: files, directories, wildcards, and lists of them."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from guestshell.errors import HostError, UsageError
from guestshell.guest.discovery import images_below
from guestshell.scan.report import Failure, Report, Target

STANDARD_INPUT = "-"


def listed(file: str, *, by_nul: bool) -> list[str]:
    """Give the paths of a list, one a line or ended by NUL; `-` is standard input.

    Raises HostError when it cannot be read.
    """
    try:
        if file == STANDARD_INPUT:
            if sys.stdin is None:
                raise UsageError("there is no standard input", "give a list by --from FILE")
            data = sys.stdin.buffer.read()
        else:
            data = Path(file).read_bytes()
    except OSError as error:
        raise HostError(f"{file}: {(error.strerror or str(error)).lower()}") from None
    if b"\0" in data and not by_nul:
        raise UsageError(f"{file}: holds a NUL", "-0 is for names that end with one")
    parts = data.split(b"\0") if by_nul else data.split(b"\n")
    return [os.fsdecode(part) for part in parts if part]


def expand(named: Sequence[str], lists: Sequence[str]) -> tuple[list[Target], list[Report]]:
    """Give each image that is meant once, and a report of what is none or cannot be read.

    `named` may hold wildcards; what `lists` hold are paths as they are.
    """
    targets: list[Target] = []
    empty: list[Report] = []
    seen: set[str] = set()

    def failed(path: Path, error: OSError) -> None:
        message = (error.strerror or str(error)).lower()
        empty.append(Report(str(path), failures=[Failure(None, message)]))

    for name in [*_matches(named), *lists]:
        paths: Iterable[str] = [name]
        if os.path.isdir(name):  # noqa: PTH112  texts in, texts out
            unread = len(empty)
            paths = [str(path) for path in images_below(Path(name), failed)]
            if not paths and len(empty) == unread:
                empty.append(Report(name, failures=[Failure(None, "holds no disk image")]))
        for path in paths:
            place = os.path.realpath(path)
            if place not in seen:
                seen.add(place)
                targets.append(Target(len(targets), path))
    return targets, empty


def _matches(named: Sequence[str]) -> Iterator[str]:
    for name in named:
        if glob.has_magic(name) and not os.path.lexists(name):
            # one that fits nothing is opened by its name, and said not to be there
            yield from sorted(glob.glob(name, recursive=True)) or [name]  # noqa: PTH207
        else:
            yield name
