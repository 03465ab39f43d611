"""From tokens to arguments: variables filled in, braces multiplied, wildcards kept apart.

Wildcards are those of glob(7); only the characters typed without quotes are any.
"""

import glob
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from guestshell.errors import UsageError
from guestshell.language.lexer import Kind, Token

_MOST_ALTERNATIVES = 10_000

_Cells = tuple[tuple[str, bool], ...]
"""The characters of a word, each with whether it was typed without quotes."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """What one word may stand for: a plain name, or what fits a pattern of fnmatch(3)."""

    text: str
    pattern: str | None


class Word(str):
    """An argument as a command takes it; `start` and `end` are its columns in the line."""

    start: int
    end: int
    cells: _Cells

    def __new__(cls, text: str, cells: _Cells = (), start: int = 0, end: int = 0) -> "Word":
        """Give a word that is `text`; without `cells` nothing in it is a wildcard."""
        word = super().__new__(cls, text)
        word.cells = cells
        word.start = start
        word.end = end
        return word

    @property
    def may_expand(self) -> bool:
        """Whether it was typed with something that may make more names of it."""
        return any(bare and character in "*?[{" for character, bare in self.cells)

    def alternatives(self) -> list[Alternative]:
        """Give what it stands for, its braces multiplied out as bash(1) does.

        Raises UsageError for more than 10,000.
        """
        found = []
        for cells in _without_braces(self.cells):
            found.append(_alternative(cells))
            if len(found) > _MOST_ALTERNATIVES:
                raise UsageError(f"{self}: the braces stand for too many names")
        return found


def bare_word(text: str) -> Word:
    """Give a word all of whose characters count as typed without quotes, but after `\\`."""
    cells: list[tuple[str, bool]] = []
    escaped = False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
            continue
        cells.append((character, not escaped))
        escaped = False
    return Word(text, tuple(cells))


def word_of(token: Token, variable: Callable[[str], str]) -> Word:
    """Give the word of a token, `variable` giving the values that names stand for."""
    if token.is_operator:  # a comparison in an expression
        cells = [(character, True) for character in token.value]
        return Word(token.value, tuple(cells), token.start, token.end)
    cells = []
    for piece in token.pieces:
        text = variable(piece.text) if piece.kind is Kind.VARIABLE else piece.text
        cells += [(character, piece.kind is Kind.BARE) for character in text]
    if any(piece.kind is Kind.VARIABLE for piece in token.pieces):
        text = "".join(character for character, _ in cells)
    else:
        text = token.value
    return Word(text, tuple(cells), token.start, token.end)


def _alternative(cells: _Cells) -> Alternative:
    text = "".join(character for character, _ in cells)
    bare = {character for character, is_bare in cells if is_bare}
    if not bare & set("*?") and not {"[", "]"} <= bare:
        return Alternative(text, None)
    pattern = "".join(
        character if is_bare else glob.escape(character) for character, is_bare in cells
    )
    return Alternative(text, pattern)


def _without_braces(cells: _Cells) -> Iterator[_Cells]:
    """Yield the words that braces stand for; a brace without its fellow or a comma is plain."""
    for start, cell in enumerate(cells):
        if cell == ("{", True) and (parts := _parts(cells, start)):
            end, choices = parts
            for choice in choices:
                yield from _without_braces(cells[:start] + choice + cells[end:])
            return
    yield cells


def _parts(cells: _Cells, start: int) -> tuple[int, list[_Cells]] | None:
    depth, begin = 0, start + 1
    choices: list[_Cells] = []
    for place in range(start, len(cells)):
        character, bare = cells[place]
        if not bare:
            continue
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return (place + 1, [*choices, cells[begin:place]]) if choices else None
        elif character == "," and depth == 1:
            choices.append(cells[begin:place])
            begin = place + 1
    return None
