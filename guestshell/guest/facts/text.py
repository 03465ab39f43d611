"""Small texts of a guest: their lines, the words of a line, numbers, yes and no."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from guestshell.guest.facts.files import Files


def text_lines(data: bytes) -> list[str]:
    """Give the lines of a text in UTF-8, other bytes as surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape").splitlines()


def set_lines(data: bytes) -> list[str]:
    """Give the lines that say something: stripped, neither empty nor a comment."""
    stripped = (line.strip() for _, line in numbered_lines(data))
    return [line for line in stripped if line and not line.startswith("#")]


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


def joined_lines(data: bytes, comments: str = "") -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, stripped, and the number of each.

    One that a backslash ends goes on in the next, a blank in the backslash's place; the number is
    that of the first. Those that begin with one of `comments` are left out, in between too.
    """
    pieces: list[str] = []
    began = 0
    for number, line in chain(numbered_lines(data), [(0, "")]):  # a backslash may end the file
        text = line.strip()
        if text.startswith(tuple(comments)):
            continue
        began = began if pieces else number
        if text.endswith("\\"):
            pieces.append(text[:-1])
            continue
        if whole := " ".join([*pieces, text]).strip():
            yield began, whole
        pieces = []


def warn_of_lines(files: Files, path: str, numbers: Sequence[int], problem: str) -> None:
    """Say once for a file which of its lines are wrong, the first few by number."""
    if numbers:
        shown = ", ".join(str(number) for number in numbers[:5])
        more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
        files.warn(f"{path}: line{'s' if len(numbers) > 1 else ''} {shown}{more}: {problem}")


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


def decimal(text: str, digits: int = 18) -> int | None:
    """Give a number of at most so many digits 0 to 9; None of any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def octal(text: str) -> int | None:
    """Give a number of at most ten octal digits, as modes are written; None of any other text."""
    return int(text, 8) if 0 < len(text) <= 10 and not text.strip("01234567") else None


def is_true(text: str) -> bool:
    """Say whether a value of a configuration file means yes."""
    return text.strip().lower() in ("yes", "true", "on", "1", "y", "t")


def truth(text: str, default: bool | None = None) -> bool | None:
    """Give what a value means, `default` where there is none."""
    return is_true(text) if text.strip() else default
