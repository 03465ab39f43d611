"""Shell assignments, with bash as the oracle."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.formats.assignments import parse_assignments

BASH = shutil.which("bash")

WORDS = st.text("ab1 -_./:,$", max_size=8)
PIECES = st.one_of(
    st.text("ab1-_./:,", max_size=8),
    WORDS.map(lambda text: f"'{text}'"),
    st.text("ab1 -_./:,#'", max_size=8).map(lambda text: f'"{text}"'),
    st.sampled_from(["\\ ", "\\'", '\\"', '"\\""', '"a\\\\b"', '"a\\nb"', "a#b", '""', "''"]),
)
VALUES = st.lists(PIECES, max_size=4).map("".join)
ENDS = st.sampled_from(["\n", "\n\n", ";", " # a 'comment\n", "\n# another\n", "  \n"])


@pytest.mark.skipif(BASH is None, reason="this host has no bash")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("XYZ"), VALUES, ENDS), max_size=4))
def test_values_are_what_bash_makes_of_them(lines: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{name}={value}{end}" for name, value, end in lines)
    shown = "".join(f'printf "%s\\0" "${name}"\n' for name in "XYZ")
    ran = subprocess.run(
        [str(BASH), "--norc", "-c", f"X=; Y=; Z=\n{text}\n{shown}"],
        capture_output=True,
        check=True,
    )
    values, whole = parse_assignments(text.encode())
    assert whole
    assert [values.get(name, "") for name in "XYZ"] == ran.stdout.decode().split("\0")[:3]


def test_lists_and_what_comes_behind() -> None:
    text = b"export A=( 'one two'\n  three # no\n)\nA+=(four)\nif [ x ]; then\nB=1; fi\nC=\\\nd\n"
    values, whole = parse_assignments(text)
    assert values == {"A": "one two\nthree\nfour", "B": "1", "C": "d"}
    assert whole


@pytest.mark.parametrize("open_end", ["'x", '"x\\"', "(a b", "('"])
def test_what_is_never_closed_ends_the_file(open_end: str) -> None:
    assert parse_assignments(f"A=1\nB={open_end}\nC=2\n".encode()) == ({"A": "1"}, False)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ["'", '"', "a=", "a='", 'a="\\"', "#", "(", "a=(", "\\", "a=b#"])
def test_long_rows_of_anything_are_read_in_a_moment(piece: str) -> None:
    parse_assignments(piece.encode() * (1_000_000 // len(piece)))
