"""The conditions of `where`: words in, a tree out; what they mean for a row is said elsewhere.

expression := conjunction ('or' conjunction)*
conjunction := term ('and' term)*
term       := 'not' term | '(' expression ')' | field (operator value | 'in' values)?
operator   := '=' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '=~' | '!~'
values     := '(' value (','? value)* ')' | value (',' value)*
"""

import enum
import itertools
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

from guestshell.language.words import Word

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "=~", "!~")

_ITEM = re.compile(r"!=|!~|=~|==|<=|>=|[=<>(),]|(?:(?!!=|!~)[^()=<>,])+", re.DOTALL)
_SIGNS = (*COMPARISONS, "==", "(", ")", ",")
_FIELD_CANNOT_BE = (*_SIGNS, "and", "or", "in")
_DEEPEST = 50


class Expects(enum.Enum):
    """What may come next in an expression that ends here."""

    FIELD = "a field"
    OPERATOR = "an operator, `and` or `or`"
    VALUE = "a value"
    CONNECTIVE = "`and` or `or`"


@dataclass(frozen=True, slots=True)
class Value:
    """What a field is compared with, as typed."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field beside values: one for an operator, any number for `in`, none for `truth`."""

    field: str
    operator: str
    values: tuple[Value, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    term: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """What must hold together."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Of which one must hold."""

    terms: tuple["Condition", ...]


Condition = Comparison | Not | All | Any


@dataclass(frozen=True, slots=True)
class Expression:
    """What was understood: the tree, unless there is a `problem`, of the first `used` words.

    `expects` says what may follow, and for a value `field` of which.
    """

    condition: Condition | None
    used: int
    problem: str
    column: int
    expects: Expects
    field: str = ""


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    column: int
    word: int
    quoted: bool

    def is_sign(self, *signs: str) -> bool:
        return not self.quoted and self.text in signs

    def touches(self, column: int) -> bool:
        """Whether it is a < or > that ends at this column."""
        return self.is_sign("<", ">") and self.column == column - 1


class _Stuck(Exception):
    def __init__(self, message: str, column: int) -> None:
        self.message = message
        self.column = column


def _items(words: Sequence[Word]) -> list[_Item]:
    found: list[_Item] = []
    for index, word in enumerate(words):
        offset = word.start
        joins = False  # whether the next text belongs to the item before it
        for bare, run in itertools.groupby(word.cells, key=operator.itemgetter(1)):
            text = "".join(character for character, _ in run)
            for part in _ITEM.findall(text) if bare else [text]:
                sign = bare and part in _SIGNS
                column = min(offset, word.end)  # a variable may be longer than its name
                last = found[-1] if found else None
                # the lexer takes the > of >= for a redirect and makes two words of it
                if sign and part == "=" and last and last.touches(column):
                    found[-1] = _Item(last.text + "=", last.column, index, quoted=False)
                elif joins and not sign and last:
                    quoted = last.quoted or not bare
                    found[-1] = _Item(last.text + part, last.column, index, quoted)
                else:
                    found.append(_Item(part, column, index, not bare))
                joins = not sign
                offset += len(part)
        if not word.cells:
            found.append(_Item("", word.start, index, quoted=True))
    return found


class _Parser:
    def __init__(self, words: Sequence[Word]) -> None:
        self._items = _items(words)
        self._end = words[-1].end if words else 0
        self._at = 0
        self._depth = 0
        self.expects = Expects.FIELD
        self.field = ""

    def used(self) -> int:
        """Give how many words were taken whole."""
        if self._at >= len(self._items):
            return self._items[-1].word + 1 if self._items else 0
        return self._items[self._at].word

    def _next(self) -> _Item | None:
        return self._items[self._at] if self._at < len(self._items) else None

    def _take(self, *signs: str) -> str:
        item = self._next()
        if item is None or not item.is_sign(*signs):
            return ""
        self._at += 1
        return item.text

    def column(self) -> int:
        item = self._next()
        return item.column if item else self._end

    def expression(self) -> Condition:
        terms = [self._conjunction()]
        while self._take("or"):
            terms.append(self._conjunction())
        return terms[0] if len(terms) == 1 else Any(tuple(terms))

    def _conjunction(self) -> Condition:
        terms = [self._term()]
        while self._take("and"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _term(self) -> Condition:
        self.expects = Expects.FIELD
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Stuck("the condition is nested too deeply", self.column())
        try:
            if self._take("not"):
                return Not(self._term())
            if self._take("("):
                inner = self.expression()
                if not self._take(")"):
                    raise _Stuck("a ( has no )", self.column())
                self.expects = Expects.CONNECTIVE
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        item = self._next()
        if item is None or item.is_sign(*_FIELD_CANNOT_BE):
            raise _Stuck("a field is missing", self.column())
        self._at += 1
        self.expects = Expects.OPERATOR
        if self._take("in"):
            return Comparison(item.text, "in", self._values(item.text), item.column)
        sign = self._take(*COMPARISONS, "==")
        if not sign:
            return Comparison(item.text, "truth", (), item.column)
        value = self._value(item.text)
        self.expects = Expects.CONNECTIVE
        return Comparison(item.text, sign.replace("==", "="), (value,), item.column)

    def _value(self, field: str) -> Value:
        self.expects, self.field = Expects.VALUE, field
        item = self._next()
        if item is None or item.is_sign(*_SIGNS):
            raise _Stuck(f"a value for {field} is missing", self.column())
        self._at += 1
        return Value(item.text, item.column)

    def _values(self, field: str) -> tuple[Value, ...]:
        if self._take("("):
            found = [self._value(field)]
            while not self._take(")"):
                self._take(",")
                found.append(self._value(field))
        else:
            found = [self._value(field)]
            while self._take(","):
                found.append(self._value(field))
        self.expects = Expects.CONNECTIVE
        return tuple(found)


def parse_expression(words: Sequence[Word]) -> Expression:
    """Give the condition at the beginning of these words. Never fails.

    What follows it and could not belong to it is not looked at; `used` says where that begins.
    """
    parser = _Parser(words)
    try:
        condition = parser.expression()
    except _Stuck as stuck:
        return Expression(None, parser.used(), stuck.message, stuck.column, parser.expects,
                          parser.field)  # fmt: skip
    return Expression(condition, parser.used(), "", parser.column(), parser.expects, parser.field)
