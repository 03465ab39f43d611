"""Lines of files that may be endless: the same from both ends."""

import io
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.logs import lines


@given(st.binary(max_size=3000).map(lambda data: data.replace(b"\r", b"\n")), st.integers(1, 50))
@settings(max_examples=150, deadline=None)
def test_lines_are_the_same_from_both_ends(data: bytes, size: int) -> None:
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    assert list(lines.forward(parts)) == expected
    with patch.object(lines, "_BLOCK", size):
        assert list(lines.backward(io.BufferedReader(io.BytesIO(data))))[::-1] == expected
