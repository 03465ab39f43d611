"""Names that fit a pattern: glob(7) over a guest's directories, `**` for any depth."""

import fnmatch
import functools
import re
from collections.abc import Callable, Iterator, Sequence

from guestshell.engine.bytecalls import Dirent
from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.ways import Ways
from guestshell.values import Name

_WILD = re.compile(r"[*?[]")


def expand(
    pattern: str,
    names: Callable[[str], Sequence[Dirent]],
    exists: Callable[[str], bool],
    device_of: Callable[[str], int],
) -> Iterator[Name]:
    """Yield the absolute paths that fit an absolute pattern of fnmatch(3), each once.

    The names of one directory come in byte order, a directory before what is below it. A slash
    at the end asks for directories alone. Names that begin with a dot fit only a pattern that
    does. Symbolic links to directories are entered where the pattern names them, not below `**`.
    """
    places = iter([Name("/")])
    parts = [part for part in pattern.split("/") if part]
    # one ** takes in what a second one behind it could
    parts = [part for part, before in zip(parts, ["", *parts], strict=False)
             if not part == before == "**"]  # fmt: skip
    for part in parts:
        places = _step(places, part, names, device_of)
    if pattern.endswith("/"):
        return (place for place in places if _is_directory(place, names))
    looked_up = bool(parts) and (parts[-1] == "**" or _WILD.search(parts[-1]) is not None)
    return places if looked_up else (place for place in places if exists(place))


def _step(
    places: Iterator[Name],
    part: str,
    names: Callable[[str], Sequence[Dirent]],
    device_of: Callable[[str], int],
) -> Iterator[Name]:
    if part == "**":
        for place in places:
            yield place
            yield from _directories_below(place, names, device_of)
    elif _WILD.search(part) is None:
        for place in places:
            yield (
                paths.lexical(paths.child(place, part))
                if part == ".."
                else (place if part == "." else paths.child(place, part))
            )
    else:
        fits = re.compile(fnmatch.translate(part)).fullmatch
        for place in places:
            for dirent in _listed(place, names):
                hidden = dirent.name.startswith(".") and not part.startswith(".")
                if not hidden and fits(dirent.name):
                    yield paths.child(place, dirent.name)


def _listed(place: Name, names: Callable[[str], Sequence[Dirent]]) -> Sequence[Dirent]:
    try:
        return names(place)
    except PathError:  # a file, or a link that leads nowhere: nothing is in it
        return ()


def _is_directory(place: Name, names: Callable[[str], Sequence[Dirent]]) -> bool:
    try:
        names(place)
    except PathError:
        return False
    return True


def _directories_below(
    top: Name, names: Callable[[str], Sequence[Dirent]], device_of: Callable[[str], int]
) -> Iterator[Name]:
    ways = Ways(lambda error: None)
    stack = [top]
    while stack:
        place = stack.pop()
        below = []
        for dirent in _listed(place, names):
            path = paths.child(place, dirent.name)
            if (
                dirent.kind == "d"
                and not dirent.name.startswith(".")
                and ways.enters(path, dirent.inode, functools.partial(device_of, path))
            ):
                below.append(path)
        yield from below
        stack += reversed(below)
