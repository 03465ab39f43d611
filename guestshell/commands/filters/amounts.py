"""How many: first, last, skip, count, group, flatten, wc."""

import dataclasses
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import click

from guestshell.commands.declaration import filter_command
from guestshell.commands.piped import FieldName, Piped, names_in
from guestshell.errors import UsageError
from guestshell.output.fields import Field, field_of, fields_of
from guestshell.output.results import Layout, Records, Text
from guestshell.values import Size

_AMOUNT = click.IntRange(0, 2**62)


@dataclass(frozen=True)
class Count:
    """How many there were."""

    count: int


@dataclass(frozen=True)
class WordCount:
    """The lines, words and bytes of a text, as wc(1) counts them."""

    lines: int
    words: int
    bytes: int


def _each(piped: Piped, rows: Iterable[Any]) -> Records[Any] | Text:
    if isinstance(piped.result, Records):
        return replace(piped.result, rows=rows)
    return Text(rows)


def _rows(piped: Piped) -> Iterator[Any]:
    if isinstance(piped.result, Records):
        return iter(piped.result.rows)
    return piped.lines()


@filter_command(examples=["find / | first", "ls /var/log | sort -size | first 3"])
@click.argument("number", type=_AMOUNT, default=10, metavar="[NUMBER]")
@click.pass_obj
def first(piped: Piped, number: int) -> Records[Any] | Text:
    """Keep the first rows or lines, ten by default.

    The stage before ends with the last one kept.
    """
    return _each(piped, itertools.islice(_rows(piped), number))


@filter_command(examples=["cat /var/log/auth.log | last 3", "packages | sort size | last"])
@click.argument("number", type=_AMOUNT, default=10, metavar="[NUMBER]")
@click.pass_obj
def last(piped: Piped, number: int) -> Records[Any] | Text:
    """Keep the last rows or lines, ten by default."""

    def kept() -> Iterator[Any]:
        yield from deque(_rows(piped), maxlen=min(number, 2**31))

    return _each(piped, kept())


@filter_command(examples=["ls /etc | sort name | skip 2", "cat /etc/passwd | skip 1 | first 2"])
@click.argument("number", type=_AMOUNT, default=1, metavar="[NUMBER]")
@click.pass_obj
def skip(piped: Piped, number: int) -> Records[Any] | Text:
    """Leave out the first rows or lines, one by default."""
    return _each(piped, itertools.islice(_rows(piped), number, None))


@filter_command(examples=["find / -name '*.conf' | count", "cat /etc/passwd | count"])
@click.pass_obj
def count(piped: Piped) -> Records[Count]:
    """Count the rows, or the lines of text."""
    rows = (Count(_number(piped)) for _ in range(1))
    return Records(rows, Count, layout=Layout.LINES)


def _number(piped: Piped) -> int:
    if isinstance(piped.result, Records):
        return sum(1 for _ in piped.result.rows)
    lines, end = 0, b"\n"
    for block in piped.blocks():
        lines += block.count(b"\n")
        end = block[-1:] or end
    return lines + (end != b"\n")  # the last may lack its newline


@filter_command(
    examples=["ls /usr/bin | group kind", "find / | group owner kind -o csv", "users | group shell"]
)
@click.argument("field", nargs=-1, required=True, type=FieldName())
@click.pass_obj
def group(piped: Piped, field: tuple[str, ...]) -> Records[Any]:
    """Count the rows that are alike in a field, or in several, the most first.

    Sizes are added up too.
    """
    records = piped.records()
    keys = [field_of(records.type, name) for name in names_in(field)]
    sums = [
        known
        for known in fields_of(records.type)
        if known.kind is Size and not known.many and known.name not in names_in(field)
    ]
    hints: list[tuple[str, Any]] = [(key.name.replace(".", "_"), key.hint) for key in keys]
    names = [name for name, _ in hints]
    if len(set(names)) < len(names) or "count" in names:
        raise UsageError("each field can be grouped by once, and none called count")
    hints += [("count", int), *((known.name, Size) for known in sums)]
    row_type = dataclasses.make_dataclass("Group", hints, frozen=True)
    rows = _grouped(records.rows, keys, sums, row_type)
    return Records(rows, row_type, human_sizes=records.human_sizes, format=records.format)


def _grouped(
    rows: Iterable[Any], keys: list[Field], sums: list[Field], row_type: type
) -> Iterator[Any]:
    totals: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key = tuple(field.get(row) for field in keys)
        total = totals.setdefault(key, [0] * (1 + len(sums)))
        total[0] += 1
        for place, field in enumerate(sums, 1):
            total[place] += field.get(row) or 0
    for key, total in sorted(totals.items(), key=lambda item: -item[1][0]):
        yield row_type(*key, *total)


@filter_command(examples=["groups | flatten members", "inspect | flatten mounts -o csv"])
@click.argument("field", required=False, type=FieldName())
@click.pass_obj
def flatten(piped: Piped, field: str | None) -> Records[Any]:
    """Make a row of each value of a field that holds several.

    The other fields that hold one value are repeated; without FIELD it is the first that holds
    several.
    """
    records = piped.records()
    if field is None:
        many = next((known for known in fields_of(records.type) if known.many), None)
        if many is None:
            raise UsageError("no field of these rows holds several values")
    else:
        many = field_of(records.type, field)
        if not many.many:
            raise UsageError(f"{field} holds one value", "flatten takes a field with several")
    kept = [known for known in fields_of(records.type) if not known.many and not known.is_row]
    inner = fields_of(many.kind) if many.is_row else ()
    taken = {known.name for known in kept}
    hints = [(known.name, known.hint) for known in kept]
    if many.is_row:
        hints += [
            (f"{many.name}_{known.name}" if known.name in taken else known.name, known.hint)
            for known in inner
        ]
    else:
        hints.append((many.name, many.kind))
    row_type = dataclasses.make_dataclass("Flat", hints, frozen=True)
    rows = _flattened(records.rows, kept, many, inner, row_type)
    return Records(rows, row_type, human_sizes=records.human_sizes, format=records.format)


def _flattened(
    rows: Iterable[Any],
    kept: list[Field],
    many: Field,
    inner: tuple[Field, ...],
    row_type: type,
) -> Iterator[Any]:
    for row in rows:
        values = [field.get(row) for field in kept]
        for item in many.get(row) or ():
            parts = [field.get(item) for field in inner] if many.is_row else [item]
            yield row_type(*values, *parts)


@filter_command(examples=["cat /etc/passwd | wc", "find / -name '*.log' | wc -o json"])
@click.pass_obj
def wc(piped: Piped) -> Records[WordCount]:
    """Count lines, words and bytes; of rows, as a file of them would have."""
    return Records((_word_count(piped.blocks()) for _ in range(1)), WordCount)


def _word_count(blocks: Iterable[bytes]) -> WordCount:
    lines = words = size = 0
    in_word = False
    for block in filter(None, blocks):
        size += len(block)
        lines += block.count(b"\n")
        words += len(block.split())
        if in_word and not block[:1].isspace():
            words -= 1  # a word that the blocks cut in two
        in_word = not block[-1:].isspace()
    return WordCount(lines, words, size)
