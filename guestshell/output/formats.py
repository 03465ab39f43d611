"""Rows as data: JSON, JSON Lines, CSV and YAML, as they come.

Sizes are whole bytes, times RFC 3339 in UTC with nanoseconds, modes as ls(1) writes them.
Text that is not UTF-8 is written `$'…'` (`language.quoting.portable`).
"""

import csv
import io
import json
import stat
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, cast

from guestshell.language.quoting import portable
from guestshell.output.cells import rfc3339
from guestshell.output.fields import fields_of
from guestshell.output.results import Records
from guestshell.values import Mode, Timestamp

FORMATS = ("table", "json", "jsonl", "csv", "yaml")

Plain = Callable[[Any], Any]


def plain_of(row_type: type) -> Plain:
    """Give the function that makes a dict of plain values of a row, in the order of its fields."""
    return _plain_of(cast(Hashable, row_type))


@lru_cache(256)  # select and group make types as they go
def _plain_of(row_type: Any) -> Plain:
    getters = [
        (field.name, field.get, _plain_value(field.kind, field.is_row, field.many))
        for field in fields_of(row_type)
    ]

    def plain(row: Any) -> dict[str, Any]:
        return {
            name: None if (value := get(row)) is None else convert(value)
            for name, get, convert in getters
        }

    return plain


def _plain_value(kind: Any, is_row: bool, many: bool) -> Plain:
    if is_row:
        # a row that holds rows of its own type would not end
        one: Plain = lambda value: plain_of(kind)(value)  # noqa: E731
    elif kind is Timestamp:
        one = rfc3339
    elif kind is Mode:
        one = stat.filemode
    else:
        one = _portable_value
    return (lambda values: [one(value) for value in values]) if many else one


def _portable_value(value: Any) -> Any:
    # YAML is written of str itself only, not of a Word
    return str(portable(value)) if isinstance(value, str) else value


def _escaped(character: str) -> str:
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def json_text(value: Any, indent: int | None = None, *, blanks: bool = True) -> str:
    """Give JSON whose characters are all printable, so that a terminal may show it."""
    separators = None if blanks else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def _json_array(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    lines = map(json_text, rows)
    last = next(lines, None)
    if last is None:
        yield "[]"
        return
    opening = "["
    for line in lines:
        yield f"{opening}{last},"
        opening, last = "", line
    yield f"{opening}{last}]"


def _csv(rows: Iterable[dict[str, Any]], names: list[str]) -> Iterator[str]:
    buffer = io.StringIO()
    # it quotes the characters that its line ends have, and those only
    writer = csv.writer(buffer, lineterminator="\r\n")
    for cells in chain([names], ([_cell(value) for value in row.values()] for row in rows)):
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(cells)
        yield buffer.getvalue().removesuffix("\r\n")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text(value) if isinstance(value, list | dict) else value


def _yaml(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    empty = True
    for row in rows:
        empty = False
        text = yaml.dump([row], Dumper=dumper, sort_keys=False, allow_unicode=True, width=2**20)
        yield text.rstrip("\n")
    if empty:
        yield "[]"


def data_lines(records: Records[Any], form: str) -> Iterator[str]:
    """Yield rows in a data format, without the newline behind each piece."""
    rows = map(plain_of(records.type), records.rows)
    return plain_lines(rows, form, [field.name for field in fields_of(records.type)])


def plain_lines(rows: Iterable[dict[str, Any]], form: str, names: list[str]) -> Iterator[str]:
    """Yield dicts of plain values in a data format; `names` are the columns of CSV."""
    if form == "json":
        return _json_array(rows)
    if form == "jsonl":
        return map(json_text, rows)
    if form == "csv":
        return _csv(rows, names)
    return _yaml(rows)
