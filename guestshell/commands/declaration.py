"""Declare a command once; parser, completion, help and reference derive from it."""

from collections.abc import Callable, Sequence
from typing import Any

import click

COMMANDS: dict[str, "GuestCommand"] = {}
"""Every declared command by name."""

CATEGORIES = ("navigate", "read", "measure", "system", "storage", "carry out", "shell")
"""The headings of the help, in their order."""


class HelpRequested(Exception):
    """A command was asked for its own help page."""

    def __init__(self, command: "GuestCommand") -> None:
        super().__init__(command.name)
        self.command = command


class GuestCommand(click.Command):
    """A click command with a category and examples, whose callback gives a result."""

    category: str
    examples: tuple[str, ...]

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
        settings = {"help_option_names": ["-h", "--help"]}
        return click.Context(self, info_name=self.name, terminal_width=width, **settings)  # type: ignore[arg-type]

    def page(self, width: int) -> list[str]:
        """Give its help page as lines."""
        lines = self.get_help(self.context(min(width, 100))).splitlines()
        return [*lines, "", "Examples:", *(f"  {example}" for example in self.examples)]


def command(
    *, category: str, examples: Sequence[str], name: str | None = None
) -> Callable[[Callable[..., Any]], GuestCommand]:
    """Declare a command. One without category, help or example fails at import."""

    def declare(function: Callable[..., Any]) -> GuestCommand:
        made = click.command(
            name or function.__name__,
            cls=GuestCommand,
            context_settings={"help_option_names": ["-h", "--help"]},
        )(function)
        if category not in CATEGORIES:
            raise ValueError(f"{made.name}: no category {category!r}")
        if not made.help or not examples:
            raise ValueError(f"{made.name}: needs a docstring and an example")
        if made.name is None or made.name in COMMANDS:
            raise ValueError(f"{made.name}: is declared twice")
        made.category = category
        made.examples = tuple(examples)
        COMMANDS[made.name] = made
        return made

    return declare
