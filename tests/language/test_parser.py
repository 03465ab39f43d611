import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guestshell.language.lexer import Kind, Token, lex
from guestshell.language.parser import REDIRECTS, Line, Pipeline, Redirect, Stage, parse, unfinished
from guestshell.language.quoting import quote
from tests.language.texts import lines, names, values


def stages(line: str) -> list[list[list[str]]]:
    return [[values(stage.tokens) for stage in one.stages] for one in parse(line).pipelines]


def only(line: str) -> Pipeline:
    parsed = parse(line)
    assert parsed.problem is None
    [pipeline] = parsed.pipelines
    return pipeline


def redirect(line: str) -> tuple[str, str]:
    found = only(line).redirect
    assert found is not None
    assert found.target is not None
    return found.operator, found.target.value


def problem(line: str) -> tuple[str, int]:
    found = parse(line).problem
    assert found is not None
    return found.message, found.column


def tokens_of(line: Line) -> list[Token]:
    found: list[Token] = []
    for pipeline in line.pipelines:
        for stage in pipeline.stages:
            found += stage.tokens
        if pipeline.redirect is not None and pipeline.redirect.target is not None:
            found.append(pipeline.redirect.target)
    return found


@given(lines)
@example('"\\\n"')
def test_no_line_makes_the_parser_fail(line: str) -> None:
    parsed = parse(line)
    if parsed.problem is not None:
        assert parsed.problem.message
        assert 0 <= parsed.problem.column <= len(line)


@given(lines)
def test_stages_and_their_words_point_into_the_line(line: str) -> None:
    parsed = parse(line)
    position = 0
    for pipeline in parsed.pipelines:
        assert pipeline.stages
        for stage in pipeline.stages:
            assert position <= stage.start <= stage.end <= len(line)
            position = stage.end
            if stage.tokens:
                assert (stage.start, stage.end) == (stage.tokens[0].start, stage.tokens[-1].end)
    tokens = tokens_of(parsed)
    for before, after in itertools.pairwise(tokens):
        assert before.start < before.end <= after.start


@given(lines)
def test_without_a_problem_no_word_is_lost(line: str) -> None:
    parsed = parse(line)
    if parsed.problem is None:
        kept = {token.end for token in tokens_of(parsed)}
        lost = [t for t in lex(line) if t.end not in kept and not t.is_operator]
        assert {token.value for token in lost} <= {"-", "!"}
        assert all(s.tokens or s.forced for one in parsed.pipelines for s in one.stages)


@given(st.lists(st.lists(st.lists(names, min_size=1), min_size=1, max_size=3), max_size=3))
def test_quoted_words_come_back_where_they_were_put(given_words: list[list[list[str]]]) -> None:
    line = "; ".join(
        " | ".join(" ".join(["x", *map(quote, words)]) for words in pipeline)
        for pipeline in given_words
    )
    assert parse(line).problem is None
    assert stages(line) == [[["x", *words] for words in pipeline] for pipeline in given_words]


def test_a_line_is_pipelines_of_stages_of_words() -> None:
    assert stages("a b|c 'd|e' ;f # g;h") == [[["a", "b"], ["c", "d|e"]], [["f"]]]


@pytest.mark.parametrize("line", ["", "  ", "# a | b", ";", ";;", " ; # x"])
def test_a_line_may_hold_nothing(line: str) -> None:
    assert parse(line) == Line((), None)


@pytest.mark.parametrize("operator", REDIRECTS)
def test_a_redirect_ends_a_pipeline(operator: str) -> None:
    assert redirect(f"a b{operator}'c d'") == (operator, "c d")
    assert redirect(f"a | b {operator} c;") == (operator, "c")
    assert stages(f"a {operator} b; c {operator} d") == [[["a"]], [["c"]]]


def test_a_pipeline_ends_where_the_next_may_begin() -> None:
    assert [one.end for one in parse("a b ; c > d;e  ").pipelines] == [4, 11, 15]


def test_a_dash_makes_a_pipeline_tolerant() -> None:
    assert only("-cat a").tolerant
    assert only("- cat a").tolerant
    assert [values(stage.tokens) for stage in only("-cat -n").stages] == [["cat", "-n"]]
    assert not only("cat -a").tolerant
    assert [one.tolerant for one in parse("a; -b; c").pipelines] == [False, True, False]


def test_an_exclamation_mark_forces_a_program() -> None:
    assert only("!ls -l").stages[0] == Stage(only("!ls -l").stages[0].tokens, 1, 6, forced=True)
    assert [stage.forced for stage in only("ls | !sort | sort").stages] == [False, True, False]
    assert only("-!false").stages[0].forced
    assert values(only("! ls").stages[0].tokens) == ["ls"]


@pytest.mark.parametrize("line", ["'-'x", "\\-x", "''-x", "'!'x", "\\!x", '"!"x'])
def test_a_quoted_mark_belongs_to_the_name(line: str) -> None:
    pipeline = only(line)
    assert not pipeline.tolerant
    assert not pipeline.stages[0].forced
    assert pipeline.stages[0].name in ("-x", "!x")


def test_what_follows_a_mark_keeps_its_pieces() -> None:
    [token] = only("-!$a'*'").stages[0].tokens
    assert (token.value, token.start, token.end) == ("$a*", 2, 7)
    assert [(piece.text, piece.kind) for piece in token.pieces] == [
        ("a", Kind.VARIABLE),
        ("*", Kind.LITERAL),
    ]


@pytest.mark.parametrize(
    ("line", "message", "column"),
    [
        ("cat 'a", "' is never closed", 4),
        ("cat $'a", "$' is never closed", 4),
        ('cat a"b', '" is never closed', 4),
        ("cat a\\", "nothing follows the backslash", 5),
        ("a |", "nothing follows the |", 2),
        ("a | b |", "nothing follows the |", 6),
        ("a | | b", "nothing follows the |", 2),
        ("a | ; b", "nothing follows the |", 2),
        ("| a", "a command is missing", 0),
        ("x; > a", "a command is missing", 3),
        ("-", "a command is missing", 0),
        ("!", "a command is missing", 0),
        ("a >", "> needs a file of this host", 2),
        ("a >> | b", ">> needs a file of this host", 2),
        ("a > b c", "c means nothing here", 6),
        ("a > b | c", "| means nothing here", 6),
        ("a & b", "& means nothing here", 2),
        ("a < b", "< means nothing here", 2),
        ("a && b; c & d", "& means nothing here", 2),
    ],
)
def test_a_problem_is_told_with_its_column(line: str, message: str, column: int) -> None:
    assert problem(line) == (message, column)


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("a & b", "quote it where it belongs to a name"),
        ("a > b c", "quote it where it belongs to a name"),
        ("a > b | c", "the last stage is the one to redirect"),
        ("a |", ""),
        ("a >", ""),
        ("| a", ""),
        ("a 'b", ""),
        ("a\\", ""),
    ],
)
def test_what_means_nothing_is_told_with_a_way_out(line: str, remedy: str) -> None:
    found = parse(line).problem
    assert found is not None
    assert found.remedy == remedy


@pytest.mark.parametrize("operator", REDIRECTS)
def test_a_redirect_without_a_file_is_still_one(operator: str) -> None:
    assert parse(f"a {operator}").pipelines[0].redirect == Redirect(operator, None)


def test_a_problem_in_one_pipeline_leaves_the_next_alone() -> None:
    assert stages("a & b; c") == [[["a"]], [["c"]]]
    assert stages("a &; c") == [[["a"]], [["c"]]]
    assert stages("a |; c") == [[["a"], []], [["c"]]]


@pytest.mark.parametrize(
    ("line", "words", "target"),
    [
        ("ls | where size > 10M > out.csv", ["size", ">", "10M"], (">", "out.csv")),
        ("ls | where size > 10M>out.csv", ["size", ">", "10M"], (">", "out.csv")),
        ("ls | where size>=10M>>out.csv", ["size", ">", "=10M"], (">>", "out.csv")),
        ("ls | where size >= 10M >| out.csv", ["size", ">", "=", "10M"], (">|", "out.csv")),
        ("ls | where size < 3 and a > 1 > o", ["size", "<", "3", "and", "a", ">", "1"], (">", "o")),
        ("ls | where (a > 1 or b < 2) > o", ["(a", ">", "1", "or", "b", "<", "2)"], (">", "o")),
        ("ls | where a in (b, c) > o", ["a", "in", "(b,", "c)"], (">", "o")),
        ("ls | where a =~ '>' > o", ["a", "=~", ">"], (">", "o")),
        ("ls | where a > $b > o", ["a", ">", "$b"], (">", "o")),
        ("ls | where size >| o", ["size"], (">|", "o")),
        ("ls | where size >> o", ["size"], (">>", "o")),
    ],
)
def test_where_takes_what_it_compares_and_leaves_the_redirect(
    line: str, words: list[str], target: tuple[str, str]
) -> None:
    assert redirect(line) == target
    assert values(only(line).stages[1].tokens) == ["where", *words]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ls | where mtime > 2d|first 3", [["ls"], ["where", "mtime", ">", "2d"], ["first", "3"]]),
        ("ls | where a < b | where c > d", [["ls"], ["where", *"a<b"], ["where", *"c>d"]]),
        ("ls | where | first", [["ls"], ["where"], ["first"]]),
        ("ls | where a and | first", [["ls"], ["where", "a", "and"], ["first"]]),
        ("ls | where a = | first", [["ls"], ["where", "a", "="], ["first"]]),
        ("ls | where a > | first", [["ls"], ["where", "a", ">"], ["first"]]),
        ("ls | where a in (b | first", [["ls"], ["where", "a", "in", "(b"], ["first"]]),
    ],
)
def test_where_ends_at_a_bar(line: str, expected: list[list[str]]) -> None:
    assert stages(line) == [expected]


def test_where_ends_at_a_semicolon_or_ampersand() -> None:
    assert stages("ls | where ; pwd") == [[["ls"], ["where"]], [["pwd"]]]
    assert stages("ls | where a > ; pwd") == [[["ls"], ["where", "a", ">"]], [["pwd"]]]
    assert problem("ls | where a & b")[0] == "& means nothing here"


def test_a_program_called_where_does_not_compare() -> None:
    assert redirect("ls | !where size > 10M") == (">", "10M")
    assert redirect("ls | grep size > 10M") == (">", "10M")


@pytest.mark.parametrize("text", ["a 'b", 'a "b', "a $'b", "a\\", "a |", "a | # b", "a |\n\n", "|"])
def test_a_line_goes_on_after_an_open_end(text: str) -> None:
    assert unfinished(text) is not None


@pytest.mark.parametrize(
    "text", ["", "a", "a 'b'", "a\\\\", "# 'b", "# \\", "a '|'", "a >", "a |;"]
)
def test_a_whole_line_does_not_go_on(text: str) -> None:
    assert unfinished(text) is None


@pytest.mark.parametrize("text", ["|\\", "a |\\", "a b c | \\", "a | b c | \\"])
def test_of_a_bar_and_a_backslash_the_bar_is_the_open_end(text: str) -> None:
    end = unfinished(text)
    assert end is not None
    assert (end.value, end.start) == ("|", text.rindex("|"))


@given(lines)
def test_what_follows_the_open_end_decides_alone(line: str) -> None:
    end = unfinished(line)
    if end is not None:
        again = unfinished(line[end.start :])
        assert again is not None
        assert (again.value, again.open_quote) == (end.value, end.open_quote)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line",
    [
        "ls " + "| first 3 " * 5_000,
        "ls " + "| where size > 10M and mtime < 2d " * 5_000,
        "ls " + "| where " * 5_000,
        "where a; " * 5_000,
        "a > b; " * 5_000,
        "ls | where a " + "> b " * 20_000,
        "! " * 20_000,
    ],
)
def test_a_long_line_is_parsed_at_once(line: str) -> None:
    assert parse(line).pipelines
