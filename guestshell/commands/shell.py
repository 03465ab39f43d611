"""The conversation itself: help, history, clear, exit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from guestshell.commands.context import Context, Leave
from guestshell.commands.declaration import (
    CATEGORIES,
    COMMANDS,
    FILTER_CATEGORY,
    FILTERS,
    GuestCommand,
    command,
    page_width,
)
from guestshell.commands.parameters import Known
from guestshell.commands.suggestions import unknown_command
from guestshell.output.results import ClearScreen, Records, Text


@dataclass(frozen=True)
class Line:
    """A line of the history, counted from 1."""

    number: int
    line: str


class Topic(Known):
    """A command or filter."""

    name = "topic"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the commands and filters there are."""
        return ((name, "") for name in sorted({*COMMANDS, *FILTERS}))


@command(name="help", category="shell", examples=["help", "help find", "help where", "help /hash"])
@click.argument("topic", required=False, type=Topic(), metavar="[COMMAND|FILTER|/WORD]")
def show_help(topic: str | None) -> Text:
    """List commands and filters, explain one, or search for /WORD."""
    if topic is None:
        return Text(_overview())
    if topic.startswith("/"):
        return Text(_search(topic[1:]))
    pages = [known[topic] for known in (COMMANDS, FILTERS) if topic in known]
    if not pages:
        raise unknown_command(topic)
    return Text(_pages(pages))


def _pages(pages: Sequence[GuestCommand]) -> Iterator[str]:
    for place, page in enumerate(pages):
        if place:
            yield from ("", "After a |:", "")
        yield from page.page(page_width())


_WIDTH = 11
_GRAMMAR = """\
COMMAND | FILTER | …  rows go from stage to stage: ls /etc | sort -size | first 5
COMMAND | PROGRAM     text goes to a program of this host: cat /etc/passwd | sort
COMMAND > FILE        into a file of this host: .csv .json .jsonl .yaml .txt choose the format;
                      >> appends, >| overwrites
COMMAND -o FORMAT     rows as table, json, jsonl, csv or yaml; set output json for all
A ; B   # comment     one after the other; -A goes on in a script when A fails
!PROGRAM              runs a program of this host; !! !12 !cat run a line of the history again
* ? [a-z] ** {a,b}    stand for names of the guest; $NAME for what set NAME gave, $? the status"""


def _overview() -> Iterator[str]:
    yield "Available commands"
    for category in CATEGORIES:
        yield ""
        yield f"{category}:"
        yield from _listed(COMMANDS, category)
    yield ""
    yield "filters, after a |:"
    yield from _listed(FILTERS, FILTER_CATEGORY)
    yield ""
    yield "lines:"
    yield from (f"  {line}" for line in _GRAMMAR.splitlines())
    yield ""
    yield "help COMMAND (or COMMAND --help) explains one, help /WORD searches, Tab completes."


def _listed(known: Mapping[str, GuestCommand], category: str) -> Iterator[str]:
    for name, declared in sorted(known.items()):
        if declared.category == category:
            yield f"  {name:<{_WIDTH}}  {declared.summary}"


def _search(word: str) -> Iterator[str]:
    found = [
        declared
        for known in (COMMANDS, FILTERS)
        for _, declared in sorted(known.items())
        if word.lower() in "\n".join(declared.page(page_width())).lower()
    ]
    if not found:
        yield f"No page mentions {word!r}; help lists all commands."
    for declared in found:
        yield f"{declared.name or '':<{_WIDTH}}  {declared.summary}"
        for line in declared.page(page_width()):
            if word.lower() in line.lower():
                yield f"{'':<{_WIDTH}}    {line.strip()}"


@command(category="shell", examples=["history", "history 20", "history passwd", "history 5 cat"])
@click.argument("wanted", nargs=-1, metavar="[COUNT] [WORD]")
@click.pass_obj
def history(context: Context, wanted: tuple[str, ...]) -> Records[Line]:
    """Show the lines typed, in this session and earlier ones.

    COUNT shows only the last so many, WORD only those that contain it. !12 runs line 12 again,
    !! the last one, !cat the last that began with cat.
    """
    rows = [Line(number, line) for number, line in enumerate(context.history(), 1)]
    count = int(wanted[0]) if wanted and wanted[0].isdecimal() else None
    words = wanted[1:] if count is not None else wanted
    rows = [row for row in rows if all(word in row.line for word in words)]
    return Records(rows if count is None else rows[max(len(rows) - count, 0) :], Line)


@command(category="shell", examples=["echo $case", "cat /etc/nothing; echo $?"])
@click.argument("word", nargs=-1, type=click.UNPROCESSED)
def echo(word: tuple[str, ...]) -> Text:
    """Show words as they are read: variables filled in, quotes gone."""
    return Text(" ".join(word).split("\n"))


@command(category="shell", examples=["clear"])
def clear() -> ClearScreen:
    """Empty the screen."""
    return ClearScreen()


def _leave() -> None:
    """Leave the shell; Ctrl-D does the same."""
    raise Leave


command(name="exit", category="shell", examples=["exit"])(_leave)
command(name="quit", category="shell", examples=["quit"])(_leave)
