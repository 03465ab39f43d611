import unicodedata

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


def test_plain_text_stays() -> None:
    assert safe_line("café 日本\t語") == "café 日本\t語"
