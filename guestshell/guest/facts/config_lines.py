"""The lines of configuration files, with their numbers, and words about those that say nothing."""

import re
from collections.abc import Iterator, Sequence

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files

MOST_CONFIG = 2**20
"""Bytes read of a configuration file: none that a program would take is longer."""


def entry_if_there(files: Files, path: str) -> Entry | None:
    """Give the row of a path, a symbolic link not followed; None where there is none."""
    try:
        return files.entry(path)
    except NoSuchPath:
        return None
    except PathError as error:
        files.warn(str(error))
        return None


def real_entry(files: Files, path: str) -> Entry | None:
    """Give the row of what a path leads to, links followed; None where that is nothing.

    Its device and inode tell whether two paths are one file. Cheaper than `resolve`, which only
    a link needs.
    """
    try:
        entry = files.entry(path)
        return files.entry(files.resolve(path)) if entry.kind == "symlink" else entry
    except PathError:
        return None


def numbered_lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield each line without its end and its number from 1 on.

    Only a newline ends a line here; bytes that are no UTF-8 come as surrogates (PEP 383).
    """
    text = data.decode("utf-8", "surrogateescape")
    at, number = 0, 1
    while (end := text.find("\n", at)) >= 0:  # a list of all lines may be far larger than the text
        yield number, text[at:end].removesuffix("\r")
        at, number = end + 1, number + 1
    yield number, text[at:].removesuffix("\r")


_PIECE = re.compile(
    r"""(?P<blank>\s+)|'(?P<single>[^']*+)'|"(?P<double>(?:[^"\\]++|\\.)*+)"|\\(?P<escaped>.)"""
    r"""|(?P<plain>[^\s'"\\]++|.)""",
    re.DOTALL,
)
_ESCAPED = re.compile(r'\\(["\\])')


def words_of(line: str) -> list[str]:
    """Give the words of a line as shlex.split does, in time that grows with its length alone.

    A quote that is never closed, and a backslash at the end, are taken as they stand.
    """
    words: list[str] = []
    pieces: list[str] = []
    for match in _PIECE.finditer(line):
        kind = match.lastgroup or ""
        if kind != "blank":
            text = match[kind]
            pieces.append(_ESCAPED.sub(r"\1", text) if kind == "double" else text)
        elif pieces:
            words.append("".join(pieces))
            pieces = []
    return [*words, "".join(pieces)] if pieces else words


def warn_of_lines(files: Files, path: str, numbers: Sequence[int], problem: str) -> None:
    """Say once for a file which of its lines are wrong, the first few by number."""
    if numbers:
        shown = ", ".join(str(number) for number in numbers[:5])
        more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
        files.warn(f"{path}: line{'s' if len(numbers) > 1 else ''} {shown}{more}: {problem}")
