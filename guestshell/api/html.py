"""Rows and single values as HTML for notebooks; what a guest wrote stays text."""

import dataclasses
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from guestshell.output.cells import Column, columns_of, heading

_SHOWN = 100
"""Rows that a notebook shows; the rest is counted."""


def table(rows: Sequence[Any], row_type: type, columns: tuple[str, ...] = ()) -> str:
    """Give rows as a table, the first 100 of them, made safe as for a terminal."""
    shown = columns_of(row_type, columns, True)
    head = "".join(f"<th>{escape(column.heading)}</th>" for column in shown)
    body = "".join(f"<tr>{''.join(_cells(row, shown))}</tr>" for row in rows[:_SHOWN])
    more = len(rows) - _SHOWN
    foot = f"<p>… and {more:,} more rows</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def _cells(row: Any, columns: tuple[Column, ...]) -> Iterator[str]:
    for column in columns:
        side = "right" if column.right else "left"
        text = escape(column.text(getattr(row, column.field)))
        yield f'<td style="text-align: {side}; white-space: pre-wrap">{text}</td>'


def details(value: Any) -> str:
    """Give the fields of a dataclass that are not empty, one a row, inner rows as tables."""
    return f"<table><tbody>{''.join(_fields(value))}</tbody></table>"


def _fields(value: Any) -> Iterator[str]:
    for column in columns_of(type(value), (), True):
        inner = getattr(value, column.field)
        if inner is None or inner in ((), ""):
            continue
        if dataclasses.is_dataclass(inner):
            cell = details(inner)
        elif isinstance(inner, tuple) and dataclasses.is_dataclass(inner[0]):
            cell = table(inner, type(inner[0]))
        else:
            cell = escape(column.text(inner))
        yield (
            f'<tr><th style="text-align: left; vertical-align: top">{heading(column.field)}</th>'
            f'<td style="text-align: left; white-space: pre-wrap">{cell}</td></tr>'
        )
