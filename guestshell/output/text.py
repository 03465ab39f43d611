"""Lay rows out as lines of text.

Not rich's table: it takes 115 ms for the 417 rows of /usr/bin, more than reading them does.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from guestshell.output.cells import Column, columns_of, heading, utc_exact
from guestshell.output.folding import fitting, folded, width_of
from guestshell.output.results import Layout, Records
from guestshell.output.style import paint, style_of_kind
from guestshell.values import Timestamp

_GAP = "  "


def _padded(text: str, width: int, right: bool) -> str:
    fill = " " * (width - width_of(text))
    return fill + text if right else text + fill


def _name_style(row: Any, column: Column) -> str:
    if column.field in ("name", "path") and hasattr(row, "kind") and hasattr(row, "mode"):
        return style_of_kind(row.kind, row.mode)
    return ""


def table(records: Records[Any], *, color: bool, width: int | None = None) -> Iterator[str]:
    """Yield a heading and a line a row; a column is as wide as its widest cell.

    Where that is more than `width` cells in all, wide cells are folded.
    """
    columns = columns_of(records.type, records.columns, records.human_sizes)
    rows = list(records.rows)
    if not rows:
        return
    cells = [[column.text(getattr(row, column.field)) for column in columns] for row in rows]
    by_column = list(zip([column.heading for column in columns], *cells, strict=True))
    narrow = None if width is None else fitting(by_column, width - len(_GAP) * (len(columns) - 1))
    widths = narrow or [max(map(width_of, column)) for column in by_column]
    last = len(columns) - 1

    def line(texts: Iterable[str], styles: list[str]) -> str:
        parts = []
        for index, (text, style) in enumerate(zip(texts, styles, strict=True)):
            right = columns[index].right
            filled = 0 if index == last and not right else widths[index]
            padded = _padded(text, filled, right)
            parts.append(paint(padded, style, color=color) if style else padded)
        return _GAP.join(parts).rstrip(" ")

    yield line([column.heading for column in columns], ["dim"] * len(columns))
    for row, texts in zip(rows, cells, strict=True):
        styles = [_name_style(row, column) for column in columns]
        if narrow is None:
            yield line(texts, styles)
        else:
            for below in zip_longest(*map(folded, texts, narrow), fillvalue=""):
                yield line(below, styles)


def lines(records: Records[Any], *, color: bool, raw_names: bool) -> Iterator[str]:
    """Yield each row as its fields joined; names as their own bytes if `raw_names`."""
    columns = columns_of(records.type, records.columns, records.human_sizes)
    for row in records.rows:
        parts = []
        for column in columns:
            value = getattr(row, column.field)
            text = value if raw_names and isinstance(value, str) else column.text(value)
            parts.append(paint(text, _name_style(row, column), color=color))
        yield records.separator.join(parts)


def checksums(records: Records[Any], *, raw_names: bool) -> Iterator[str]:
    """Yield digest and name; a name with a newline or backslash escaped as sha256sum(1) does.

    Without that a guest could forge lines of the list by the names of its files.
    """
    digest, name = columns_of(records.type, records.columns, records.human_sizes)
    for row in records.rows:
        value = getattr(row, name.field)
        if not raw_names:
            yield f"{digest.text(getattr(row, digest.field))}  {name.text(value)}"
            continue
        escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        mark = "\\" if escaped != value else ""
        yield f"{mark}{getattr(row, digest.field)}  {escaped}"


def grid(records: Records[Any], *, color: bool, width: int) -> Iterator[str]:
    """Yield the names of the rows in columns, read downwards, as wide as the terminal allows."""
    [column] = columns_of(records.type, records.columns, records.human_sizes)
    rows = list(records.rows)
    texts = [column.text(getattr(row, column.field)) for row in rows]
    widths = [width_of(text) for text in texts]
    if not texts:
        return
    count = _grid_columns(widths, width)
    height = -(-len(texts) // count)
    column_widths = [max(widths[i : i + height]) for i in range(0, len(texts), height)]
    for line in range(height):
        parts = []
        for place, index in enumerate(range(line, len(texts), height)):
            fill = " " * (column_widths[place] - widths[index])
            parts.append(paint(texts[index], _name_style(rows[index], column), color=color) + fill)
        yield _GAP.join(parts).rstrip(" ")


def _grid_columns(widths: list[int], total: int) -> int:
    for count in range(min(len(widths), max(total // 3, 1)), 1, -1):
        height = -(-len(widths) // count)
        used = [max(widths[i : i + height]) for i in range(0, len(widths), height)]
        if sum(used) + len(_GAP) * (len(used) - 1) <= total:
            return len(used)
    return 1


def details(records: Records[Any], *, color: bool, width: int | None = None) -> Iterator[str]:
    """Yield a line for each field of each row; rows inside a field become a table below it."""
    for index, row in enumerate(records.rows):
        if index:
            yield ""
        yield from _fields(row, records.human_sizes, color, width)


def _fields(row: Any, human_sizes: bool, color: bool, width: int | None) -> Iterator[str]:
    for column in columns_of(type(row), (), human_sizes):
        value = getattr(row, column.field)
        label = paint(heading(column.field) + ":", "bold", color=color)
        if dataclasses.is_dataclass(value):
            yield f"{label} {column.text(value)}"
            # its first field is the name just shown
            yield from list(_fields(value, human_sizes, color, width))[1:]
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            yield label
            inner: Records[Any] = Records(value, type(value[0]), human_sizes=human_sizes)
            room = None if width is None else width - len(_GAP)
            yield from (_GAP + line for line in table(inner, color=color, width=room))
        elif value is not None and value not in ((), ""):
            yield f"{label} {_exact(row, column, value)}"


def _exact(row: Any, column: Column, value: Any) -> str:
    declared = type(row).__annotations__.get(column.field)
    if declared in (Timestamp, "Timestamp"):
        return f"{utc_exact(value)} ({value} ns)"
    return column.text(value)


def render(records: Records[Any], *, color: bool, width: int, terminal: bool) -> Iterable[str]:
    """Yield rows as lines in their layout, safe for a terminal.

    Where there is no terminal, one-per-line layouts give names as their own bytes.
    """
    if records.layout is Layout.TABLE:
        return table(records, color=color, width=width if terminal else None)
    if records.layout is Layout.DETAILS:
        return details(records, color=color, width=width if terminal else None)
    if records.layout is Layout.GRID and terminal:
        return grid(records, color=color, width=width)
    if records.layout is Layout.CHECKSUMS:
        return checksums(records, raw_names=not terminal)
    return lines(records, color=color, raw_names=not terminal)
