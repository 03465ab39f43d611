"""Lines of configuration files: shlex is the oracle for words."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.config_lines import numbered_lines, words_of

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
