import csv
import dataclasses
import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guestshell.language.quoting import from_portable
from guestshell.language.words import Word
from guestshell.output.cells import rfc3339
from guestshell.output.encoded import encoded
from guestshell.output.fields import fields_of
from guestshell.output.formats import FORMATS, data_lines, json_text, plain_of
from guestshell.output.results import Layout, Records
from guestshell.values import Name, Size
from tests.output.rows import ODD, PLAIN, THINGS, Counted, Part, Thing, texts, things

rows = st.lists(things, max_size=4)


def written(form: str, items: list[Thing]) -> str:
    return b"".join(encoded(Records(items, Thing, format=form), "table")).decode("utf-8")


def plain(items: list[Thing]) -> list[dict[str, Any]]:
    return list(map(plain_of(Thing), items))


def parsed_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def jsonl(text: str) -> list[Any]:
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


READERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "jsonl": jsonl,
    "yaml": yaml.safe_load,
}


def cell(value: Any) -> str:
    """Give what a cell of a value must say."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text(value) if isinstance(value, list | dict) else str(value)


def test_plain_values_are_what_a_program_wants() -> None:
    assert plain_of(Thing)(ODD) == {
        "name": r"$'caf\xe9'",
        "size": 0,
        "mode": "-rwsr-xr-x",
        "mtime": "2026-03-14T02:11:07.000000001Z",
        "text": r"$'$\'second\'\n\xe2\x80\xae\x1b[1m'",
        "number": -7,
        "share": 100,
        "ok": False,
        "note": "",
        "freed": 512,
        "tags": ["red", "blue"],
        "part": {"place": "/mnt", "size": 3},
        "parts": [{"place": "/a", "size": 1}, {"place": "/b,c", "size": 2}],
    }
    assert [plain_of(Thing)(PLAIN)[name] for name in ("note", "freed", "part")] == [None] * 3


@given(rows)
def test_json_jsonl_and_yaml_read_back_to_the_same_values(items: list[Thing]) -> None:
    for form, read in READERS.items():
        assert read(written(form, items)) == plain(items), form


@given(rows)
def test_csv_reads_back_to_the_same_values(items: list[Thing]) -> None:
    text = written("csv", items)
    assert text.startswith(",".join(field.name for field in fields_of(Thing)) + "\n")
    expected = [{name: cell(value) for name, value in row.items()} for row in plain(items)]
    assert parsed_csv(text) == expected


@given(rows)
def test_every_format_gives_the_names_back(items: list[Thing]) -> None:
    for form in ("json", "jsonl", "csv", "yaml"):
        text = written(form, items)
        read = parsed_csv(text) if form == "csv" else READERS[form](text)
        assert [from_portable(row["name"]) for row in read] == [item.name for item in items], form
        assert [from_portable(row["text"]) for row in read] == [item.text for item in items], form


@given(st.lists(texts, max_size=3))
def test_one_column_of_csv_reads_back(names: list[str]) -> None:
    @dataclass(frozen=True)
    class One:
        name: Name

    text = "\n".join(data_lines(Records([One(Name(name)) for name in names], One), "csv")) + "\n"
    assert [from_portable(row["name"]) for row in parsed_csv(text)] == names


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.sampled_from([None, 2]))
def test_json_text_is_printable_and_means_the_same(value: Any, indent: int | None) -> None:
    text = json_text(value, indent)
    assert text.replace("\n", "").isprintable()
    assert indent or "\n" not in text
    assert json.loads(text) == value


def test_json_keeps_what_people_can_read() -> None:
    assert json_text("日本語 é 😀") == '"日本語 é 😀"'
    assert json_text("\u202e\U000e0001") == r'"\u202e\udb40\udc01"'


def test_a_word_that_was_typed_is_a_text_as_any() -> None:
    typed = dataclasses.replace(PLAIN, name=Name(Word("typed")), tags=(Word("red"),))
    for form, read in READERS.items():
        assert read(written(form, [typed]))[0]["name"] == "typed"


@given(rows)
def test_jsonl_is_a_line_a_row(items: list[Thing]) -> None:
    assert len(written("jsonl", items).splitlines()) == len(items)


@pytest.mark.parametrize(
    ("form", "nothing"),
    [("json", "[]\n"), ("jsonl", ""), ("yaml", "[]\n"), ("table", ""),
     ("csv", ",".join(field.name for field in fields_of(Thing)) + "\n")],
)  # fmt: skip
def test_no_rows(form: str, nothing: str) -> None:
    assert written(form, []) == nothing


@pytest.mark.parametrize(("form", "ahead"), [("json", 2), ("jsonl", 1), ("csv", 0), ("yaml", 1)])
def test_rows_are_written_as_they_come(form: str, ahead: int) -> None:
    source = Counted(itertools.repeat(PLAIN))
    lines = data_lines(Records(source, Thing), form)
    next(lines)
    assert source.pulled == ahead
    for _ in range(10):
        next(lines)
    assert source.pulled == ahead + 10


def test_an_error_of_the_rows_comes_after_those_before_it() -> None:
    def failing() -> Iterator[Thing]:
        yield PLAIN
        yield ODD
        raise LookupError

    lines = data_lines(Records(failing(), Thing), "json")
    assert json.loads(next(lines).rstrip(",") + "]") == plain([PLAIN])
    with pytest.raises(LookupError):
        next(lines)


def test_a_row_that_asks_for_a_format_gets_it_and_others_the_default() -> None:
    asked: Records[Part] = Records([Part(Name("/a"), Size(1))], Part, format="csv")
    assert b"".join(encoded(asked, "json")) == b"place,size\n/a,1\n"
    default: Records[Part] = Records([Part(Name("/a"), Size(1))], Part)
    assert b"".join(encoded(default, "json")) == b'[{"place": "/a", "size": 1}]\n'


def test_data_formats_hold_every_field_whatever_the_table_shows() -> None:
    few = Records(THINGS, Thing, columns=("name",), layout=Layout.GRID)
    for form in ("json", "jsonl", "yaml"):
        text = "\n".join(data_lines(few, form)) + "\n"
        assert READERS[form](text) == plain(list(THINGS))
    assert next(data_lines(few, "csv")).count(",") == len(fields_of(Thing)) - 1


def test_times_of_any_year_are_written() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000000Z"
    assert rfc3339(-1) == "1969-12-31T23:59:59.999999999Z"
    assert rfc3339(253_402_300_800 * 10**9) == "@253402300800.000000000"
    assert rfc3339(-62_135_596_801 * 10**9 - 5 * 10**8) == "@-62135596801.500000000"


def test_the_formats_are_those_of_the_option() -> None:
    assert FORMATS == ("table", "json", "jsonl", "csv", "yaml")
