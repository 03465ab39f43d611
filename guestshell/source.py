"""The lines of a script: bytes in, whole lines with their numbers out."""

from collections.abc import Iterable, Iterator

from guestshell.language.lexer import Token
from guestshell.language.parser import unfinished

_MOST_CONTINUED = 1000


def logical_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, counted from 1.

    One that ends in `\\`, in `|` or inside quotes goes on in the next. Empty lines are left out.
    """
    held: list[str] = []
    first = 0
    tail = ""  # all that decides whether the next line is the last, so that none is read often
    end: Token | None = None
    for number, raw in enumerate(lines, 1):
        text = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        first = first if held else number
        tail = f"{tail}\n{text}" if held else text
        held.append(text)
        if end is None or _may_close(end, text):
            end = unfinished(tail)
            tail = tail[end.start :] if end else ""
        if end is not None and len(held) < _MOST_CONTINUED:
            continue
        whole = "\n".join(held)
        if whole.strip():
            yield first, whole
        held, end = [], None
    if held:
        yield first, "\n".join(held)


def _may_close(end: Token, text: str) -> bool:
    return end.open_quote in ("", "\\") or end.open_quote[-1] in text
