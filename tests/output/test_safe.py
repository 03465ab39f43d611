import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.output.safe import safe_line, safe_name


@given(st.text())
def test_nothing_that_moves_hides_or_answers_is_left(text: str) -> None:
    for character in safe_line(text):
        assert character == "\t" or unicodedata.category(character) not in {
            "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp",
        }  # fmt: skip


@given(st.binary())
def test_names_of_any_bytes_are_printable(name: bytes) -> None:
    assert safe_name(name.decode("utf-8", "surrogateescape")).isprintable()


def test_what_is_escaped_is_still_told() -> None:
    assert safe_line("a\x1b[31mb\udcffc\u202ed\x9be") == r"a\x1b[31mb\xffc\u202ed\x9be"


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\0", r"\x00"),
        ("\x7f", r"\x7f"),
        ("\xad", r"\xad"),
        ("\udc7f", r"\udc7f"),
        ("\udc80", r"\x80"),
        ("\udcff", r"\xff"),
        ("\udd00", r"\udd00"),
        ("\uffff", r"\uffff"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_an_escape_is_the_number_of_a_byte_or_of_a_character(character: str, shown: str) -> None:
    assert safe_line(character) == shown


@pytest.mark.parametrize("text", ["café 日本\t語", "1\u202f000\xa0€", "日\u3000本"])
def test_plain_text_stays(text: str) -> None:
    assert safe_line(text) == text


def test_a_name_is_shown_as_it_is_typed_and_none_as_nothing() -> None:
    assert safe_name("a b") == "'a b'"
    assert safe_name("") == ""
