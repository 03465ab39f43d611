"""Lines, words and numbers of small texts: shlex is the oracle for words."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.text import decimal, joined_lines, numbered_lines, octal, words_of

LINES = st.text(alphabet="ab \t'\"\\$#{}é\u2028", max_size=30)


@given(LINES)
def test_words_are_those_of_shlex(line: str) -> None:
    reader = shlex.shlex(line, posix=True)
    reader.whitespace_split, reader.commenters, reader.whitespace = True, "", " \t\u2028"
    try:
        expected = list(reader)
    except ValueError:  # a quote or backslash at the end is open
        words_of(line)
        return
    assert words_of(line) == expected


def test_long_words_take_no_longer_than_short_ones() -> None:
    for piece in ("a", "'", '"', "\\", '\\"', "'a"):
        assert words_of(piece * 2**19) != []


@given(st.binary(max_size=200))
def test_each_line_has_its_number(data: bytes) -> None:
    lines = list(numbered_lines(data))
    assert [number for number, _ in lines] == list(range(1, data.count(b"\n") + 2))


def test_a_backslash_joins_lines() -> None:
    data = b"# c \\\n\na \\\n# c\n  b\n\n c\\"
    assert list(joined_lines(data)) == [(1, "# c"), (3, "a  # c"), (5, "b"), (7, "c")]
    assert list(joined_lines(data, "#;")) == [(3, "a  b"), (7, "c")]


@pytest.mark.parametrize(
    ("text", "in_ten", "in_eight"),
    [
        ("0755", 755, 0o755),
        ("08", 8, None),
        ("", None, None),
        ("-1", None, None),
        (" 1", None, None),
        ("1_0", None, None),
        ("٣", None, None),
        ("1" * 5000, None, None),
    ],
)
def test_numbers(text: str, in_ten: int | None, in_eight: int | None) -> None:
    assert (decimal(text), octal(text)) == (in_ten, in_eight)
