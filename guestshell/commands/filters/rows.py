"""Choose and order rows: where, sort, select, unique."""

import dataclasses
import hashlib
import keyword
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import click

from guestshell.commands.declaration import FilterCommand, filter_command
from guestshell.commands.piped import Condition, FieldName, Piped, names_in
from guestshell.errors import UsageError
from guestshell.language.expression import parse_expression
from guestshell.language.words import Word, bare_word
from guestshell.output.conditions import test_of
from guestshell.output.fields import Field, field_of, fields_of
from guestshell.output.results import Records, Text
from guestshell.values import encode_name

_DESCENDING = "\N{MINUS SIGN}"


class _WhereCommand(FilterCommand):
    """Leaves words such as -1 to the condition."""

    ignore_unknown_options = True


@filter_command(
    kind=_WhereCommand,
    examples=[
        "ls -a /etc | where size > 1K and kind = file",
        "find / -type f | where mtime > 2026-03-14 and not owner = root",
        "packages | where name =~ '^lib' or size >= 10M",
        "users | where shell in (/bin/bash, /bin/sh)",
        "ls /var/log | where mtime < 7d | sort -size",
    ],
)
@click.argument("expression", nargs=-1, required=True, type=Condition())
@click.pass_obj
def where(piped: Piped, expression: tuple[str, ...]) -> Records[Any]:
    """Keep the rows for which a condition holds.

    A condition compares a field with a value: = != < <= > >=, =~ and !~ for a regular
    expression, in (A, B) for any of several. and, or, not and parentheses join conditions; a
    field alone holds when it has a value that is not 0.

    Sizes are written 512, 10K, 1.5M; times 2026-03-14 or 2026-03-14T02:11:07Z, in UTC; ages 90s,
    15m, 6h, 2d, 3w: `mtime > 2d` is more than two days old. Modes are octal or as ls shows them.
    A field of several values fits when one of them does. <, > and | in a regular expression need
    quotes.
    """
    records = piped.records()
    words = [word if isinstance(word, Word) else bare_word(word) for word in expression]
    found = parse_expression(words)
    if found.condition is None:
        raise UsageError(f"column {found.column + 1}: {found.problem}", "where --help explains it")
    if found.used < len(words):
        extra = words[found.used]
        raise UsageError(
            f"column {extra.start + 1}: {extra!r} cannot follow here", "and, or join conditions"
        )
    return replace(records, rows=filter(test_of(found.condition, records.type), records.rows))


class _SortCommand(FilterCommand):
    """Takes `-field` for a descending field, which click would read as options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        fields = [
            _DESCENDING + word[1:]
            if len(word) > 1 and word[0] == "-" != word[1] and word not in ("-o", "-h")
            else word
            for word in args
        ]
        return super().parse_args(ctx, fields)


def _key(field: Field) -> Callable[[Any], tuple[bool, Any]]:
    get = field.get
    if field.is_row or field.many:
        return lambda row: (get(row) is None, str(get(row)))
    return lambda row: ((value := get(row)) is None, 0 if value is None else value)


@filter_command(
    examples=["ls /var/log | sort size", "find / -type f | sort -size path | first 10"],
    kind=_SortCommand,
)
@click.argument("field", nargs=-1, type=FieldName(descending=True))
@click.pass_obj
def sort(piped: Piped, field: tuple[str, ...]) -> Records[Any] | Text:
    """Order rows by fields; -FIELD turns its order round.

    Rows that are equal keep their order, rows without a value come last. Lines of text are
    ordered by their bytes, without FIELD.
    """
    if not field and not isinstance(piped.result, Records):
        return Text(_sorted_lines(piped))
    if not isinstance(piped.result, Records):
        raise UsageError("text has no fields to sort by", "| !sort runs the host's")
    records = piped.records()
    if not field:
        raise UsageError("a field to sort by is missing", "sort -size puts the largest first")
    keys = []
    for name in names_in(field):
        descending = name.startswith((_DESCENDING, "-"))
        keys.append((field_of(records.type, name.lstrip(_DESCENDING + "-")), descending))
    return replace(records, rows=_sorted(records.rows, keys))


def _sorted_lines(piped: Piped) -> Iterator[str]:
    yield from sorted(piped.lines(), key=encode_name)


def _sorted(rows: Iterable[Any], keys: Sequence[tuple[Field, bool]]) -> Iterator[Any]:
    ordered = list(rows)
    for field, descending in reversed(keys):
        key = _key(field)
        if descending:
            # what has no value stays last
            valued = [row for row in ordered if not key(row)[0]]
            ordered = sorted(valued, key=key, reverse=True) + [r for r in ordered if key(r)[0]]
        else:
            ordered.sort(key=key)
    yield from ordered


@filter_command(
    examples=[
        "ls /etc | select name size",
        "packages | select name, version, size as bytes -o csv",
        "inspect | select os.version os.hostname",
    ]
)
@click.argument("field", nargs=-1, required=True, type=FieldName())
@click.pass_obj
def select(piped: Piped, field: tuple[str, ...]) -> Records[Any]:
    """Keep only these fields, in this order; FIELD as NAME renames one.

    FIELD.INNER is a field of a row inside a row.
    """
    records = piped.records()
    chosen = [(field_of(records.type, name), new) for name, new in _renamed(field)]
    row_type = _row_type([(new, known) for known, new in chosen])
    getters = [known.get for known, _ in chosen]
    rows = (row_type(*(get(row) for get in getters)) for row in records.rows)
    return Records(rows, row_type, human_sizes=records.human_sizes, format=records.format)


def _renamed(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = [part for word in words for part in word.split(",") if part]
    while rest:
        name = rest.pop(0)
        if rest[:1] == ["as"]:
            if len(rest) < 2:
                raise UsageError(f"a name for {name} is missing after as")
            yield name, rest[1]
            del rest[:2]
        else:
            yield name, name.replace(".", "_")


def _row_type(fields: Sequence[tuple[str, Field]]) -> type:
    names = [name for name, _ in fields]
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
            raise UsageError(f"{name!r} cannot name a field", "letters, digits and _")
        if names.count(name) > 1:
            raise UsageError(f"there are two fields {name!r}", f"rename one: {name} as NAME")
    hints = [(name, field.hint) for name, field in fields]
    return dataclasses.make_dataclass("Row", hints, frozen=True, slots=True)


@filter_command(examples=["users | unique shell", "find /etc | unique owner group"])
@click.argument("field", nargs=-1, type=FieldName())
@click.pass_obj
def unique(piped: Piped, field: tuple[str, ...]) -> Records[Any] | Text:
    """Keep the first of rows that are alike, in some fields or in all.

    Of text, the first of lines that are alike.
    """
    if not isinstance(piped.result, Records):
        return Text(_firsts(piped.lines(), lambda line: line))
    records = piped.records()
    chosen = [field_of(records.type, name) for name in names_in(field)] or fields_of(records.type)
    getters = [known.get for known in chosen]
    return replace(
        records, rows=_firsts(records.rows, lambda row: repr([get(row) for get in getters]))
    )


def _firsts(rows: Iterable[Any], text_of: Callable[[Any], str]) -> Iterator[Any]:
    seen: set[bytes] = set()
    for row in rows:
        # a digest each: memory stays small however long the rows are
        digest = hashlib.blake2b(
            text_of(row).encode("utf-8", "surrogateescape"), digest_size=16
        ).digest()
        if digest not in seen:
            seen.add(digest)
            yield row
