"""Make a table as narrow as the terminal: cells that are too wide go on below themselves."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

# a word with its spaces, a path up to a slash, a list up to a comma
_PIECE = re.compile(r"[^\s/,]*(?:[/,]+\s*|\s+)|[^\s/,]+")
_SHORT = len("2026-03-14 01:41:30Z")  # what is not longer is better read in one line


def width_of(text: str) -> int:
    """Give the cells that a text takes on a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def fitting(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Give each column a width so that all of them together take `room` cells.

    Columns that need less than an equal share keep what they need, the others share the rest.
    Words are broken only where their columns would not fit otherwise. None where all fit as
    they are, or where there are too many columns.
    """
    natural = [max(map(width_of, cells)) for cells in columns]
    if sum(natural) <= room:
        return None
    words = [_longest_piece(cells) for cells in columns]
    unbroken = [wide if wide <= _SHORT else word for wide, word in zip(natural, words, strict=True)]
    broken = [min(word, _SHORT) for word in words]
    widths = next((needed for needed in (unbroken, words, broken) if sum(needed) <= room), None)
    if widths is None:
        return None
    while spare := room - sum(widths):
        growing = [i for i, width in enumerate(widths) if width < natural[i]]
        narrowest = min(widths[i] for i in growing)
        for index in [i for i in growing if widths[i] == narrowest][:spare]:
            widths[index] += 1
    return widths


def _longest_piece(cells: Sequence[str]) -> int:
    pieces = (piece for cell in cells for piece in _PIECE.findall(cell))
    return max((width_of(piece.rstrip()) for piece in pieces), default=0)


def folded(text: str, width: int) -> list[str]:
    """Give a text as lines of at most `width` cells, broken between its words if they fit."""
    if width_of(text) <= width:
        return [text]
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and width_of(lines[-1]) + width_of(piece.rstrip()) > width:
            lines.append("")
        *whole, rest = _chopped(piece, width) if width_of(piece.rstrip()) > width else [piece]
        lines[-1:] = [*whole, rest] if whole else [lines[-1] + rest]
    return lines


def _chopped(text: str, width: int) -> list[str]:
    # chop_cells of the rich that Debian 12 has turns wide characters around
    lines = [""]
    room = width
    for character in text:
        taken = width_of(character)
        if taken > room and lines[-1]:
            lines.append("")
            room = width
        lines[-1] += character
        room -= taken
    return lines
