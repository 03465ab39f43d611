import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.errors import UsageError
from guestshell.language.expression import Comparison, Value, parse_expression
from guestshell.language.lexer import lex
from guestshell.language.words import word_of
from guestshell.output.cells import rfc3339
from guestshell.output.conditions import test_of as condition_test
from guestshell.values import Timestamp
from tests.output.rows import ODD, PLAIN, SECOND, START, THINGS, Thing, texts, things


def kept(expression: str, rows: Sequence[Thing] = THINGS) -> list[Thing]:
    words = [word_of(token, lambda name: name) for token in lex(expression)]
    found = parse_expression(words)
    assert found.condition is not None, found.problem
    assert found.used == len(words)
    return list(filter(condition_test(found.condition, Thing), rows))


def compared(field: str, sign: str, text: str) -> Callable[[Any], bool]:
    return condition_test(Comparison(field, sign, (Value(text, 7),), 0), Thing)


BOTH, NEITHER, FIRST, SECOND_ONE = [PLAIN, ODD], [], [PLAIN], [ODD]  # type: ignore[var-annotated]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # sizes
        ("size = 10M", FIRST),
        ("size = 10MiB", FIRST),
        ("size = 10MB", NEITHER),
        ("size > 10MB", FIRST),
        ("size >= 10M", FIRST),
        ("size > 10M", NEITHER),
        ("size < 1", SECOND_ONE),
        ("size <= 10485760", BOTH),
        ("size != 0", FIRST),
        ("size in (0, 1K, 10M)", BOTH),
        ("size", FIRST),
        # times
        ("mtime = 2026-03-14", BOTH),
        ("mtime = 2026-03-14T02:11", BOTH),
        ("mtime = 2026-03-14T02:11:07Z", BOTH),
        ("mtime = 2026-03-14T02:11:07.000000000Z", FIRST),
        ("mtime = 2026-03-14T04:11:07+02:00", BOTH),
        ("mtime = 2026-03-14T02:11:08", NEITHER),
        ("mtime > 2026-03-14", NEITHER),
        ("mtime >= 2026-03-14", BOTH),
        ("mtime <= 2026-03-14", BOTH),
        ("mtime < 2026-03-14", NEITHER),
        ("mtime > 2026-03-13", BOTH),
        ("mtime < 2026-03-15", BOTH),
        ("mtime != 2026-03-14", NEITHER),
        ("mtime > 2026-03-14T02:11:07.000000000Z", SECOND_ONE),
        ("mtime in (2026-03-13, 2026-03-14)", BOTH),
        ("mtime = '2026-03-14 02:11:07Z'", BOTH),
        ("mtime =~ '^2026-03-14T02:11:07'", BOTH),
        # modes
        ("mode = 644", FIRST),
        ("mode = 0644", FIRST),
        ("mode = 4755", SECOND_ONE),
        ("mode >= 4000", SECOND_ONE),
        ("mode = -rw-r--r--", FIRST),
        ("mode =~ '^-..s'", SECOND_ONE),
        ("mode !~ s", FIRST),
        # names and texts
        ("name = plain", FIRST),
        ("name == plain", FIRST),
        (r"name = $'caf\xe9'", SECOND_ONE),
        ("name < d", SECOND_ONE),
        ("name > d", FIRST),
        ("name =~ ^p.*n$", FIRST),
        ("name !~ ^p", SECOND_ONE),
        ("name in (plain, other)", FIRST),
        ("name in plain,other", FIRST),
        ("text = first", FIRST),
        # numbers
        ("number = 7", FIRST),
        ("number = 0x7", FIRST),
        ("number = 007", FIRST),
        ("number = -7", SECOND_ONE),
        ("number < 0", SECOND_ONE),
        ("number > 6.5", FIRST),
        ("number != 7", SECOND_ONE),
        ("number", BOTH),
        ("share = 12.5", FIRST),
        ("share > 50%", SECOND_ONE),
        ("share >= 100", SECOND_ONE),
        # yes and no
        ("ok", FIRST),
        ("not ok", SECOND_ONE),
        ("ok = yes", FIRST),
        ("ok = TRUE", FIRST),
        ("ok = no", SECOND_ONE),
        ("ok != no", FIRST),
        ("ok =~ yes", FIRST),
        # what may be missing
        ("note = ''", SECOND_ONE),
        ("note != ''", FIRST),
        ("note", NEITHER),
        ("freed = 512", SECOND_ONE),
        ("freed < 1K", SECOND_ONE),
        ("freed > 0", SECOND_ONE),
        ("not freed > 0", FIRST),
        ("freed in (512, 1024)", SECOND_ONE),
        # several values: one must fit
        ("tags = red", SECOND_ONE),
        ("tags = blue", SECOND_ONE),
        ("tags != red", FIRST),
        ("tags =~ ^b", SECOND_ONE),
        ("tags in (green, blue)", SECOND_ONE),
        ("tags", SECOND_ONE),
        # rows inside rows
        ("part.place = /mnt", SECOND_ONE),
        ("part.size < 1K", SECOND_ONE),
        ("part.size != 3", FIRST),
        ("part", SECOND_ONE),
        ("parts", SECOND_ONE),
        # together
        ("ok and size > 1M", FIRST),
        ("ok and size < 1M", NEITHER),
        ("ok or size < 1M", BOTH),
        ("not (ok or size < 1M)", NEITHER),
        ("not ok or ok and number = 7", BOTH),
        ("size>1M and(ok)", FIRST),
    ],
)
def test_a_condition_keeps(expression: str, expected: list[Thing]) -> None:
    assert kept(expression) == expected


def test_ages_count_from_now() -> None:
    def aged(age: float) -> Thing:
        values = {name: getattr(PLAIN, name) for name in PLAIN.__dataclass_fields__}
        return Thing(**{**values, "mtime": Timestamp(time.time_ns() - int(age * SECOND))})

    day = 86_400.0
    young, old, future = aged(1.5 * day), aged(2.5 * day), aged(-day)
    rows = [young, old, future]
    assert kept("mtime > 2d", rows) == [old]
    assert kept("mtime < 2d", rows) == [young, future]
    assert kept("mtime <= 36h", rows) == [future], "it is a moment older by now"
    assert kept("mtime = 1d", rows) == [young], "one whole day old, as find -mtime 1"
    assert kept("mtime = 2d", rows) == [old]
    assert kept("mtime > 90s and mtime < 1w", rows) == [young, old]
    assert kept("mtime != 1d", rows) == [old, future]


@pytest.mark.parametrize(
    ("expression", "column", "words"),
    [
        ("size > big", 8, "'big' is not a size"),
        ("ok and size > 10Q", 15, "'10Q' is not a size"),
        ("mtime < yesterday", 9, "'yesterday' is neither a time nor an age"),
        ("ok = maybe", 6, "'maybe' is neither yes nor no"),
        ("number = seven", 10, "'seven' is not a number"),
        ("share > half", 9, "'half' is not a number"),
        ("name =~ '['", 9, "the expression '[' is malformed"),
        ("name =~ '(a{99999999999})'", 9, "is malformed"),
        ("mode = rw", 8, "'rw' is not a mode"),
        ("mode = 0o644", 8, "'0o644' is not a mode"),
        ("ok and nope = 1", 8, "there is no field 'nope'"),
        ("not (ok or siez > 1)", 12, "there is no field 'siez'"),
        ("part.nope = 1", 1, "there is no field 'part.nope'"),
        ("size in (1, 2, x)", 16, "'x' is not a size"),
    ],
)
def test_an_error_names_the_column(expression: str, column: int, words: str) -> None:
    with pytest.raises(UsageError) as told:
        kept(expression)
    assert told.value.message.startswith(f"column {column}: ")
    assert words in told.value.message
    if "no field" in words:
        assert "the fields are name, size, mode, mtime, text, number" in told.value.remedy


@given(st.lists(things, max_size=5), things)
def test_sizes_times_and_names_compare_as_in_python(rows: list[Thing], other: Thing) -> None:
    moment = rfc3339(other.mtime)
    assert kept(f"size <= {other.size}", rows) == [r for r in rows if r.size <= other.size]
    assert kept(f"mtime < {moment}", rows) == [r for r in rows if r.mtime < other.mtime]
    assert kept(f"mtime >= {moment}", rows) == [r for r in rows if r.mtime >= other.mtime]
    assert kept(f"number != {other.number}", rows) == [r for r in rows if r.number != other.number]
    same = compared("name", "=", other.name)
    assert list(filter(same, rows)) == [row for row in rows if row.name == other.name]
    assert same(other)


@given(things, st.sampled_from(["size > 1K", "ok", "note = x", "tags = a", "mtime < 2000-01-01"]))
def test_a_row_fits_a_condition_or_its_contrary(row: Thing, expression: str) -> None:
    assert len(kept(expression, [row])) + len(kept(f"not ({expression})", [row])) == 1


@given(texts)
def test_no_value_raises_anything_but_an_error_of_use(text: str) -> None:
    for name in ("size", "mtime", "mode", "number", "share", "ok", "name", "part", "tags"):
        for sign in ("=", "<", "=~"):
            try:
                list(filter(compared(name, sign, text), THINGS))
            except UsageError as error:
                assert error.message.startswith("column 8: ")


def test_the_epoch_of_the_rows_is_the_one_the_conditions_name() -> None:
    assert rfc3339(START) == "2026-03-14T02:11:07.000000000Z"
