"""What the property tests of the language are fed with."""

from hypothesis import strategies as st

from guestshell.language.lexer import Token, lex
from guestshell.language.words import Word, word_of
from guestshell.values import decode_name

names = st.binary(max_size=60).filter(lambda name: b"\0" not in name).map(decode_name)
"""What a file may be called, and the empty name."""

_SIGNS = [*"ab1 \t\n\r'\"\\$#|;<>&!-=~(){},*?[]^_?é\x1b\0\udcff\ud800", "$'", "\\x", "\\u", "${"]
_WORDS = ["where ", " and ", " or ", " not ", " in ", "ls ", "!!", "!1", "!-1", "!ls", ">>", ">|"]

lines = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(_SIGNS), max_size=40).map("".join),
    st.lists(st.sampled_from(_SIGNS + _WORDS * 3), max_size=40).map("".join),
)
"""Anything that may be typed, most of it nonsense."""


def as_typed(name: str) -> str:
    return f"${name}"


def words_of(line: str) -> list[Word]:
    return [word_of(token, as_typed) for token in lex(line)]


def word(text: str) -> Word:
    [only] = words_of(text)
    return only


def values(tokens: list[Token] | tuple[Token, ...]) -> list[str]:
    return [token.value for token in tokens]
