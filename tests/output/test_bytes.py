import re

from hypothesis import given
from hypothesis import strategies as st

from guestshell.output.bytes import decoded_lines, highlighted_lines, is_binary, safe_lines


@given(st.lists(st.binary(max_size=40)))
def test_lines_do_not_depend_on_where_blocks_end(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    assert list(decoded_lines(blocks)) == list(decoded_lines([whole]))


@given(st.binary(max_size=400))
def test_lines_hold_every_byte(data: bytes) -> None:
    joined = "\n".join(decoded_lines([data])).encode("utf-8", "surrogateescape")
    assert joined == data.removesuffix(b"\n") or joined == data


def test_a_line_without_end_comes_in_parts() -> None:
    parts = list(decoded_lines([b"x" * 300_000] * 3))
    assert max(map(len, parts)) <= 65_536
    assert sum(map(len, parts)) == 900_000


def test_binary_is_what_holds_nul() -> None:
    assert is_binary(b"a\0b")
    assert not is_binary("é\xff".encode("latin-1"))


def test_highlighting_adds_only_its_own_escapes() -> None:
    [line] = highlighted_lines([b"key = 1 \x1b]0;title\x07\n"], "/etc/x.ini", "default")
    assert re.sub(r"\x1b\[[\d;]*m", "", line) == "key = 1 \\x1b]0;title\\x07"
    assert list(safe_lines([b"a\r\nb\rc"])) == ["a", "b\\x0dc"]
