"""The conversation itself: help, history, clear, exit."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from guestshell.commands.context import Context, Leave
from guestshell.commands.declaration import CATEGORIES, COMMANDS, command
from guestshell.commands.parameters import CommandName
from guestshell.commands.suggestions import unknown_command
from guestshell.output.results import ClearScreen, Records, Text

_PAGE_WIDTH = 80


@dataclass(frozen=True)
class Line:
    """A line of the history, counted from 1."""

    number: int
    line: str


@command(name="help", category="shell", examples=["help", "help find", "help /hash"])
@click.argument("topic", required=False, type=CommandName(), metavar="[COMMAND|/WORD]")
def show_help(topic: str | None) -> Text:
    """List the commands, explain one, or search all pages for /WORD."""
    if topic is None:
        return Text(_overview())
    if topic.startswith("/"):
        return Text(_search(topic[1:]))
    if topic not in COMMANDS:
        raise unknown_command(topic)
    return Text(COMMANDS[topic].page(_PAGE_WIDTH))


def _overview() -> Iterator[str]:
    width = max(map(len, COMMANDS))
    yield "Available commands"
    for category in CATEGORIES:
        yield ""
        yield f"{category}:"
        for name, declared in sorted(COMMANDS.items()):
            if declared.category == category:
                yield f"  {name:<{width}}  {declared.summary}"
    yield ""
    yield "help COMMAND (or COMMAND --help) explains one, help /WORD searches, Tab completes."


def _search(word: str) -> Iterator[str]:
    width = max(map(len, COMMANDS))
    found = [
        declared
        for _, declared in sorted(COMMANDS.items())
        if word.lower() in "\n".join(declared.page(_PAGE_WIDTH)).lower()
    ]
    if not found:
        yield f"No page mentions {word!r}; help lists all commands."
    for declared in found:
        yield f"{declared.name or '':<{width}}  {declared.summary}"
        for line in declared.page(_PAGE_WIDTH):
            if word.lower() in line.lower():
                yield f"{'':<{width}}    {line.strip()}"


@command(category="shell", examples=["history", "history 20", "history 20 passwd"])
@click.argument("count", type=click.IntRange(0), required=False)
@click.argument("word", required=False)
@click.pass_obj
def history(context: Context, count: int | None, word: str | None) -> Records[Line]:
    """Show the lines typed, in this session and earlier ones.

    COUNT shows only the last so many, WORD only those that contain it.
    """
    rows = [Line(number, line) for number, line in enumerate(context.history(), 1)]
    if word is not None:
        rows = [row for row in rows if word in row.line]
    if count is not None:
        rows = rows[max(len(rows) - count, 0) :]
    return Records(rows, Line)


@command(category="shell", examples=["clear"])
def clear() -> ClearScreen:
    """Empty the screen."""
    return ClearScreen()


def _leave() -> None:
    """Leave the shell; Ctrl-D does the same."""
    raise Leave


command(name="exit", category="shell", examples=["exit"])(_leave)
command(name="quit", category="shell", examples=["quit"])(_leave)
