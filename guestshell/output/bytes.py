"""The bytes of a guest file as lines a terminal can take."""

import codecs
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from guestshell.errors import GuestShellError
from guestshell.output.safe import safe_line

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_SNIFFED = 8192
_LONGEST = 64 * 1024
"""Characters of a line; one longer is shown in parts: memory stays bounded without newlines."""
_LONGEST_WHOLE = 64 * 2**20
"""Bytes of a line that is worked on, and cannot be in parts."""
_MOST_COLOURED = 2 * 2**20
"""Characters; a text with more is shown without colours."""


def peek(blocks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Give the first block and all blocks, that one included."""
    iterator = iter(blocks)
    first = next(iterator, b"")
    return first, itertools.chain([first] if first else [], iterator)


def is_binary(head: bytes) -> bool:
    """Say whether a file is no text, by the NUL that text never holds (as grep decides)."""
    return b"\0" in head[:_SNIFFED]


def decoded_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of bytes in UTF-8 with surrogateescape, without their newlines."""
    return (line for _, line in numbered_lines(blocks))


def numbered_lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Yield lines as `decoded_lines` does with their numbers from 1; parts of one share it."""
    number = 1
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    rest = ""
    for block in blocks:
        text = rest + decoder.decode(block)
        *whole, rest = text.split("\n")
        for line in whole:
            yield number, line
            number += 1
        while len(rest) > _LONGEST:
            yield number, rest[:_LONGEST]
            rest = rest[_LONGEST:]
    rest += decoder.decode(b"", final=True)
    if rest:
        yield number, rest


def whole_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield lines as `decoded_lines` does, but none in parts.

    Raises GuestShellError for one over 64 MiB.
    """
    parts: list[bytes] = []
    held = 0
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            text = b"".join([*parts, block[:end]]).decode("utf-8", "surrogateescape")
            yield from text.split("\n")[:-1]
            parts, held = [], 0
        parts.append(block[end:])
        held += len(block) - end
        if held > _LONGEST_WHOLE:
            raise GuestShellError(f"a line is longer than {_LONGEST_WHOLE >> 20} MiB")
    if held:
        yield b"".join(parts).decode("utf-8", "surrogateescape")


def safe_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of bytes, safe for a terminal; the CR of a CRLF is left out."""
    for line in decoded_lines(blocks):
        yield safe_line(line.removesuffix("\r"))


def highlighted_lines(blocks: Iterable[bytes], name: str, theme: str) -> Iterator[str]:
    """Yield safe lines in the colours of the file's language, guessed from its name.

    Pygments sees the text only after it has been made safe, so every escape is its own.
    """
    from pygments import highlight
    from pygments.formatters import Terminal256Formatter
    from pygments.lexers import TextLexer, get_lexer_for_filename
    from pygments.util import ClassNotFound

    lines = safe_lines(blocks)
    shown: list[str] = []
    size = 0
    for line in lines:
        shown.append(line)
        size += len(line)
        if size > _MOST_COLOURED:  # highlighting needs the whole text in memory
            yield from itertools.chain(shown, lines)
            return
    text = "\n".join(shown)
    try:
        lexer = get_lexer_for_filename(name, text, stripnl=False)
    except ClassNotFound:
        lexer = _lexer_for_place(name, text) or TextLexer(stripnl=False)
    yield from highlight(text, lexer, Terminal256Formatter(style=theme)).split("\n")[:-1]


def _lexer_for_place(name: str, text: str) -> "Lexer | None":
    """Give a lexer for a file whose name has no ending, as most of /etc: by its first lines."""
    from pygments.lexers import get_lexer_by_name, guess_lexer

    if name.startswith("/etc/"):
        return get_lexer_by_name("ini" if "=" in text or "[" in text else "bash", stripnl=False)
    found = guess_lexer(text[:_SNIFFED])
    return None if found.name == "Text only" else found
