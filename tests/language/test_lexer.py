import itertools
import shlex
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guestshell.language.lexer import OPERATORS, Kind, Piece, lex
from guestshell.language.quoting import quote
from guestshell.values import decode_name
from tests.language.texts import lines, names

_QUOTED_TEXT = st.text(alphabet=st.sampled_from("a \t'\"\\$|;<>&#*{}!\né"), max_size=12)
_RUNS = st.one_of(
    st.sampled_from(["a", "é", "-", "=", "\\ ", "\\'", '\\"', "\\|", "\\\\"]),
    _QUOTED_TEXT.map(lambda text: "'" + text.replace("'", "") + "'"),
    _QUOTED_TEXT.map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "") + '"'
    ),
)


def values(line: str) -> list[str]:
    return [token.value for token in lex(line)]


def pieces(line: str) -> list[tuple[str, Kind]]:
    [token] = lex(line)
    return [(piece.text, piece.kind) for piece in token.pieces]


def in_bash(words: str) -> list[bytes]:
    script = f"printf '%s\\0' {words}"
    run = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    return run.stdout.split(b"\0")[:-1]


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


@given(lines)
def test_no_line_makes_the_lexer_fail(line: str) -> None:
    tokens = lex(line)
    for token in tokens:
        assert 0 <= token.start < token.end <= len(line)
    for before, after in itertools.pairwise(tokens):
        assert before.end <= after.start


@given(lines)
def test_only_the_last_word_can_be_open(line: str) -> None:
    tokens = lex(line)
    assert not any(token.open_quote for token in tokens[:-1])
    assert all(token.end == len(line) for token in tokens if token.open_quote)


@given(lines)
def test_the_pieces_of_a_word_are_its_value(line: str) -> None:
    for token in lex(line):
        if not token.is_operator:
            typed = "".join(piece.typed for piece in token.pieces)
            assert decode_name(typed.encode("utf-8", "surrogateescape")) == token.value
            kinds = [piece.kind for piece in token.pieces]
            assert all(
                before is not after or before is Kind.VARIABLE
                for before, after in itertools.pairwise(kinds)
            )


@given(lines)
def test_a_word_says_where_it_stands(line: str) -> None:
    for token in lex(line):
        alone = lex(line[token.start : token.end])
        assert [(a.value, a.pieces, a.open_quote) for a in alone] == [
            (token.value, token.pieces, token.open_quote)
        ]


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


@given(st.lists(st.lists(_RUNS, min_size=1, max_size=4).map("".join), max_size=5))
def test_agrees_with_shlex_on_whole_words(words: list[str]) -> None:
    line = " ".join(words)
    assert values(line) == shlex.split(line)


@given(st.lists(names.filter(bool), min_size=1, max_size=3))
def test_a_name_as_we_quote_it_means_the_same_to_bash(given_names: list[str]) -> None:
    words = " ".join(map(quote, given_names))
    found = [decode_name(name) for name in in_bash(words)]
    assert found == given_names


def test_dollar_quotes_give_any_byte() -> None:
    assert values(r"$'a\nb\x1b\xff\t\\\'\101é'") == ["a\nb\x1b\udcff\t\\'Aé"]


@pytest.mark.parametrize(
    "word",
    [
        r"$'\101\7\0501'",
        r"$'\x4\x41g\xff'",
        r"$'\u00e9\U0001f600x'",
        r"$'\a\b\e\E\f\v\''",
        "$'\\x'",
    ],
)
def test_dollar_quotes_mean_what_they_mean_to_bash(word: str) -> None:
    assert [value.encode("utf-8", "surrogateescape") for value in values(word)] == in_bash(word)


def test_a_backslash_in_dollar_quotes_before_anything_else_is_left_out() -> None:
    assert values(r"$'\q\X\9\"'") == ['qX9"']


def test_a_backslash_in_double_quotes_is_left_out_only_where_it_must() -> None:
    assert values(r'"\\ \" \$a \` \a \'"') == ["\\ \" $a ` \\a \\'"]


def test_a_number_that_is_no_character_does_no_harm() -> None:
    assert values(r"$'\U00110000'") == ["?"]
    assert values(r"$'\U0010ffff'") == ["\U0010ffff"]
    assert values(r"$'\ud800'") == ["\udced\udca0\udc80"]


def test_operators_stand_alone_unless_quoted() -> None:
    assert values("a|b") == ["a", "|", "b"]
    assert [token.is_operator for token in lex("a >> 'b>c'")] == [False, True, False]
    assert all(lex(character)[0].is_operator for character in OPERATORS)


def test_only_two_operators_have_two_signs() -> None:
    assert values("a>>b>|c>>>|") == ["a", ">>", "b", ">|", "c", ">>", ">|"]
    assert values("a||b&&c<<d|>") == [*"a||b&&c<<d|>"]


def test_spans_point_into_the_line() -> None:
    line = "cat 'a b' c"
    assert [line[token.start : token.end] for token in lex(line)] == ["cat", "'a b'", "c"]


def test_an_open_quote_is_told() -> None:
    assert lex("cat 'a b")[1].open_quote == "'"
    assert lex("cat $'a")[1].open_quote == "$'"
    assert lex('cat "a')[1].open_quote == '"'
    assert lex("cat a\\")[1].open_quote == "\\"


@pytest.mark.parametrize(
    ("word", "quoted"),
    [("ll", False), ("$a", False), ("'ll'", True), ('l"l"', True), ("\\ll", True), ("$'l'l", True)],
)
def test_a_word_says_whether_any_of_it_is_quoted(word: str, quoted: bool) -> None:
    [token] = lex(word)
    assert token.quoted is quoted


def test_a_number_sign_inside_a_word_is_no_comment() -> None:
    assert values("cat a#b # rest") == ["cat", "a#b"]


def test_a_comment_ends_with_its_line() -> None:
    assert values("a # b\nc|# d") == ["a", "c", "|"]
    assert values("# a\nb # c\nd\n") == ["b", "d"]


def test_a_backslash_before_a_newline_joins_the_lines() -> None:
    assert values("ab\\\ncd") == ["abcd"]
    assert values("a \\\n b") == ["a", "b"]
    assert values("\\\n") == []
    assert values('"a\\\nb"') == ["ab"]
    assert values("'a\\\nb'") == ["a\\\nb"]
    assert values("a\\\\\nb") == ["a\\", "b"]


def test_variables_are_pieces_of_their_own() -> None:
    assert pieces("a$b.c") == [("a", Kind.BARE), ("b", Kind.VARIABLE), (".c", Kind.BARE)]
    assert pieces("${b}c$?") == [("b", Kind.VARIABLE), ("c", Kind.BARE), ("?", Kind.VARIABLE)]
    assert pieces('"a$b"') == [("a", Kind.LITERAL), ("b", Kind.VARIABLE)]
    assert pieces("$a$b") == [("a", Kind.VARIABLE), ("b", Kind.VARIABLE)]


@pytest.mark.parametrize("word", ["'$a'", "\\$a", '"\\$a"', "$'$a'"])
def test_a_quoted_dollar_sign_is_no_variable(word: str) -> None:
    assert Kind.VARIABLE not in [kind for _, kind in pieces(word)]
    assert values(word) == ["$a"]


@pytest.mark.parametrize("word", ["$", "$1", "${", "${a", "${a-b}", "${1}", "a$", "$é"])
def test_a_dollar_sign_without_a_name_is_itself(word: str) -> None:
    assert pieces(word) == [(word, Kind.BARE)]


def test_quotes_of_both_kinds_run_together() -> None:
    assert pieces("a'b'\"c\"\\d$'e'*") == [
        ("a", Kind.BARE),
        ("bcde", Kind.LITERAL),
        ("*", Kind.BARE),
    ]


def test_what_an_escape_stands_for_is_quoted() -> None:
    assert pieces(r"$'\x2a'*") == [("*", Kind.LITERAL), ("*", Kind.BARE)]
    assert pieces(r"$'\52\u2a\U2a\t\x*'*") == [("***\t\\x*", Kind.LITERAL), ("*", Kind.BARE)]


def test_the_bytes_of_a_character_may_be_typed_apart() -> None:
    assert values(r"$'\xc3'$'\xa9'") == ["é"]
    assert values("$'\\xc3'\udca9") == ["é"]


def test_empty_quotes_are_a_piece() -> None:
    assert lex("''")[0].pieces == (Piece("", Kind.LITERAL),)
    assert pieces("a=''") == [("a=", Kind.BARE), ("", Kind.LITERAL)]
    assert pieces("'a'''\"\"") == [("a", Kind.LITERAL)]
    assert pieces("''a") == [("", Kind.LITERAL), ("a", Kind.BARE)]


def test_a_variable_is_typed_with_its_dollar_sign() -> None:
    [token] = lex("x${name}y")
    assert token.value == "x$namey"
    assert [piece.typed for piece in token.pieces] == ["x", "$name", "y"]


@pytest.mark.timeout(20)
def test_a_line_of_a_million_characters_is_no_trouble() -> None:
    assert len(lex("a'b'$c " * 150_000)) == 150_000
    assert len(lex("a'b'\"c\"" * 150_000)) == 1
