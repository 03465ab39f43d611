"""A line as pipelines; total: what is wrong with a line is part of the answer.

line     := pipeline (';' pipeline)*
pipeline := '-'? stage ('|' stage)* (('>' | '>>' | '>|') word)?
stage    := '!'? word+
"""

from dataclasses import dataclass, replace

from guestshell.language.expression import parse_expression
from guestshell.language.lexer import Kind, Piece, Token, lex
from guestshell.language.words import Word, as_typed, word_of

REDIRECTS = (">", ">>", ">|")

EXPRESSION_STAGES = frozenset({"where"})
"""Stages whose arguments are an expression, in which `<` and `>` compare."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line cannot be run, at a column counted from 0."""

    message: str
    remedy: str
    column: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One command, filter or program; `forced` when `!` asks for a program of the host."""

    tokens: tuple[Token, ...]
    start: int
    end: int
    forced: bool = False

    @property
    def name(self) -> str:
        """Its first word as typed, empty when there is none yet."""
        return self.tokens[0].value if self.tokens else ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """A file of the host that takes the output; no target while it is not typed yet."""

    operator: str
    target: Token | None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages one behind the other; a `tolerant` one may fail without stopping a script.

    `end` is the column behind it.
    """

    stages: tuple[Stage, ...]
    redirect: Redirect | None = None
    tolerant: bool = False
    end: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What was typed; the first `problem` found, and all the pipelines in spite of it."""

    pipelines: tuple[Pipeline, ...]
    problem: Problem | None


class _Parser:
    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._tokens = lex(text)
        self._at = 0
        self._problem: Problem | None = None

    def line(self) -> Line:
        for token in self._tokens:
            if token.open_quote == "\\":
                self._wrong("nothing follows the backslash", "", token.end - 1)
            elif token.open_quote:
                self._wrong(f"{token.open_quote} is never closed", "", token.start)
        pipelines = []
        while self._at < len(self._tokens):
            pipeline = self._pipeline()
            if pipeline is not None:
                pipelines.append(pipeline)
            self._take_operator(";")
        return Line(tuple(pipelines), self._problem)

    def _wrong(self, message: str, remedy: str, column: int) -> None:
        if self._problem is None:
            self._problem = Problem(message, remedy, column)

    def _next(self) -> Token | None:
        return self._token(self._at)

    def _token(self, place: int) -> Token | None:
        return self._tokens[place] if place < len(self._tokens) else None

    def _column(self) -> int:
        token = self._next()
        return token.start if token else self._length

    def _take_operator(self, *values: str) -> Token | None:
        token = self._next()
        if token is None or not token.is_operator or token.value not in values:
            return None
        self._at += 1
        return token

    def _take_first(self, character: str) -> bool:
        """Take a character that was typed without quotes off the beginning of a word."""
        token = self._next()
        if token is None or not token.pieces:  # as of an operator
            return False
        first, *rest = token.pieces
        if first.kind is not Kind.BARE or not first.text.startswith(character):
            return False
        if token.value == character:
            self._at += 1
            return True
        pieces = [Piece(first.text[1:], Kind.BARE)] if len(first.text) > 1 else []
        self._tokens[self._at] = replace(
            token, value=token.value[1:], start=token.start + 1, pieces=(*pieces, *rest)
        )
        return True

    def _pipeline(self) -> Pipeline | None:
        start = self._column()
        tolerant = self._take_first("-")
        stages = [self._stage()]
        while bar := self._take_operator("|"):
            stages.append(self._stage())
            if not stages[-1].tokens:
                self._wrong("nothing follows the |", "", bar.start)
        redirect = self._redirect()
        if not stages[0].tokens:
            if len(stages) == 1 and redirect is None and not tolerant and not stages[0].forced:
                self._skip_to_the_end_of_the_pipeline()
                return None
            self._wrong("a command is missing", "", start)
        end = self._column()
        self._skip_to_the_end_of_the_pipeline()
        return Pipeline(tuple(stages), redirect, tolerant, end)

    def _skip_to_the_end_of_the_pipeline(self) -> None:
        token = self._next()
        if token is None or (token.is_operator and token.value == ";"):
            return
        remedy = "quote it where it belongs to a name"
        if token.value == "|":
            remedy = "the last stage is the one to redirect"
        self._wrong(f"{token.value} means nothing here", remedy, token.start)
        while (token := self._next()) and not (token.is_operator and token.value == ";"):
            self._at += 1

    def _stage(self) -> Stage:
        forced = self._take_first("!")
        start, begin = self._column(), self._at
        self._skip_words()
        if not forced and self._at > begin and self._tokens[begin].value in EXPRESSION_STAGES:
            words: list[Word] = []
            while (token := self._token(begin + 1 + len(words))) and _may_compare(token):
                words.append(word_of(token, as_typed))
            self._at = max(self._at, begin + 1 + parse_expression(words).used)
            self._skip_words()
        tokens = tuple(self._tokens[begin : self._at])
        return Stage(tokens, start, tokens[-1].end if tokens else start, forced)

    def _skip_words(self) -> None:
        while (token := self._next()) and not token.is_operator:
            self._at += 1

    def _redirect(self) -> Redirect | None:
        operator = self._take_operator(*REDIRECTS)
        if operator is None:
            return None
        target = self._next()
        if target is not None and not target.is_operator:
            self._at += 1
            return Redirect(operator.value, target)
        self._wrong(f"{operator.value} needs a file of this host", "", operator.start)
        return Redirect(operator.value, None)


def _may_compare(token: Token) -> bool:
    return not token.is_operator or token.value in ("<", ">")


def parse(text: str) -> Line:
    """Give the pipelines of a line and what is wrong with it. Never fails."""
    return _Parser(text).line()


def unfinished(text: str) -> Token | None:
    """Give the end for which a line of a script goes on in the next: an open quote, `\\`, `|`."""
    tokens = lex(text)
    if len(tokens) > 1 and _is_bar(tokens[-2]) and tokens[-1].open_quote == "\\":
        return tokens[-2]  # if nothing follows the backslash
    if tokens and (tokens[-1].open_quote or _is_bar(tokens[-1])):
        return tokens[-1]
    return None


def _is_bar(token: Token) -> bool:
    return token.is_operator and token.value == "|"
