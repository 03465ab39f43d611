"""Rows as plain values and back: for a journal, and for the pipe between two processes.

A row type becomes its shape, which says of each field what it means, so that the rows which
come out at the other end are laid out and written exactly as the ones that went in.
"""

import dataclasses
from functools import lru_cache
from typing import Any

from guestshell.output.fields import Field, fields_of
from guestshell.values import Mode, Name, Percent, Size, Timestamp

_KINDS: dict[str, Any] = {
    "size": Size,
    "time": Timestamp,
    "mode": Mode,
    "name": Name,
    "percent": Percent,
    "text": str,
    "number": int,
    "real": float,
    "truth": bool,
}
_WORDS = {kind: word for word, kind in _KINDS.items()}


@dataclasses.dataclass(frozen=True)
class FieldShape:
    """One field: `kind` is a word for what its values mean, `row` the shape of rows inside it."""

    name: str
    kind: str
    row: "Shape | None"
    many: bool
    optional: bool


@dataclasses.dataclass(frozen=True)
class Shape:
    """A row type: its name and its fields."""

    name: str
    fields: tuple[FieldShape, ...]


def shape_of(row_type: Any) -> Shape:
    """Give the shape of a dataclass."""
    return Shape(row_type.__name__, tuple(_field_shape(field) for field in fields_of(row_type)))


def _field_shape(field: Field) -> FieldShape:
    inner = shape_of(field.kind) if field.is_row else None
    word = "row" if inner else _WORDS[field.kind]
    return FieldShape(field.name, word, inner, field.many, field.optional)


@lru_cache(256)
def row_type_of(shape: Shape) -> type:
    """Give a dataclass of a shape, the same one for equal shapes."""
    hints = [(field.name, _hint(field)) for field in shape.fields]
    first = shape.fields[0].name
    names = {"__str__": lambda row: str(getattr(row, first))}
    return dataclasses.make_dataclass(shape.name, hints, frozen=True, namespace=names)


def _hint(field: FieldShape) -> Any:
    hint: Any = row_type_of(field.row) if field.row else _KINDS[field.kind]
    if field.many:
        hint = tuple[hint, ...]
    return hint | None if field.optional else hint


def packed(row: Any, shape: Shape) -> list[Any]:
    """Give the values of a row in the order of its fields, all of them JSON's."""
    return [_packed_value(getattr(row, field.name), field) for field in shape.fields]


def _packed_value(value: Any, field: FieldShape) -> Any:
    if value is None:
        return None
    if field.many:
        return [_packed_one(item, field) for item in value]
    return _packed_one(value, field)


def _packed_one(value: Any, field: FieldShape) -> Any:
    if field.row is not None:
        return packed(value, field.row)
    return str(value) if isinstance(value, str) else value  # a Word of the language is one


def unpacked(values: list[Any], shape: Shape) -> Any:
    """Give the row that was packed. Raises ValueError for values of another shape."""
    pairs = zip(values, shape.fields, strict=True)
    return row_type_of(shape)(*(_unpacked_value(value, field) for value, field in pairs))


def _unpacked_value(value: Any, field: FieldShape) -> Any:
    if value is None:
        return None
    if field.many:
        return tuple(_unpacked_one(item, field) for item in value)
    return _unpacked_one(value, field)


def _unpacked_one(value: Any, field: FieldShape) -> Any:
    return unpacked(value, field.row) if field.row is not None else value


def shape_to_json(shape: Shape) -> dict[str, Any]:
    """Give a shape as JSON's values."""
    return dataclasses.asdict(shape)


def shape_from_json(value: dict[str, Any]) -> Shape:
    """Give a shape again. Raises KeyError or TypeError for what is none."""
    fields = (
        FieldShape(
            str(field["name"]),
            str(field["kind"]),
            shape_from_json(field["row"]) if field["row"] else None,
            bool(field["many"]),
            bool(field["optional"]),
        )
        for field in value["fields"]
    )
    return Shape(str(value["name"]), tuple(fields))
