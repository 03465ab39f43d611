import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.language.expression import (
    COMPARISONS,
    All,
    Any,
    Comparison,
    Condition,
    Expects,
    Expression,
    Not,
    Value,
    parse_expression,
)
from guestshell.language.lexer import lex
from guestshell.language.quoting import quote
from guestshell.language.words import Word, bare_word, word_of
from tests.language.texts import lines, names, words_of


def parsed(text: str) -> Expression:
    return parse_expression(words_of(text))


def said(condition: Condition | None) -> str:
    """Write a condition with all its parentheses."""
    if isinstance(condition, Comparison):
        return " ".join([condition.field, condition.operator, *[v.text for v in condition.values]])
    if isinstance(condition, Not):
        return f"not({said(condition.term)})"
    assert isinstance(condition, All | Any)
    sign = " and " if isinstance(condition, All) else " or "
    return "(" + sign.join(map(said, condition.terms)) + ")"


def meaning(text: str) -> str:
    found = parsed(text)
    assert found.problem == ""
    assert found.used == len(words_of(text))
    return said(found.condition)


def comparison(text: str) -> tuple[str, str, list[str]]:
    found = parsed(text)
    assert found.problem == ""
    assert isinstance(found.condition, Comparison)
    one = found.condition
    return one.field, one.operator, [value.text for value in one.values]


def holds(condition: Condition, true: frozenset[str]) -> bool:
    if isinstance(condition, Comparison):
        return condition.field in true
    if isinstance(condition, Not):
        return not holds(condition.term, true)
    terms = [holds(term, true) for term in condition.terms]
    return all(terms) if isinstance(condition, All) else any(terms)


@given(lines)
def test_no_words_make_the_expression_fail(line: str) -> None:
    words = words_of(line)
    found = parse_expression(words)
    assert 0 <= found.used <= len(words)
    assert (found.condition is None) == bool(found.problem)
    assert 0 <= found.column <= len(line)


@given(st.lists(st.text(max_size=10), max_size=6))
def test_no_arguments_of_a_program_make_the_expression_fail(arguments: list[str]) -> None:
    found = parse_expression([bare_word(argument) for argument in arguments])
    assert 0 <= found.used <= len(arguments)


_FIELD = st.sampled_from(["a", "b", "c", "d"])
_LOGIC = st.recursive(
    _FIELD,
    lambda inner: st.one_of(
        inner.map(lambda term: f"not {term}"),
        inner.map(lambda term: f"({term})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=8,
)


@given(_LOGIC, st.frozensets(_FIELD))
def test_not_and_or_bind_as_in_python(text: str, true: frozenset[str]) -> None:
    found = parsed(text)
    assert found.condition is not None
    assert found.used == len(words_of(text))
    expected = eval(text, {name: name in true for name in "abcd"})
    assert holds(found.condition, true) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a or b and c", "(a truth or (b truth and c truth))"),
        ("a and b or c", "((a truth and b truth) or c truth)"),
        ("not a and b", "(not(a truth) and b truth)"),
        ("not (a and b)", "not((a truth and b truth))"),
        ("(a or b) and c", "((a truth or b truth) and c truth)"),
        ("not not a", "not(not(a truth))"),
        ("not a = b or c", "(not(a = b) or c truth)"),
        ("a and b and c", "(a truth and b truth and c truth)"),
        ("((a))", "a truth"),
        ("(a>1)and(b<2)", "(a > 1 and b < 2)"),
    ],
)
def test_not_binds_before_and_before_or(text: str, expected: str) -> None:
    assert meaning(text) == expected


@pytest.mark.parametrize("sign", [*COMPARISONS, "=="])
@pytest.mark.parametrize("before", ["", " "])
@pytest.mark.parametrize("after", ["", " "])
def test_an_operator_needs_no_blanks(sign: str, before: str, after: str) -> None:
    expected = ("size", sign.replace("==", "="), ["10M"])
    assert comparison(f"size{before}{sign}{after}10M") == expected
    one = [bare_word(word) for word in f"size{before}{sign}{after}10M".split()]
    assert said(parse_expression(one).condition) == " ".join(["size", expected[1], "10M"])


@given(names, st.sampled_from(COMPARISONS), st.sampled_from(["", " "]))
def test_any_quoted_value_is_itself(name: str, sign: str, blank: str) -> None:
    typed = quote(name) if quote(name) != name else f"'{name}'"
    assert comparison(f"path {sign}{blank}{typed}") == ("path", sign, [name])
    assert comparison(f"path {sign}{blank}{typed}x") == ("path", sign, [name + "x"])


@pytest.mark.parametrize(
    "value",
    ["=", "==", ">", ">=", "and", "or", "not", "in", "(", ")", ",", "a,b", "=~", "", "|", ";"],
)
@pytest.mark.parametrize("sign", COMPARISONS)
@pytest.mark.parametrize("blank", ["", " "])
def test_a_quoted_value_is_no_operator(value: str, sign: str, blank: str) -> None:
    assert comparison(f"a {sign}{blank}'{value}'") == ("a", sign, [value])
    assert meaning(f"a {sign}{blank}'{value}' and b") == f"(a {sign} {value} and b truth)"


@pytest.mark.parametrize("field", ["and", "or", "not", "in", "(", "=", ""])
def test_a_quoted_word_may_be_a_field(field: str) -> None:
    assert comparison(f"'{field}' = x") == (field, "=", ["x"])
    assert comparison(f"'{field}'=x") == (field, "=", ["x"])


def test_half_a_quoted_word_is_no_operator() -> None:
    assert comparison("a'n'd") == ("and", "truth", [])
    assert comparison("an'd'") == ("and", "truth", [])
    assert comparison("x = 'a b'c\\=d") == ("x", "=", ["a bc=d"])


def test_words_that_join_conditions_may_be_values() -> None:
    assert comparison("name = and") == ("name", "=", ["and"])
    assert meaning("name = or or name = not") == "(name = or or name = not)"


@pytest.mark.parametrize(
    "text",
    ["a in (b, c, d)", "a in (b,c,d)", "a in(b c d)", "a in ( b , c , d )", "a in b,c,d",
     "a in b, c, d", "a in b ,c , d", "a in ('b',\"c\",\\d)"],
)  # fmt: skip
def test_a_list_is_written_in_many_ways(text: str) -> None:
    assert comparison(text) == ("a", "in", ["b", "c", "d"])


def test_a_list_ends_where_it_ends() -> None:
    assert meaning("a in (b) and c") == "(a in b and c truth)"
    assert meaning("a in b, c or d") == "(a in b c or d truth)"
    assert meaning("a in (and, or)") == "a in and or"
    assert meaning("a in ('b,c', ')')") == "a in b,c )"
    assert meaning("not a in (b)") == "not(a in b)"


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("", "a field is missing", 0),
        ("a and", "a field is missing", 5),
        ("and a", "a field is missing", 0),
        ("not", "a field is missing", 3),
        ("a or or b", "a field is missing", 5),
        ("= a", "a field is missing", 0),
        (">= a", "a field is missing", 0),
        ("()", "a field is missing", 1),
        ("a =", "a value for a is missing", 3),
        ("a = = b", "a value for a is missing", 4),
        ("a >> b", "a value for a is missing", 3),
        ("a in", "a value for a is missing", 4),
        ("a in ()", "a value for a is missing", 6),
        ("a in (b", "a value for a is missing", 7),
        ("a in (b,)", "a value for a is missing", 8),
        ("a in b,", "a value for a is missing", 7),
        ("(a", "a ( has no )", 2),
        ("(a b)", "a ( has no )", 3),
    ],
)
def test_a_problem_is_told_with_its_column(text: str, problem: str, column: int) -> None:
    found = parsed(text)
    assert (found.condition, found.problem, found.column) == (None, problem, column)


@pytest.mark.parametrize(
    ("text", "used"),
    [("a b", 1), ("a = b c", 3), ("a > 1 > o", 3), ("a) b", 0), ("a = b = c", 3), ("(a) (b)", 1)],
)
def test_what_cannot_belong_to_it_is_left(text: str, used: int) -> None:
    found = parsed(text)
    assert found.problem == ""
    assert found.used == used


def test_fields_and_values_say_where_they_stand() -> None:
    condition = parsed("  size >= 10M and name in (a, b) and link").condition
    assert isinstance(condition, All)
    one, other, last = condition.terms
    assert isinstance(one, Comparison)
    assert isinstance(other, Comparison)
    assert isinstance(last, Comparison)
    assert (one.column, [value.column for value in one.values]) == (2, [10])
    assert (other.column, [value.column for value in other.values]) == (18, [27, 30])
    assert (last.column, last.values) == (37, ())


def test_a_half_quoted_word_stands_where_it_begins() -> None:
    condition = parsed("a'b' = c'd'").condition
    assert isinstance(condition, Comparison)
    assert (condition.column, condition.values) == (0, (Value("cd", 7),))


def test_an_empty_argument_is_a_value() -> None:
    words = [bare_word("a"), bare_word("="), Word("", (), 4, 4)]
    condition = parse_expression(words).condition
    assert isinstance(condition, Comparison)
    assert condition.values == (Value("", 4),)


def test_a_column_is_in_the_line_whatever_a_variable_stands_for() -> None:
    words = [word_of(token, lambda name: "x" * 99) for token in lex("a = $b)")]
    found = parse_expression(words)
    assert (found.problem, found.column) == ("", 7)


@pytest.mark.parametrize(
    ("text", "expects", "field"),
    [
        ("", Expects.FIELD, ""),
        ("a", Expects.OPERATOR, ""),
        ("a >", Expects.VALUE, "a"),
        ("a >=", Expects.VALUE, "a"),
        ("a = b", Expects.CONNECTIVE, "a"),
        ("a = b and", Expects.FIELD, "a"),
        ("a = b and c =", Expects.VALUE, "c"),
        ("not", Expects.FIELD, ""),
        ("(", Expects.FIELD, ""),
        ("(a = b", Expects.CONNECTIVE, "a"),
        ("(a = b)", Expects.CONNECTIVE, "a"),
        ("a in (", Expects.VALUE, "a"),
        ("a in (b,", Expects.VALUE, "a"),
        ("a in (b)", Expects.CONNECTIVE, "a"),
    ],
)
def test_it_says_what_may_come_next(text: str, expects: Expects, field: str) -> None:
    found = parsed(text)
    assert (found.expects, found.field) == (expects, field)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("not " * 10_000 + "a", 200),
        ("(" * 10_000 + "a" + ")" * 10_000, 50),
        ("(not " * 10_000, 125),
        ("(a and " * 10_000, 344),
        ("(" * 50, 50),
    ],
)
def test_deep_nesting_is_a_problem(text: str, column: int) -> None:
    found = parsed(text)
    assert (found.problem, found.column) == ("the condition is nested too deeply", column)
    assert found.expects is Expects.FIELD


def test_nesting_goes_as_deep_as_anybody_types() -> None:
    assert meaning("(" * 49 + "a" + ")" * 49) == "a truth"
    assert meaning(" and ".join(["(a)"] * 100)).count("a truth") == 100


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "used"),
    [
        (" or ".join(["size > 10M"] * 5_000), 19_999),
        (" and ".join(["not (size>=10M)"] * 7_000), 34_999),
        ("a in (" + "b, " * 20_000 + "c)", 20_003),
        ("a in " + "b," * 20_000 + "c", 3),
        ("a = " + "b'c'" * 20_000, 3),
        ("a " * 20_000, 1),
    ],
)
def test_a_long_expression_is_parsed_at_once(text: str, used: int) -> None:
    found = parsed(text)
    assert found.problem == ""
    assert found.used == used
