"""What fits where a word is being typed, asked of the command's own declaration."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem, ShellComplete

from guestshell.commands.context import Context
from guestshell.commands.declaration import COMMANDS, FILTERS, GuestCommand
from guestshell.commands.parameters import PARTIAL, HostPath
from guestshell.commands.piped import FieldName, Piped
from guestshell.language.cursor import Cursor
from guestshell.language.lexer import lex
from guestshell.language.parser import Stage
from guestshell.language.words import Word, as_typed, word_of
from guestshell.output.results import Records

_MOST_PROGRAMS = 200


class Candidate(NamedTuple):
    """A word that could stand there; `explanation` is one line or empty.

    It `is_open` when more is to come: a directory, or what several names have in common.
    """

    value: str
    explanation: str = ""
    is_open: bool = False


def candidates(context: Context, cursor: Cursor) -> list[Candidate]:
    """Give the words that could stand at the cursor. Never fails."""
    try:
        return list(_candidates(context, cursor))
    except Exception:  # a half-typed line may be anything; a Tab that finds nothing is no error
        return []


def _candidates(context: Context, cursor: Cursor) -> Iterable[Candidate]:
    incomplete = cursor.typed.value
    if cursor.in_redirect or (cursor.forced and cursor.words):
        return _of_items(_host_paths(incomplete))
    if not cursor.words:
        return _names(context, cursor, incomplete)
    words = [word_of(token, as_typed) for token in cursor.words]
    if cursor.before:
        declared: GuestCommand | None = FILTERS.get(words[0])
        settings: object = Piped(context, _rows_of(context, cursor.before))
    else:
        words = _without_alias(context, words)
        declared, settings = COMMANDS.get(words[0]), context
        if declared is not None and declared.is_prefix:
            rest = declared.rest_of(cursor.words)
            return candidates(context, Cursor(cursor.typed, rest, ()))
    if declared is None:
        return _of_items(_host_paths(incomplete)) if cursor.before else ()
    return _of_items(_items(declared, settings, words[1:], incomplete))


def _names(context: Context, cursor: Cursor, incomplete: str) -> Iterator[Candidate]:
    if cursor.forced:
        yield from map(Candidate, _programs(incomplete))
        return
    declared: dict[str, GuestCommand] = dict(FILTERS) if cursor.before else dict(COMMANDS)
    found = {name: command.summary for name, command in declared.items()}
    found |= {name: f"alias of {line}" for name, line in context.settings.aliases.items()}
    fitting = sorted(name for name in found if name.startswith(incomplete))
    yield from (Candidate(name, found[name]) for name in fitting)
    if cursor.before and incomplete and not fitting:
        yield from map(Candidate, _programs(incomplete))


def _programs(incomplete: str) -> list[str]:
    found: set[str] = set()
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        try:
            with os.scandir(directory) as entries:
                found.update(e.name for e in entries if e.name.startswith(incomplete))
        except OSError:
            continue
    return sorted(found)[:_MOST_PROGRAMS]


def _host_paths(incomplete: str) -> list[CompletionItem]:
    argument = click.Argument(["host"])
    return HostPath().shell_complete(click.Context(click.Command("")), argument, incomplete)


def _without_alias(context: Context, words: list[Word]) -> list[Word]:
    line = context.settings.aliases.get(words[0])
    if line is None:
        return words
    return [*(word_of(token, as_typed) for token in lex(line)), *words[1:]]


def _rows_of(context: Context, stages: Sequence[Stage]) -> Records[object] | None:
    """Give no rows of the type that stages give: none of them is run on a guest for it."""
    rows: Records[object] | None = None
    for place, stage in enumerate(stages):
        words = [word_of(token, as_typed) for token in stage.tokens]
        if stage.forced or not words:
            return None
        if place == 0:
            words = _without_alias(context, words)
            declared = COMMANDS.get(words[0])
            if declared is not None and declared.is_prefix:
                words = [word_of(token, as_typed) for token in declared.rest_of(stage.tokens)]
                declared = COMMANDS.get(words[0]) if words else None
            row_type = declared.row_type_of(words[1:]) if declared else None
            if row_type is None:
                return None
            rows = Records([], row_type)
        elif (chosen := FILTERS.get(words[0])) is None:
            return None
        elif chosen.effects:
            if chosen.row_type is not None:
                rows = Records([], chosen.row_type)
        else:
            result = chosen.run(words[1:], Piped(context, rows))
            rows = result if isinstance(result, Records) else None
    return rows


def _of_items(items: Iterable[CompletionItem]) -> Iterator[Candidate]:
    for item in items:
        is_open = item.type == PARTIAL or item.value.endswith("/")
        yield Candidate(item.value, item.help or "", is_open)


def _items(
    declared: GuestCommand, settings: object, arguments: Sequence[str], incomplete: str
) -> list[CompletionItem]:
    completer = ShellComplete(declared, {"obj": settings}, declared.name or "", "")
    items = completer.get_completions(list(arguments), incomplete)
    positional = [p for p in declared.params if isinstance(p, click.Argument)]
    given = [word for word in arguments if not word.startswith("-")]
    with declared.make_context(
        declared.name, list(arguments), resilient_parsing=True, obj=settings
    ) as parsed:
        if len(positional) > 1 and positional[-2].nargs == -1 and given:
            # after `save A B` the word being typed may be one more source or the target
            items += positional[-1].shell_complete(parsed, incomplete)
        if incomplete.startswith("-"):
            for argument in positional:  # a descending field, which click takes for an option
                if isinstance(argument.type, FieldName):
                    items += argument.shell_complete(parsed, incomplete)
    return items


@cache
def usage_hint(name: str, *, is_filter: bool) -> str:
    """Give how a command or filter is used on one line; empty for none."""
    declared: GuestCommand | None = FILTERS.get(name) if is_filter else COMMANDS.get(name)
    return f"{declared.usage_hint()}   {declared.summary}" if declared else ""
