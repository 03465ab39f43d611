import fnmatch
import glob
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guestshell.errors import UsageError
from guestshell.language.lexer import lex
from guestshell.language.words import Alternative, Word, bare_word, word_of
from tests.language.texts import lines, word, words_of

_BRACED = st.lists(
    st.sampled_from(["a", "b", "{", "}", ",", "{", "}", ",", "{a,b}", "'{'", "\\,", '"}"']),
    min_size=1,
    max_size=14,
).map("".join)


def expanded(text: str) -> list[str]:
    return [alternative.text for alternative in word(text).alternatives()]


def in_bash(text: str) -> list[str]:
    script = f"printf '%s\\n' {text}"
    run = subprocess.run(["bash", "-c", script], capture_output=True, check=True, text=True)
    return run.stdout.splitlines()


@given(_BRACED)
@example("{a,b}{a,b}")
@example("{a},b}")
@example("{},a}")
@example("a{},a}")
@example("{a,b}{},a}")
@example("{{a,b}")
@example("{{a},b}")
@example("{a,{b,a}b}")
@example("{{{a}}}")
@example("{a,b}}{,b}")
@example("{a,b}x{},a}")
def test_braces_stand_for_what_they_stand_for_in_bash(text: str) -> None:
    # bash drops empty words, and prints one empty line when none are left
    assert [one for one in expanded(text) if one] == [one for one in in_bash(text) if one]


def test_braces_give_their_words_in_order() -> None:
    assert expanded("/{etc,var}/{a,b}") == ["/etc/a", "/etc/b", "/var/a", "/var/b"]
    assert expanded("x{,y}") == ["x", "xy"]
    assert expanded("{a,a}") == ["a", "a"]


@pytest.mark.parametrize(
    "text", ["a", "{a}", "{", "}", "a,b", "{a", "a}", "{}", "'{a,b}'", "\\{a,b}"]
)
def test_a_brace_without_fellow_or_comma_is_plain(text: str) -> None:
    assert expanded(text) == [lex(text)[0].value]


@given(lines)
def test_no_word_fails_but_for_too_many_alternatives(line: str) -> None:
    for one in words_of(line):
        try:
            found = one.alternatives()
        except UsageError:
            assert line.count("{") > 5
            continue
        assert found
        if not one.may_expand:
            assert found == [Alternative(one, None)]


def test_as_many_alternatives_as_allowed_are_given() -> None:
    assert len(word("{" + "," * 9_999 + "}").alternatives()) == 10_000
    text = "{" + "," * 10_000 + "}"
    with pytest.raises(UsageError) as error:
        word(text).alternatives()
    assert error.value.message == f"{text}: the braces stand for too many names"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["{a,b}" * 14, "{a,b}" * 5_000, "{a,{b," * 2_000 + "}}" * 2_000, "{," * 2_000 + "}" * 2_000],
)
def test_too_many_or_too_deep_braces_are_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        word(text).alternatives()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["{" * 20_000, "{a}" * 10_000, "{a,b" * 5_000, "}" * 20_000, "[" * 20_000, ",{}" * 9_000],
)
def test_braces_that_mean_nothing_cost_little(text: str) -> None:
    assert expanded(text) == [text]


def test_one_word_is_nested_as_deeply_as_anybody_types() -> None:
    assert expanded("{a," * 50 + "b" + "}" * 50) == ["a"] * 50 + ["b"]
    text = "{a," * 51 + "b" + "}" * 51
    with pytest.raises(UsageError) as error:
        expanded(text)
    assert error.value.message == f"{text}: the braces are nested too deeply"


def test_wildcards_make_a_pattern_only_when_bare() -> None:
    assert word("*.log").alternatives() == [Alternative("*.log", "*.log")]
    assert word("'*'.log").alternatives() == [Alternative("*.log", None)]
    assert word("'*'?").alternatives() == [Alternative("*?", "[*]?")]
    assert word("{a,*}").alternatives() == [Alternative("a", None), Alternative("*", "*")]
    assert word("a]b[").alternatives()[0].text == "a]b["
    assert word("[][]").alternatives() == [Alternative("[][]", "[][]")]


@given(st.text(alphabet=st.characters(exclude_characters="*?[{")))
@example("X")
def test_a_name_without_wildcards_is_no_pattern(text: str) -> None:
    assert [one.pattern for one in bare_word(text).alternatives()] == [None]


def test_a_quoted_character_belongs_to_a_bare_set() -> None:
    for text in ("['*']x", "[a'?['b]x", '["*"]x', "[!'*']x"):
        [alternative] = word(text).alternatives()
        assert alternative.pattern is not None
        assert fnmatch.fnmatchcase("*x", alternative.pattern) is not text.startswith(("[!", "[a"))
        assert fnmatch.fnmatchcase("ax", alternative.pattern) is text.startswith(("[!", "[a"))


@pytest.mark.parametrize(
    ("text", "name", "other"),
    [
        ("?['*'", "a[*", "a*"),
        ("*]['*'", "][*", "]*"),
        ("]['*'", "][*", "]*"),
        ("[]'*'", "[]*", "*"),
        ("[!]'*'", "[!]*", "*"),
        ("[a]['*'", "a[*", "a*"),
        ("['*']", "*", "[]"),
        ("[a]b]", "ab]", "b"),
    ],
)
def test_a_bracket_begins_a_set_only_where_one_ends_it(text: str, name: str, other: str) -> None:
    [alternative] = word(text).alternatives()
    assert alternative.pattern is not None
    assert fnmatch.fnmatchcase(name, alternative.pattern)
    assert not fnmatch.fnmatchcase(other, alternative.pattern)


def test_a_bracket_at_the_beginning_of_a_set_is_of_it() -> None:
    for text in ("[]'*']", "[!]'*']", "[]['*']"):
        [alternative] = word(text).alternatives()
        assert alternative.pattern is not None
        for name in "]*":
            assert fnmatch.fnmatchcase(name, alternative.pattern) is ("!" not in text)
        assert fnmatch.fnmatchcase("a", alternative.pattern) is ("!" in text)


_LITERAL = st.text(alphabet=st.sampled_from("ab*?[]!-{},"), min_size=1, max_size=4)
_WILD = st.sampled_from(["*", "?", "[ab]", "[!a]", "[a-c]"])
_PARTS = st.lists(
    st.one_of(_LITERAL.map(lambda text: (text, False)), _WILD.map(lambda text: (text, True))),
    min_size=1,
    max_size=5,
)


@given(_PARTS, st.text(alphabet=st.sampled_from("abc*?[]!-{},"), max_size=8), st.data())
def test_a_pattern_fits_what_fnmatch_says(
    parts: list[tuple[str, bool]], name: str, data: st.DataObject
) -> None:
    text = "".join(part if wild else f"'{part}'" for part, wild in parts)
    expected = "".join(part if wild else glob.escape(part) for part, wild in parts)
    likely = "".join(
        data.draw(st.sampled_from(["a", "b", ""])) if wild else part for part, wild in parts
    )
    [alternative] = word(text).alternatives()
    if not any(wild for _, wild in parts):
        assert alternative == Alternative("".join(part for part, _ in parts), None)
        return
    assert alternative.pattern is not None
    for one in (name, likely):
        assert fnmatch.fnmatchcase(one, alternative.pattern) == fnmatch.fnmatchcase(one, expected)


def test_a_variable_is_filled_in_and_is_no_wildcard() -> None:
    asked: list[str] = []

    def variable(name: str) -> str:
        asked.append(name)
        return "{x,*}"

    [token] = lex('a$b"${c}"*')
    found = word_of(token, variable)
    assert asked == ["b", "c"]
    assert found == "a{x,*}{x,*}*"
    assert found.alternatives() == [Alternative("a{x,*}{x,*}*", "a{x,[*]}{x,[*]}*")]


def test_an_empty_variable_is_an_empty_word() -> None:
    [token] = lex("$nothing")
    assert word_of(token, lambda name: "") == ""
    assert word_of(token, lambda name: "").alternatives() == [Alternative("", None)]


@given(lines)
def test_a_word_keeps_the_value_and_the_place_of_its_token(line: str) -> None:
    for token, found in zip(lex(line), words_of(line), strict=True):
        assert (found, found.start, found.end) == (token.value, token.start, token.end)


def test_a_word_made_of_text_alone_means_itself() -> None:
    assert Word("{a,*}").alternatives() == [Alternative("{a,*}", None)]
    assert not Word("{a,*}").may_expand


@given(st.text(alphabet=st.sampled_from("ab*?[]{},\\"), max_size=12))
def test_a_bare_word_is_read_like_one_that_was_typed(text: str) -> None:
    found = bare_word(text)
    assert found == text
    if text and not text.endswith("\\"):
        assert found.alternatives() == word(text).alternatives()


def test_a_last_backslash_of_a_bare_word_stays() -> None:
    assert bare_word("a*\\").alternatives() == [Alternative("a*\\", "a*\\")]
    assert bare_word("a\\\\").alternatives() == [Alternative("a\\", None)]
