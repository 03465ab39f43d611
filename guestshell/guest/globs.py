"""Names that fit a pattern: glob(7) over a guest's directories, `**` for any depth."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence

from guestshell.engine.bytecalls import Dirent
from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.values import Name

_WILD = re.compile(r"[*?[]")


def expand(
    pattern: str,
    names: Callable[[str], Sequence[Dirent]],
    exists: Callable[[str], bool],
) -> Iterator[Name]:
    """Yield the absolute paths that fit an absolute pattern of fnmatch(3), in byte order.

    Names that begin with a dot fit only a pattern that does. Symbolic links to directories are
    entered where the pattern names them, not below `**`.
    """
    places = iter([Name("/")])
    parts = [part for part in pattern.split("/") if part]
    for part in parts:
        places = _step(places, part, names)
    # the parts behind the last wildcard were not looked up
    return (place for place in places if exists(place))


def _step(
    places: Iterator[Name], part: str, names: Callable[[str], Sequence[Dirent]]
) -> Iterator[Name]:
    if part == "**":
        for place in places:
            yield place
            yield from _directories_below(place, names)
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


def _directories_below(top: Name, names: Callable[[str], Sequence[Dirent]]) -> Iterator[Name]:
    stack = [top]
    while stack:
        place = stack.pop()
        below = [
            paths.child(place, dirent.name)
            for dirent in _listed(place, names)
            if dirent.kind == "d" and not dirent.name.startswith(".")
        ]
        yield from below
        stack += reversed(below)
