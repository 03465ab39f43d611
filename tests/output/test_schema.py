import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from guestshell.commands import COMMANDS, FILTERS
from guestshell.output.encoded import encoded
from guestshell.output.fields import fields_of
from guestshell.output.formats import plain_of
from guestshell.output.results import Records
from guestshell.output.schema import schema_of
from tests.output.rows import ODD, PLAIN, Thing, things

VALIDATOR = Draft202012Validator(schema_of(Thing))


def declared_row_types() -> Iterator[Any]:
    for declared in (*COMMANDS.values(), *FILTERS.values()):
        if declared.row_type not in (None, object, Any):
            yield pytest.param(declared.row_type, id=declared.name)


@given(st.lists(things, max_size=3))
def test_json_of_any_rows_holds_to_its_schema(rows: list[Thing]) -> None:
    text = b"".join(encoded(Records(rows, Thing, format="json"), "table"))
    VALIDATOR.validate(json.loads(text))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", "10M"),
        ("size", 1.5),
        ("size", None),
        ("mtime", 5),
        ("mtime", "2026-03-14 02:11:07Z"),
        ("mode", 0o644),
        ("ok", "yes"),
        ("note", 1),
        ("tags", "red"),
        ("tags", [1]),
        ("tags", None),
        ("part", {"place": "/"}),
        ("part", {"place": "/", "size": 1, "more": 1}),
        ("parts", [None]),
        ("share", "12%"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: object) -> None:
    row = plain_of(Thing)(ODD)
    VALIDATOR.validate([row])
    with pytest.raises(ValidationError):
        VALIDATOR.validate([{**row, name: value}])


def test_every_field_is_there_and_no_other() -> None:
    row = plain_of(Thing)(PLAIN)
    for name in row:
        with pytest.raises(ValidationError):
            VALIDATOR.validate([{key: value for key, value in row.items() if key != name}])
    with pytest.raises(ValidationError):
        VALIDATOR.validate([{**row, "more": 1}])


def test_a_schema_says_what_the_class_says() -> None:
    schema = schema_of(Thing)
    assert (schema["title"], schema["type"]) == ("Thing", "array")
    assert schema["items"]["description"] == "A field of every kind."
    assert schema["items"]["properties"]["freed"] == {
        "type": ["integer", "null"],
        "description": "bytes",
    }
    assert schema["items"]["properties"]["part"]["type"] == ["object", "null"]


@pytest.mark.parametrize("row_type", list(declared_row_types()))
def test_the_schema_of_a_command_is_one(row_type: Any) -> None:
    schema = schema_of(row_type)
    Draft202012Validator.check_schema(schema)
    assert schema["items"]["required"] == [field.name for field in fields_of(row_type)]
    assert schema["items"]["description"], "a class of rows says what its rows are"
    assert json.loads(json.dumps(schema)) == schema


def test_schemas_do_not_share_what_could_be_changed() -> None:
    @dataclass(frozen=True)
    class Row:
        """A row."""

        note: str | None

    schema_of(Row)
    assert schema_of(Thing)["items"]["properties"]["text"] == {"type": "string"}
