"""From tokens to arguments: variables filled in, braces multiplied, wildcards kept apart.

Wildcards are those of glob(7); only the characters typed without quotes are any.
"""

import bisect
import glob
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from guestshell.errors import UsageError
from guestshell.language.lexer import Kind, Token

_MOST_ALTERNATIVES = 10_000
_DEEPEST = 50

_Cells = tuple[tuple[str, bool], ...]
"""The characters of a word, each with whether it was typed without quotes.

Empty quotes are an empty one.
"""

_Groups = dict[int, list[int]]
"""By the place of a brace those of itself, its commas and its fellow."""


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

        Raises UsageError for more than 10,000 and for braces nested too deeply.
        """
        cells = self.cells
        if not cells:
            return [Alternative(str(self), None)]
        try:
            found = _without_braces(cells, _groups(cells), 0, len(cells))
        except UsageError as error:
            raise UsageError(f"{self}: {error.message}") from None
        return [_alternative(cells) for cells in found]


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
    if escaped:
        cells.append(("\\", False))
    return Word(text, tuple(cells))


def as_typed(name: str) -> str:
    """Give a variable as it stands in a line that is not run: `$name`."""
    return f"${name}"


def word_of(token: Token, variable: Callable[[str], str]) -> Word:
    """Give the word of a token, `variable` giving the values that names stand for."""
    if token.is_operator:  # a comparison in an expression
        cells = [(character, True) for character in token.value]
        return Word(token.value, tuple(cells), token.start, token.end)
    cells = []
    for piece in token.pieces:
        text = variable(piece.text) if piece.kind is Kind.VARIABLE else piece.text
        cells += [(character, piece.kind is Kind.BARE) for character in text]
        if not piece.text:
            cells.append(("", False))
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
    closings = [place for place, cell in enumerate(cells) if cell == ("]", True)]
    pattern, closing = "", -1  # of the set that began last
    for place, (character, is_bare) in enumerate(cells):
        if (character, is_bare) == ("[", True) and place > closing:
            closing = _closing(cells, place, closings)
        means = place <= closing or (is_bare and character != "[")
        pattern += character if means else glob.escape(character)
    return Alternative(text, pattern)


def _closing(cells: _Cells, begin: int, closings: list[int]) -> int:
    """Find the bracket that ends the set that begins here, -1 without one: it is no set."""
    negates = cells[begin + 1 : begin + 2] == (("!", True),)
    # one at the beginning is of the set
    following = bisect.bisect_left(closings, begin + 3 if negates else begin + 2)
    return closings[following] if following < len(closings) else -1


def _without_braces(
    cells: _Cells, groups: _Groups, begin: int, end: int, depth: int = 0
) -> list[_Cells]:
    """Give the words that the cells from `begin` to `end` stand for. Raises UsageError."""
    if depth > _DEEPEST:
        raise UsageError("the braces are nested too deeply")
    found: list[_Cells] = [()]
    place = plain = begin
    while place < end:
        borders = groups.get(place)
        if borders is None:
            place += 1
            continue
        inner: list[_Cells] = []
        for left, right in itertools.pairwise(borders):
            inner += _without_braces(cells, groups, left + 1, right, depth + 1)
            if len(inner) * len(found) > _MOST_ALTERNATIVES:
                raise UsageError("the braces stand for too many names")
        found = [(*head, *cells[plain:place], *choice) for head in found for choice in inner]
        place = plain = borders[-1] + 1
    return [(*head, *cells[plain:end]) for head in found]


def _groups(cells: _Cells) -> _Groups:
    """Find the braces that have a fellow and a comma, as bash(1) does."""
    found: _Groups = {}
    open_groups: list[list[int]] = []
    begin = 0  # of what stands behind the last group
    for place, (character, bare) in enumerate(cells):
        if not bare:
            continue
        if character == "{":
            # the braces of find's {} are none at the beginning
            if open_groups or place > begin or cells[place + 1 : place + 2] != (("}", True),):
                open_groups.append([place])
        elif character == "," and open_groups:
            open_groups[-1].append(place)
        elif character == "}" and open_groups:
            if len(open_groups[-1]) > 1:
                group = open_groups.pop()
                found[group[0]] = [*group, place]
                begin = place + 1
            elif len(open_groups) > 1:
                open_groups.pop()
    return found
