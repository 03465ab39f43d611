import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guestshell.language.lexer import lex
from guestshell.language.quoting import from_portable, portable, quote
from guestshell.language.words import Alternative, word_of
from guestshell.values import decode_name
from tests.language.texts import as_typed, names

_DOLLAR_NAMES = st.binary(max_size=20).map(lambda rest: decode_name(b"$'" + rest))


@given(st.one_of(names, _DOLLAR_NAMES))
@example("$'")
@example("$'a'")
@example("$'\\x41'")
@example(decode_name(b"\xc3"))
@example(decode_name(b"$'\xff'"))
@example("\0")
def test_a_name_comes_back_from_its_portable_form(name: str) -> None:
    written = portable(name)
    assert from_portable(written) == name
    written.encode("utf-8")


@given(st.one_of(names, _DOLLAR_NAMES), st.one_of(names, _DOLLAR_NAMES))
@example("a", "$'a'")
def test_no_two_names_have_the_same_portable_form(one: str, other: str) -> None:
    assert (portable(one) == portable(other)) == (one == other)


@given(st.text(max_size=30).filter(lambda name: not name.startswith("$'")))
def test_the_portable_form_of_text_is_itself(name: str) -> None:
    assert portable(name) == name


@given(st.text(max_size=30))
def test_any_text_is_read_as_a_portable_name(text: str) -> None:
    assert isinstance(from_portable(text), str)
    assert isinstance(from_portable("$'" + text), str)


def test_odd_bytes_are_written_with_their_numbers() -> None:
    assert portable(decode_name(b"caf\xe9")) == "$'caf\\xe9'"
    assert portable("$'x'") == "$'$\\'x\\''"
    assert portable("a\nb") == "a\nb"


@given(names)
@example("*?[]{a,b}")
@example("~")
@example("$HOME")
@example("a\\*")
@example("")
def test_a_quoted_name_means_just_itself_as_an_argument(name: str) -> None:
    [token] = lex(quote(name))
    word = word_of(token, lambda variable: "*")
    assert word == name
    assert not word.may_expand
    assert word.alternatives() == [Alternative(name, None)]


@given(st.lists(names, max_size=6))
def test_quoted_names_stay_apart(given_names: list[str]) -> None:
    line = " ".join(map(quote, given_names))
    assert [word_of(token, as_typed) for token in lex(line)] == given_names


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("/etc/hostname", "/etc/hostname"),
        ("", "''"),
        ("a b", "'a b'"),
        ("it's", '"it\'s"'),
        ("it's X", '"it\'s X"'),
        ("it's $5", "$'it\\'s $5'"),
        ("X\x01", "$'X\\x01'"),
        ("a\tb", "$'a\\tb'"),
        ("#x", "'#x'"),
        ("!x", "'!x'"),
        ("~x", "'~x'"),
        ("naïve", "naïve"),
        ("\u202eexe", "$'\\xe2\\x80\\xaeexe'"),
    ],
)
def test_a_name_is_quoted_no_more_than_it_needs(name: str, written: str) -> None:
    assert quote(name) == written
