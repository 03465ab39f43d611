import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.language.lexer import lex
from guestshell.language.parser import unfinished
from guestshell.source import logical_lines

_BYTES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.lists(st.sampled_from(["a", " ", "'", '"', "$'", "\\", "|", "#", ";"]), max_size=8).map(
            lambda parts: "".join(parts).encode()
        ),
    ),
    max_size=12,
)


def read(script: str) -> list[tuple[int, str]]:
    return list(logical_lines(script.encode("utf-8", "surrogateescape").splitlines(keepends=True)))


def words(script: str) -> list[list[str]]:
    return [[token.value for token in lex(line)] for _, line in read(script)]


@given(_BYTES)
def test_no_bytes_make_it_fail(lines: list[bytes]) -> None:
    found = list(logical_lines(lines))
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= len(lines) for number in numbers)
    assert all(line.strip() for _, line in found)


@given(_BYTES)
def test_a_line_goes_on_as_long_as_all_of_it_is_unfinished(lines: list[bytes]) -> None:
    expected = []
    held: list[str] = []
    for number, raw in enumerate(lines, 1):
        held.append(raw.decode("utf-8", "surrogateescape").rstrip("\r\n"))
        whole = "\n".join(held)
        if unfinished(whole) is None or number == len(lines):
            if whole.strip():
                expected.append((number - len(held) + 1, whole))
            held = []
    assert list(logical_lines(lines)) == expected


def test_lines_are_counted_from_one_and_empty_ones_left_out() -> None:
    assert read("a\n\n  \nb\r\nc") == [(1, "a"), (4, "b"), (5, "c")]


def test_no_line_is_no_line() -> None:
    assert read("") == []
    assert read("\n\n") == []


def test_a_line_that_goes_on_has_the_number_of_its_beginning() -> None:
    assert read("x\nls |\n  head\ny") == [(1, "x"), (2, "ls |\n  head"), (4, "y")]


def test_a_comment_does_not_go_on() -> None:
    assert read("#!/usr/bin/env 'x\\\nls # it's |\npwd") == [
        (1, "#!/usr/bin/env 'x\\"),
        (2, "ls # it's |"),
        (3, "pwd"),
    ]


def test_a_bar_goes_on_behind_comments_and_empty_lines() -> None:
    assert words("ls |\\\n\nhead") == [["ls", "|", "head"]]
    assert words("ls | # all\n\n# of them\nhead") == [["ls", "|", "head"]]


def test_a_backslash_joins_words_as_in_a_shell() -> None:
    assert words("ls /var/\\\nlog \\\n  -l\npwd") == [["ls", "/var/log", "-l"], ["pwd"]]
    assert words('echo "a\\\nb"') == [["echo", "ab"]]


def test_a_backslash_in_single_quotes_stays() -> None:
    assert words("echo 'a\\\nb'") == [["echo", "a\\\nb"]]
    assert words("echo $'a\\\\\nb'") == [["echo", "a\\\nb"]]
    assert words("echo a\\\\\nb") == [["echo", "a\\"], ["b"]]


def test_quotes_hold_newlines() -> None:
    assert words("a 'b\n\nc' d\ne") == [["a", "b\n\nc", "d"], ["e"]]
    assert words('a "b\r\nc"') == [["a", "b\nc"]]


def test_bytes_that_are_no_text_are_kept() -> None:
    assert list(logical_lines([b"cat \xff\n"])) == [(1, "cat \udcff")]


def test_an_open_end_at_the_end_of_the_script_is_told_by_the_line() -> None:
    assert read("a\nb 'c\nd") == [(1, "a"), (2, "b 'c\nd")]
    assert read("a \\") == [(1, "a \\")]


def test_a_quote_that_is_never_closed_does_not_take_the_whole_script() -> None:
    found = read("echo 'x\n" + "y\n" * 1_500)
    assert [number for number, _ in found][:2] == [1, 1_001]
    assert len(found) == 502


def test_lines_come_as_they_are_read() -> None:
    stream = iter([b"a\n", b"b\n"])
    assert next(logical_lines(stream)) == (1, "a")
    assert list(stream) == [b"b\n"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"echo 'x\n", b"y" * 500 + b"\n"),
        (b'echo "x\n', b"it's y\n" * 20),
        (b"echo \\\n", b"word " * 100 + b"\\\n"),
        (b"a |\n", b"b " * 200 + b"|\n"),
        (b"x = it's\n", b"it's " * 50 + b"\n"),
    ],
)
def test_a_line_that_goes_on_and_on_is_read_once(first: bytes, rest: bytes) -> None:
    assert list(logical_lines([first, *[rest] * 3_000]))
