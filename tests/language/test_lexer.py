import shlex

from hypothesis import example, given
from hypothesis import strategies as st

from guestshell.language.lexer import OPERATORS, lex
from guestshell.language.quoting import quote
from guestshell.values import decode_name

names = st.binary(max_size=60).filter(lambda name: b"\0" not in name).map(decode_name)


def values(line: str) -> list[str]:
    return [token.value for token in lex(line)]


@given(names)
@example(decode_name(b"\xff"))
@example(decode_name(b'\xc3\xa9 it\'s "both"\n'))
def test_any_name_quoted_lexes_back_to_itself(name: str) -> None:
    [token] = lex(f"cat {quote(name)} # comment")[1:]
    assert token.value == name
    assert not token.open_quote


@given(names)
def test_a_quoted_name_is_printable(name: str) -> None:
    assert quote(name).isprintable()


@given(st.text(max_size=80))
def test_no_line_makes_the_lexer_fail(line: str) -> None:
    tokens = lex(line)
    for token in tokens:
        assert 0 <= token.start < token.end <= len(line)
    assert [token.start for token in tokens] == sorted(token.start for token in tokens)


@given(st.text(alphabet=st.sampled_from("ab \\'\"#\t/-é"), max_size=30))
def test_agrees_with_shlex_where_both_are_defined(line: str) -> None:
    if "#" in line:  # shlex takes a comment in the middle of a word
        return
    try:
        expected = shlex.split(line)
    except ValueError:
        assert any(token.open_quote for token in lex(line))
        return
    assert values(line) == expected


def test_dollar_quotes_give_any_byte() -> None:
    assert values(r"$'a\nb\x1b\xff\t\\\'\101é'") == ["a\nb\x1b\udcff\t\\'Aé"]


def test_operators_stand_alone_unless_quoted() -> None:
    assert values("a|b") == ["a", "|", "b"]
    assert [token.is_operator for token in lex("a >> 'b>c'")] == [False, True, False]
    assert all(lex(character)[0].is_operator for character in OPERATORS)


def test_spans_point_into_the_line() -> None:
    line = "cat 'a b' c"
    assert [line[token.start : token.end] for token in lex(line)] == ["cat", "'a b'", "c"]


def test_an_open_quote_is_told() -> None:
    assert lex("cat 'a b")[1].open_quote == "'"
    assert lex("cat $'a")[1].open_quote == "$'"
    assert lex("cat a\\")[1].open_quote == "\\"


def test_a_number_sign_inside_a_word_is_no_comment() -> None:
    assert values("cat a#b # rest") == ["cat", "a#b"]
