"""Declare a command once; parser, completion, help and reference derive from it."""

import shutil
import textwrap
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any, TypeVar

import click

from guestshell.errors import UsageError
from guestshell.language.lexer import Token
from guestshell.language.suggestions import did_you_mean
from guestshell.output.fields import fields_of
from guestshell.output.formats import FORMATS
from guestshell.output.results import Records, Result, Text

_Command = TypeVar("_Command", bound="GuestCommand")

COMMANDS: dict[str, "GuestCommand"] = {}
"""Every declared command by name."""

FILTERS: dict[str, "FilterCommand"] = {}
"""What may stand after a `|`, by name."""

CATEGORIES = (
    "navigate",
    "read",
    "measure",
    "system",
    "accounts",
    "software",
    "services",
    "network",
    "traces",
    "windows",
    "storage",
    "carry out",
    "shell",
)
"""The headings of the help, in their order; filters come under one of their own."""

FILTER_CATEGORY = "filter"


class HelpRequested(Exception):
    """A command was asked for its own help page."""

    def __init__(self, command: "GuestCommand") -> None:
        super().__init__(command.name)
        self.command = command


class GuestCommand(click.Command):
    """A click command with a category and examples, whose callback gives a result.

    `row_type` is that of the rows it gives, None where it gives none; `rows_when` has the
    parameters that make it give rows of other types. One that `is_prefix`
    stands before a whole pipeline, which it runs. One that does something to the conversation
    alone `needs_session`.
    """

    category: str
    examples: tuple[str, ...]
    row_type: type | None = None
    rows_when: Mapping[str, type] = {}
    is_prefix = False
    needs_session = False

    def run(self, words: Sequence[str], obj: object) -> Result:
        """Run it with words as its arguments and give its result, perhaps still being found.

        Asked for help it gives its page. Raises UsageError, or what the command raises.
        """
        try:
            with self.make_context(self.name, list(words), obj=obj) as context:
                return self.give(context)
        except HelpRequested as asked:
            return Text(asked.command.page(page_width()))
        except click.UsageError as error:
            raise usage_error(self, error, words) from None

    def give(self, context: click.Context) -> Result:
        """Call it with what was parsed, and give its result in the format asked for."""
        chosen = context.params.pop(_FORMAT_PARAMETER, None)
        if chosen and hasattr(context.obj, "whole_rows"):
            context.obj.whole_rows = chosen != "table"
        result: Result = self.invoke(context)
        if not chosen:
            return result
        if not isinstance(result, Records):
            raise UsageError(f"{self.name}: -o is for rows, and this is text")
        return replace(result, format=chosen)

    def rest_of(self, tokens: Sequence[Token]) -> tuple[Token, ...]:
        """Give those words of a prefix and its line that are the line's."""
        words = [token.value for token in tokens[1:]]
        try:
            with self.make_context(self.name, list(words), resilient_parsing=True) as parsed:
                count = len(parsed.params.get("line") or ())
        except click.UsageError:
            return ()
        return tuple(tokens[len(tokens) - count :]) if count else ()

    def row_types(self) -> dict[str, type]:
        """Give the types of its rows by the option that asks for them, "" for none."""
        if self.row_type is None or self.row_type is object:
            return {}
        options = {p.opts[-1]: self.rows_when.get(p.name or "") for p in self.params}
        others = {option: kind for option, kind in options.items() if kind is not None}
        return {"": self.row_type, **others}

    def row_type_of(self, words: Sequence[str]) -> type | None:
        """Give the type of the rows it gives when called with these words."""
        with self.make_context(self.name, list(words), resilient_parsing=True) as context:
            given = (kind for name, kind in self.rows_when.items() if context.params.get(name))
            return next(given, self.row_type)

    @property
    def summary(self) -> str:
        """The first line of its help, without the full stop."""
        return (self.help or "").strip().splitlines()[0].rstrip(".")

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Give an option that asks for the help page instead of printing it."""
        names = self.get_help_option_names(ctx)

        def ask(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:
            if value and not ctx.resilient_parsing:
                raise HelpRequested(self)

        return click.Option(
            sorted(names, key=len),
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=ask,
            help="Show this page.",
        )

    def usage_hint(self) -> str:
        """Give its usage on one line, e.g. `ls [OPTIONS] [PATH]...`."""
        context = self.context()
        return " ".join([self.name or "", *self.collect_usage_pieces(context)])

    def context(self, width: int | None = None) -> click.Context:
        """Give a context for asking about the declaration, nothing parsed."""
        return click.Context(
            self,
            info_name=self.name,
            terminal_width=width,
            help_option_names=["-h", "--help"],
        )

    def page(self, width: int) -> list[str]:
        """Give its help page as lines."""
        lines = self.get_help(self.context(min(width, 100))).splitlines()
        for option, row_type in self.row_types().items():
            names = ", ".join(field.name for field in fields_of(row_type))
            of_which = f"its rows with {option}" if option else "its rows"
            lines += ["", *textwrap.wrap(f"Fields of {of_which}: {names}", min(width, 80) - 1)]
        return [*lines, "", "Examples:", *(f"  {example}" for example in self.examples)]


class FilterCommand(GuestCommand):
    """A command that stands after a `|`. One with `effects` does more than give a result."""

    category = FILTER_CATEGORY
    effects = False


_FORMAT_PARAMETER = "output_format"

_Callback = Callable[..., Any]


def _row_type(function: _Callback) -> type | None:
    """Give T of a function that returns `Records[T]`, perhaps among others."""
    hint = typing.get_type_hints(function).get("return")
    for option in (hint, *typing.get_args(hint)):
        if typing.get_origin(option) is Records:
            [row_type] = typing.get_args(option)
            return typing.cast(type, row_type) if is_dataclass(row_type) else object
    return None


def _made(
    kind: type[_Command], function: _Callback, name: str | None, examples: Sequence[str]
) -> _Command:
    made = click.command(
        name or function.__name__,
        cls=kind,
        context_settings={"help_option_names": ["-h", "--help"]},
    )(function)
    if not made.help or not examples:
        raise ValueError(f"{made.name}: needs a docstring and an example")
    made.row_type = _row_type(function)
    if made.row_type is not None:
        made.params.append(
            click.Option(
                ["-o", "--output", _FORMAT_PARAMETER],
                type=click.Choice(FORMATS),
                help="Write the rows so.",
            )
        )
    made.examples = tuple(examples)
    return made


def command(
    *,
    category: str,
    examples: Sequence[str],
    name: str | None = None,
    prefix: bool = False,
    needs_session: bool = False,
    rows_when: Mapping[str, type] = {},
) -> Callable[[_Callback], GuestCommand]:
    """Declare a command. One without category, help or example fails at import.

    `rows_when` names the parameters that make it give rows of another type.
    """

    def declare(function: _Callback) -> GuestCommand:
        made = _made(GuestCommand, function, name, examples)
        if category not in CATEGORIES:
            raise ValueError(f"{made.name}: no category {category!r}")
        if made.name is None or made.name in COMMANDS:
            raise ValueError(f"{made.name}: is declared twice")
        made.category = category
        made.rows_when = rows_when
        made.is_prefix = prefix
        made.needs_session = needs_session or category == "shell"
        if prefix:
            made.allow_interspersed_args = False
        COMMANDS[made.name] = made
        return made

    return declare


def filter_command(
    *,
    examples: Sequence[str],
    name: str | None = None,
    effects: bool = False,
    kind: type[FilterCommand] = FilterCommand,
) -> Callable[[_Callback], FilterCommand]:
    """Declare what may stand after a `|`; its function gets a `Piped` first."""

    def declare(function: _Callback) -> FilterCommand:
        made = _made(kind, function, name, examples)
        if made.name is None or made.name in FILTERS:
            raise ValueError(f"{made.name}: is declared twice")
        made.effects = effects
        FILTERS[made.name] = made
        return made

    return declare


def page_width() -> int:
    """Give how wide a help page may be, in columns."""
    return min(shutil.get_terminal_size().columns, 80)


def usage_error(
    declared: click.Command, error: click.UsageError, words: Sequence[str]
) -> UsageError:
    """Give click's error in our words, with what was probably meant."""
    in_shell = isinstance(declared, GuestCommand) or declared.name == "guestctl"
    hint = f"{'' if in_shell else 'guestctl '}{declared.name} --help explains it"
    if isinstance(error, click.NoSuchOption):
        # of an unknown -name click tells only its first letter
        word = next((w for w in words if w.startswith(error.option_name[:2])), "")
        unknown = word.partition("=")[0] or error.option_name
        options = [
            name for parameter in declared.params for name in parameter.opts if name.startswith("-")
        ]
        hint = did_you_mean(unknown, options) or hint
        return UsageError(f"{declared.name}: no such option: {unknown}", hint)
    if isinstance(error, click.MissingParameter) and any(not w.startswith("-") for w in words):
        # of `save FILE` click misses the files, but it is the last argument that is
        *_, last = [p for p in declared.params if isinstance(p, click.Argument) and p.required]
        return UsageError(
            f"{declared.name}: {last.metavar or str(last.name).upper()} is missing", hint
        )
    message = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(f"{declared.name}: {message[:1].lower()}{message[1:]}", hint)
