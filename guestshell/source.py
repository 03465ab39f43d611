"""The lines of a script: bytes in, whole lines with their numbers out."""

from collections.abc import Iterable, Iterator

from guestshell.language.parser import is_unfinished

_MOST_CONTINUED = 1000


def logical_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, counted from 1.

    One that ends in `\\`, in `|` or inside quotes goes on in the next. Empty lines are left out.
    """
    held: list[str] = []
    first = 0
    for number, raw in enumerate(lines, 1):
        text = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        first = first if held else number
        held.append(text)
        whole = "\n".join(held)
        if is_unfinished(whole) and len(held) < _MOST_CONTINUED:
            if whole.endswith("\\"):
                held = [whole[:-1]]
            continue
        if whole.strip():
            yield first, whole
        held = []
    if held:
        yield first, "\n".join(held)
