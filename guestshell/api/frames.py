"""Rows as columns of pandas, polars and Arrow, each field by what it means.

The types of Arrow are those of all three: int64 for numbers and sizes, timestamp[ns, UTC] for
times, text for names and modes, lists and structs for rows in rows.
"""

import stat
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from guestshell.language.quoting import portable
from guestshell.output.fields import Field, fields_of
from guestshell.values import Mode, Percent, Size, Timestamp

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_INT64 = range(-(2**63), 2**63)


def to_arrow(rows: Sequence[Any], row_type: type) -> "pyarrow.Table":
    """Give an Arrow table. Numbers that 64 bits do not hold are missing."""
    import pyarrow

    fields = fields_of(row_type)
    arrays = [
        pyarrow.array([_value(field, row) for row in rows], type=_arrow_type(field))
        for field in fields
    ]
    return pyarrow.table(arrays, names=[field.name for field in fields])


def to_pandas(rows: Sequence[Any], row_type: type) -> "pandas.DataFrame":
    """Give a pandas DataFrame of nullable types."""
    import pandas

    columns = {
        field.name: _series([_value(field, row) for row in rows], field)
        for field in fields_of(row_type)
    }
    return pandas.DataFrame(columns)


def _series(values: list[Any], field: Field) -> "pandas.Series[Any]":
    import pandas

    if field.many or field.is_row:
        return pandas.Series(values, dtype="object")
    if field.kind is Timestamp:
        numbers = pandas.Series(values, dtype="Int64")
        return pandas.to_datetime(numbers, unit="ns", utc=True)
    kinds = {bool: "boolean", int: "Int64", Size: "Int64", float: "Float64", Percent: "Float64"}
    return pandas.Series(values, dtype=kinds.get(field.kind, "string"))


def to_polars(rows: Sequence[Any], row_type: type) -> "polars.DataFrame":
    """Give a polars DataFrame."""
    import polars

    fields = fields_of(row_type)
    data = {field.name: [_value(field, row) for row in rows] for field in fields}
    return polars.DataFrame(data, schema={field.name: _polars_type(field) for field in fields})


def _value(field: Field, row: Any) -> Any:
    value = field.get(row)
    if value is None:
        return None
    return [_one(field, item) for item in value] if field.many else _one(field, value)


def _one(field: Field, value: Any) -> Any:
    if field.is_row:
        return {inner.name: _value(inner, value) for inner in fields_of(field.kind)}
    if field.kind is Mode:
        return stat.filemode(value)
    if isinstance(value, str):
        return str(portable(value))
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
        return None
    return value


def _arrow_type(field: Field) -> Any:
    import pyarrow

    if field.is_row:
        kind = pyarrow.struct([(f.name, _arrow_type(f)) for f in _inner(field)])
    elif field.kind is Timestamp:
        kind = pyarrow.timestamp("ns", "UTC")
    elif field.kind is bool:
        kind = pyarrow.bool_()
    elif field.kind in (int, Size):
        kind = pyarrow.int64()
    elif field.kind in (float, Percent):
        kind = pyarrow.float64()
    else:
        kind = pyarrow.string()
    return pyarrow.list_(kind) if field.many else kind


def _polars_type(field: Field) -> Any:
    import polars

    kind: Any
    if field.is_row:
        kind = polars.Struct({f.name: _polars_type(f) for f in _inner(field)})
    elif field.kind is Timestamp:
        kind = polars.Datetime("ns", "UTC")
    elif field.kind is bool:
        kind = polars.Boolean
    elif field.kind in (int, Size):
        kind = polars.Int64
    elif field.kind in (float, Percent):
        kind = polars.Float64
    else:
        kind = polars.String
    return polars.List(kind) if field.many else kind


def _inner(field: Field) -> Iterable[Field]:
    return fields_of(field.kind)
