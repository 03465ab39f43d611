"""What a filter is given: the result of the stage before it, as rows, lines or bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem

from guestshell.commands.context import Context
from guestshell.commands.parameters import ParameterType
from guestshell.errors import UsageError
from guestshell.language.expression import COMPARISONS, Expects, parse_expression
from guestshell.language.words import Word, bare_word
from guestshell.output.bytes import whole_lines
from guestshell.output.encoded import encoded
from guestshell.output.fields import field_of, names_of
from guestshell.output.results import Records, Result


@dataclass
class Piped:
    """The result of the stage before, and the conversation."""

    context: Context
    result: Result

    def records(self) -> Records[Any]:
        """Give the rows. Raises UsageError where there are none."""
        if not isinstance(self.result, Records):
            raise UsageError(
                "there are no rows to work on, only text",
                "grep, first, last, skip, count, sort, unique, wc and jq take text too",
            )
        return self.result

    def lines(self) -> Iterator[str]:
        """Yield the lines of text, or of rows as they would be written.

        Raises GuestShellError for one too long to work on.
        """
        return whole_lines(self.blocks())

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes that a file would get."""
        return encoded(self.result, self.context.settings.text("output"))


def names_in(words: Sequence[str]) -> list[str]:
    """Give the names among words, which commas may separate too."""
    return [name for word in words for name in word.split(",") if name]


class FieldName(ParameterType):
    """A field of the rows that come, checked by the filter itself; completes their names."""

    name = "field"

    def __init__(self, *, descending: bool = False) -> None:
        """`descending`: a dash may stand before the name."""
        self._descending = descending

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Give the fields of the stage before, which is not run for it."""
        piped = ctx.obj
        if not isinstance(piped, Piped) or not isinstance(piped.result, Records):
            return []
        dash = "-" if self._descending and incomplete.startswith("-") else ""
        names = names_of(piped.result.type)
        return [
            CompletionItem(dash + name)
            for name in names
            if name.startswith(incomplete.removeprefix(dash))
        ]


class Condition(ParameterType):
    """The words of a condition, which the filter understands; completes each by its place."""

    name = "expression"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Give the fields, operators or values that may come next."""
        piped = ctx.obj
        if not isinstance(piped, Piped) or not isinstance(piped.result, Records):
            return []
        given = ctx.params.get(param.name or "") or ()
        words = [word if isinstance(word, Word) else bare_word(word) for word in given]
        found = parse_expression(words)
        choices: list[str] = []
        if found.expects is Expects.FIELD:
            choices = [*names_of(piped.result.type), "not"]
        elif found.expects is Expects.OPERATOR:
            choices = [*COMPARISONS, "in", "and", "or"]
        elif found.expects is Expects.CONNECTIVE:
            choices = ["and", "or"]
        elif field_of(piped.result.type, found.field).kind is bool:
            choices = ["yes", "no"]
        return [CompletionItem(word) for word in choices if word.startswith(incomplete)]
