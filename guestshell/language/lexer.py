"""Split a line into words as a POSIX shell does, with the place of each; never fails.

Quotes are `'…'`, `"…"` and `$'…'` (POSIX.1-2024, 2.2.4), with which any byte can be typed.
`$name` outside `'…'` stands for a setting. A newline behind `\\` joins two lines.
"""

import enum
import re
from dataclasses import dataclass

from guestshell.values import decode_name, encode_name

OPERATORS = "|;<>&"
"""Characters that end a word and mean something themselves unless quoted."""

_BLANKS = " \t\r\n"
_JOINT = "\\\n"
_SIMPLE = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "v": 11}
_DIGITS = {"x": (16, 2), "u": (16, 4), "U": (16, 8)}
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*|\?))", re.ASCII)


class Kind(enum.Enum):
    """What a piece of a word may be."""

    BARE = "typed without quotes: its wildcards and braces mean something"
    LITERAL = "quoted: means just itself"
    VARIABLE = "the name of a setting"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word that is all of one kind; of a variable, the name alone."""

    text: str
    kind: Kind

    @property
    def typed(self) -> str:
        """The text, a variable with its dollar sign."""
        return f"${self.text}" if self.kind is Kind.VARIABLE else self.text


@dataclass(frozen=True, slots=True)
class Token:
    """One word or operator. `start` and `end` are columns in the line, `end` exclusive.

    `open_quote` is the quote that was never closed, empty when the word is whole.
    """

    value: str
    start: int
    end: int
    quoted: bool = False
    open_quote: str = ""
    is_operator: bool = False
    pieces: tuple[Piece, ...] = ()


def _encode(character: str) -> bytes:
    try:
        return character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return character.encode("utf-8", "surrogatepass")


class _Pieces:
    """The pieces of one word, bytes of one kind run together."""

    def __init__(self) -> None:
        self._found: list[Piece] = []
        self._kind = Kind.BARE
        self._run: bytearray | None = None

    def add(self, data: bytes, kind: Kind) -> None:
        if kind is not self._kind:
            self._flush()
            self._kind = kind
        if self._run is None:
            self._run = bytearray()
        self._run += data

    def add_variable(self, name: str) -> None:
        self._flush()
        self._found.append(Piece(name, Kind.VARIABLE))

    def _flush(self) -> None:
        if self._run is not None:
            self._found.append(Piece(decode_name(bytes(self._run)), self._kind))
            self._run = None

    def all(self) -> tuple[Piece, ...]:
        self._flush()
        return tuple(self._found)


class _Lexer:
    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0
        self._pieces = _Pieces()
        self._kind = Kind.BARE

    def tokens(self) -> list[Token]:
        found = []
        while self._at < len(self._line):
            character = self._line[self._at]
            if character in _BLANKS:
                self._at += 1
            elif self._line.startswith(_JOINT, self._at):
                self._at += len(_JOINT)
            elif character == "#":
                self._comment()
            elif character in OPERATORS:
                found.append(self._operator())
            else:
                found.append(self._word())
        return found

    def _comment(self) -> None:
        end = self._line.find("\n", self._at)
        self._at = len(self._line) if end < 0 else end

    def _operator(self) -> Token:
        start = self._at
        first = self._line[start]
        self._at += 1
        follower = self._line[self._at : self._at + 1]
        if first + follower in (">>", ">|"):
            self._at += 1
        return Token(self._line[start : self._at], start, self._at, is_operator=True)

    def _word(self) -> Token:
        start = self._at
        self._pieces = _Pieces()
        quoted, open_quote = False, ""
        while self._at < len(self._line) and not open_quote:
            character = self._line[self._at]
            if character in _BLANKS or character in OPERATORS:
                break
            quote = character
            if self._line.startswith("$'", self._at):
                quote = "$'"
            self._kind = Kind.BARE
            if quote in ("'", '"', "$'"):
                quoted = True
                self._kind = Kind.LITERAL
                self._at += len(quote)
                open_quote = "" if self._quoted(quote) else quote
            elif self._line.startswith(_JOINT, self._at):
                self._at += len(_JOINT)
            elif character == "\\":
                quoted = True
                self._kind = Kind.LITERAL
                self._at += 1
                if self._at < len(self._line):
                    self._take()
                else:
                    open_quote = "\\"
            elif not self._variable():
                self._take()
        pieces = self._pieces.all()
        # bytes of one character may come from two pieces: $'\xc3'$'\xa9'
        value = decode_name(encode_name("".join(piece.typed for piece in pieces)))
        return Token(value, start, self._at, quoted, open_quote, pieces=pieces)

    def _variable(self) -> bool:
        match = _VARIABLE.match(self._line, self._at)
        if match is None:
            return False
        self._pieces.add_variable(match[1] or match[2])
        self._at = match.end()
        return True

    def _take(self) -> None:
        self._pieces.add(_encode(self._line[self._at]), self._kind)
        self._at += 1

    def _quoted(self, quote: str) -> bool:
        """Take what stands in quotes and say whether they were closed."""
        if self._line.startswith(quote[-1], self._at):
            self._pieces.add(b"", Kind.LITERAL)  # '' is a word, and a value of where
        while self._at < len(self._line):
            character = self._line[self._at]
            if character == quote[-1]:
                self._at += 1
                return True
            if character == "\\" and quote == "$'":
                self._escape()
            elif quote == '"' and self._line.startswith(_JOINT, self._at):
                self._at += len(_JOINT)
            elif character == "\\" and quote == '"':
                if self._line[self._at + 1 : self._at + 2] in ('"', "\\", "$", "`"):
                    self._at += 1
                self._take_if_any()
            elif quote != '"' or not self._variable():
                self._take()
        return False

    def _take_if_any(self) -> None:
        if self._at < len(self._line):
            self._take()

    def _add_byte(self, byte: int) -> None:
        self._pieces.add(bytes([byte]), Kind.LITERAL)

    def _escape(self) -> None:
        self._at += 1
        letter = self._line[self._at : self._at + 1]
        if letter in _SIMPLE and letter:
            self._add_byte(_SIMPLE[letter])
            self._at += 1
        elif letter in _DIGITS and letter:
            self._number(letter, *_DIGITS[letter])
        elif letter and letter in "01234567":
            self._at -= 1
            self._number("", 8, 3)
        else:
            self._take_if_any()

    def _number(self, letter: str, base: int, most: int) -> None:
        self._at += 1
        digits = "0123456789abcdef"[:base]
        end = self._at
        while end < min(self._at + most, len(self._line)) and self._line[end].lower() in digits:
            end += 1
        number = int(self._line[self._at : end] or "0", base)
        if end == self._at:
            self._pieces.add(b"\\" + letter.encode(), Kind.LITERAL)
        elif letter in ("u", "U"):
            character = _encode(chr(number)) if number <= 0x10FFFF else b"?"
            self._pieces.add(character, Kind.LITERAL)
        else:
            self._add_byte(number & 0xFF)
        self._at = end


def lex(line: str) -> list[Token]:
    """Give the words and operators of a line, comments left out. Never fails."""
    return _Lexer(line).tokens()
