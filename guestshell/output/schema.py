"""The JSON Schema (2020-12) of a row type: what `-o json` holds, for a program to rely on."""

import inspect
from typing import Any

from guestshell.output.fields import Field, fields_of
from guestshell.values import Mode, Name, Percent, Size, Timestamp

_KINDS: dict[Any, dict[str, Any]] = {
    Size: {"type": "integer", "description": "bytes"},
    Timestamp: {
        "type": "string",
        "description": "RFC 3339 in UTC with nanoseconds; @seconds beyond the year 9999",
        "pattern": r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z|@-?\d+\.\d{9})$",
    },
    Mode: {"type": "string", "description": "as ls writes it", "pattern": "^.{10}$"},
    Percent: {"type": "number", "description": "per cent"},
    Name: {"type": "string", "description": "a name of the guest; $'…' where it is no UTF-8"},
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
}


def schema_of(row_type: Any, *others: Any) -> dict[str, Any]:
    """Give the schema of the array that `-o json` writes of rows of a type, or of one of others."""
    items = [_object(kind) for kind in (row_type, *others)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": row_type.__name__,
        "type": "array",
        "items": {"anyOf": items} if others else items[0],
    }


def _object(row_type: Any) -> dict[str, Any]:
    fields = fields_of(row_type)
    return {
        "type": "object",
        "description": " ".join(inspect.cleandoc(row_type.__doc__ or "").split()),
        "properties": {field.name: _field(field) for field in fields},
        "required": [field.name for field in fields],
        "additionalProperties": False,
    }


def _field(field: Field) -> dict[str, Any]:
    schema = _object(field.kind) if field.is_row else dict(_KINDS[field.kind])
    if field.many:
        schema = {"type": "array", "items": schema}
    if field.optional:
        schema["type"] = [schema["type"], "null"]
    return schema
