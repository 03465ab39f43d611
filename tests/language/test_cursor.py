import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.language.cursor import Cursor, at_cursor
from guestshell.language.quoting import quote
from tests.language.texts import lines, names, values


def typing(text: str) -> Cursor:
    found = at_cursor(text)
    assert found is not None
    return found


@given(lines)
def test_no_text_makes_the_cursor_fail(text: str) -> None:
    cursor = at_cursor(text)
    if cursor is not None:
        typed = cursor.typed
        assert 0 <= typed.start <= typed.end == len(text)
        assert not typed.is_operator
        assert all(token.end <= typed.start for token in cursor.words)
        assert all(stage.end <= typed.start for stage in cursor.before)


_WORD = st.one_of(
    names.map(quote), st.sampled_from(["-l", "/etc", "$a", "a\\ b", '"x y"', "*", "$?"])
)
_CONDITION = st.sampled_from(
    ["size > 10M", "size>=10M and not (a < 3)", "a in (b, 'c d')", "mtime<2d or name =~ '|'"]
)
_STAGE = st.one_of(
    st.lists(_WORD, max_size=3).map(lambda words: " ".join(["ls", *words])),
    st.lists(_WORD, max_size=2).map(lambda words: " ".join(["!sort", *words])),
    _CONDITION.map(lambda condition: f"where {condition}"),
)
_PIPELINE = st.tuples(
    st.sampled_from(["", "-", "- "]),
    st.lists(_STAGE, min_size=1, max_size=3).map(" | ".join),
    st.one_of(
        st.just(""),
        st.tuples(st.sampled_from([" > ", ">>", " >|"]), names.map(quote)).map("".join),
    ),
).map("".join)
_LINE = st.lists(_PIPELINE, min_size=1, max_size=3).map("; ".join)


@given(_LINE)
def test_every_prefix_of_a_line_has_a_word_being_typed_at_its_end(line: str) -> None:
    for end in range(len(line) + 1):
        prefix = line[:end]
        typed = typing(prefix).typed
        assert typed.end == end, prefix
        assert typed.start <= end


@given(st.lists(_WORD, max_size=3), names)
def test_each_prefix_of_a_quoted_name_is_one_word(words: list[str], name: str) -> None:
    before = " ".join(["cat", *words, ""])
    written = quote(name)
    for end in range(1, len(written) + 1):
        cursor = typing(before + written[:end])
        assert cursor.typed.start == len(before)
        assert len(cursor.words) == len(words) + 1
    assert cursor.typed.value == name


@pytest.mark.parametrize(
    ("text", "typed", "words"),
    [
        ("", "", []),
        ("ca", "ca", []),
        ("cat ", "", ["cat"]),
        ("cat /etc/pa", "/etc/pa", ["cat"]),
        ("cat 'a b", "a b", ["cat"]),
        ("cat a\\ ", "a ", ["cat"]),
        ("cat a\\", "a", ["cat"]),
        ("cat a;", "", []),
        ("cat a; ls b", "b", ["ls"]),
        ("a | b c ", "", ["b", "c"]),
        ("cat a \\\n b", "b", ["cat", "a"]),
        ("# x\nls ", "", ["ls"]),
        ("ls | where size >", "", ["where", "size", ">"]),
        ("ls | where size > 1", "1", ["where", "size", ">"]),
        ("ls | where a > b and ", "", ["where", "a", ">", "b", "and"]),
    ],
)
def test_the_word_and_those_before_it(text: str, typed: str, words: list[str]) -> None:
    cursor = typing(text)
    assert cursor.typed.value == typed
    assert values(cursor.words) == words
    assert not cursor.in_redirect


def test_the_stages_before_are_given() -> None:
    cursor = typing("x; ls -l | sort size | fi")
    assert [values(stage.tokens) for stage in cursor.before] == [["ls", "-l"], ["sort", "size"]]
    assert typing("ls | ").before[0].name == "ls"
    assert typing("ls |").before[0].name == "ls"
    assert typing("ls | x; ").before == ()


@pytest.mark.parametrize("text", ["!", "!l", "! ", "!ls -", "a | !", "a | !so", "-!x"])
def test_a_program_of_the_host_is_known(text: str) -> None:
    assert typing(text).forced
    assert not typing("-x").forced


def test_before_a_program_of_the_host_stand_the_stages_that_feed_it() -> None:
    cursor = typing("ls -l | sort size | !")
    assert (cursor.typed.value, cursor.words) == ("", ())
    assert [values(stage.tokens) for stage in cursor.before] == [["ls", "-l"], ["sort", "size"]]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("ls >", ""),
        ("ls > ", ""),
        ("ls > a", "a"),
        ("ls >> 'a b", "a b"),
        ("ls | where a > b > ", ""),
        ("ls | sort a >| /tmp/x", "/tmp/x"),
    ],
)
def test_the_file_of_a_redirect_is_known(text: str, typed: str) -> None:
    cursor = typing(text)
    assert cursor.in_redirect
    assert cursor.typed.value == typed
    assert (cursor.words, cursor.before) == ((), ())


@pytest.mark.parametrize(
    "text", ["#", "# a", "ls # a", "ls #", "a | # b", "! # b", "- # b", "a > # b"]
)
def test_nothing_is_typed_inside_a_comment(text: str) -> None:
    assert at_cursor(text) is None


@pytest.mark.parametrize("text", ["a > b ", "a > b c", "a > b | ", "a & b", "& "])
def test_nothing_is_typed_where_nothing_can_stand(text: str) -> None:
    assert at_cursor(text) is None
