import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.errors import UsageError
from guestshell.language.history import recalled
from tests.language.texts import lines

HISTORY = ["ls /etc", "cat a", " ls -l", "catalog x", "!sort b", "find|head"]
COMMANDS = {"ls", "cat", "find", "log"}


def again(line: str) -> str | None:
    return recalled(line, HISTORY, COMMANDS)


@given(lines, st.lists(lines, max_size=4))
def test_no_line_fails_but_for_one_that_is_not_there(line: str, history: list[str]) -> None:
    for typed in (line, "!" + line):
        try:
            found = recalled(typed, history, COMMANDS)
        except UsageError:
            assert typed.lstrip().startswith("!")
            continue
        assert found is None or any(found.startswith(earlier) for earlier in history)


@given(st.integers(min_value=-10, max_value=10))
def test_a_number_counts_from_either_end(number: int) -> None:
    expected = {place + 1: line for place, line in enumerate(HISTORY)}
    expected |= {place - len(HISTORY): line for place, line in enumerate(HISTORY)}
    if number in expected:
        assert again(f"!{number}") == expected[number]
    else:
        with pytest.raises(UsageError, match="no such line"):
            again(f"!{number}")


def test_two_marks_are_the_last_line() -> None:
    assert again("!!") == "find|head"
    assert again("  !! ") == "find|head "


def test_what_follows_is_appended() -> None:
    assert again("!2 | head") == "cat a | head"
    assert again("!!> x") == "find|head> x"
    assert again("!-5|head") == "cat a|head"


def test_a_name_is_the_last_line_that_began_so() -> None:
    assert again("!ls") == " ls -l"
    assert again("!cat ") == "cat a"
    assert again("!find") == "find|head"


def test_a_line_that_is_not_there_is_told_with_a_way_out() -> None:
    with pytest.raises(UsageError) as error:
        again("!log")
    assert error.value.message == "!log: no line in the history begins so"
    assert error.value.remedy == "! with a blank runs a program"
    with pytest.raises(UsageError) as error:
        again("!7 | head")
    assert error.value.message == "!7: no such line in the history"
    assert error.value.remedy == "history lists them"


@pytest.mark.parametrize(
    "line",
    ["", "ls", "!", "!sort", "!cat x", "! cat", "!7z x", "!2to3", "a !!", "'!!'", "!$x", "-!!"],
)
def test_any_other_line_is_itself(line: str) -> None:
    assert again(line) is None


@pytest.mark.parametrize("line", ["!!", "!1", "!-1", "!0", "!ls"])
def test_an_empty_history_holds_no_line(line: str) -> None:
    with pytest.raises(UsageError):
        recalled(line, [], COMMANDS)


@pytest.mark.parametrize("digits", ["9" * 30, "9" * 5_000, "-" + "9" * 5_000, "0" * 5_000])
def test_a_very_long_number_is_no_line(digits: str) -> None:
    with pytest.raises(UsageError, match="no such line"):
        again(f"!{digits}")
