import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.commands.patterns import compile_pattern
from guestshell.errors import UsageError

BASIC = ["a+b", r"a\+b", r"a\{2\}", r"\(a\|b\)c", "(a|b)c", "^*a", "[[:upper:][:digit:]]",
         "a.c$", "x?y", r"\<ab\>", "a^b", "a$b", "^a", "a**"]  # fmt: skip
EXTENDED = ["a+b", "a{2}", "(a|b)c", "[[:digit:]]x", "[]a]b", "[^]a]b", r"a\.b", "x?y", r"[\]a",
            "[a-c-]z", "a++b", "a+?b", "(a*)*b"]  # fmt: skip
CASES = [(pattern, False) for pattern in BASIC] + [(pattern, True) for pattern in EXTENDED]
TEXT = ["a+b", "aab", "aa", "a{2}", "ac", "bc", "(a|b)c", "*a", "7x", "]b", "ab", "cb", "a.b",
        "axb", "Q", "abc", "x?y", "xy", "y", r"\a", "-z", "bz", "a^b", "a$b", "x ab y"]  # fmt: skip


@pytest.mark.parametrize(("pattern", "extended"), CASES)
def test_fits_what_grep_fits(pattern: str, extended: bool) -> None:
    command = ["grep", "-E" if extended else "-G", "-e", pattern]
    oracle = subprocess.run(
        command, input="\n".join(TEXT), capture_output=True, text=True, check=False
    )
    compiled = compile_pattern(pattern, extended=extended, fixed=False, ignore_case=False)
    assert [line for line in TEXT if compiled.search(line)] == oracle.stdout.splitlines()


@given(st.text(max_size=20), st.booleans())
def test_a_pattern_compiles_or_is_refused_in_one_line(pattern: str, extended: bool) -> None:
    try:
        compile_pattern(pattern, extended=extended, fixed=False, ignore_case=False)
    except UsageError as error:
        assert "\n" not in str(error) or "\n" in pattern


@given(st.text(max_size=20))
def test_fixed_finds_itself(pattern: str) -> None:
    assert compile_pattern(pattern, extended=False, fixed=True, ignore_case=False).search(pattern)
