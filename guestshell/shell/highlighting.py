"""Colour a line as it is typed: what is known, what is not, what is quoted."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import click
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from guestshell.commands import COMMANDS, FILTERS
from guestshell.language.lexer import Kind, Token, lex
from guestshell.language.parser import Stage, parse

STYLE = Style.from_dict(
    {
        "command": "ansigreen bold",
        "command.unknown": "ansired",
        "option": "ansicyan",
        "option.unknown": "ansired",
        "program": "ansimagenta",
        "quoted": "ansiyellow",
        "variable": "ansicyan bold",
        "operator": "ansired",
        "comment": "ansibrightblack",
        "prompt": "bold",
        "prompt.path": "ansiblue bold",
        "bottom-toolbar": "noreverse bg:ansibrightblack ansiwhite",
        "bottom-toolbar.text": "",
        "auto-suggestion": "ansibrightblack",
    }
)


def _known_options(command: click.Command) -> set[str]:
    options = {"--help", "-h"}
    for parameter in command.params:
        options.update(parameter.opts, parameter.secondary_opts)
    return options


def _is_known_option(word: str, command: click.Command) -> bool:
    known = _known_options(command)
    if word.partition("=")[0] in known:
        return True
    # short flags may be run together: -ltr
    return not word.startswith("--") and all(f"-{letter}" in known for letter in word[1:])


def style_of(token: Token, index: int, stage: Stage, command: click.Command | None) -> str:
    """Give the style class of one word of a stage; `command` is what its first word names."""
    if token.is_operator:
        return "class:operator"
    if index == 0:
        if stage.forced:
            return "class:program"
        return "class:command" if command is not None else "class:command.unknown"
    if command is not None and token.value.startswith("-") and len(token.value) > 1:
        known = _is_known_option(token.value, command)
        return "class:option" if known else "class:option.unknown"
    if any(piece.kind is Kind.VARIABLE for piece in token.pieces):
        return "class:variable"
    return "class:quoted" if token.quoted else ""


class LineLexer(Lexer):
    """Highlights with the lexer that also splits the line into words."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        """`aliases` are names that count as commands."""
        self._aliases = aliases

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Give the coloured fragments of a line by its number."""

        def fragments(number: int) -> StyleAndTextTuples:
            return self._fragments(document.lines[number])

        return fragments

    def _fragments(self, line: str) -> StyleAndTextTuples:
        styles = {
            token.start: (token.end, style)
            for pipeline in parse(line).pipelines
            for place, stage in enumerate(pipeline.stages)
            for token, style in self._styled(stage, place > 0)
        }
        for token in lex(line):
            if token.is_operator:
                styles.setdefault(token.start, (token.end, "class:operator"))
        found: StyleAndTextTuples = []
        position = 0
        for start, (end, style) in sorted(styles.items()):
            found.append(("", line[position:start]))
            found.append((style, line[start:end]))
            position = end
        rest = line[position:]
        found.append(("class:comment" if rest.lstrip().startswith("#") else "", rest))
        return found

    def _styled(self, stage: Stage, follows: bool) -> Iterator[tuple[Token, str]]:
        command: click.Command | None = None
        if not stage.forced:
            known = FILTERS if follows else COMMANDS
            command = known.get(stage.name)
            if command is None and (
                stage.name in self._aliases or (follows and _is_program(stage))
            ):
                command = click.Command(stage.name)
        for index, token in enumerate(stage.tokens):
            is_free = command is not None and not command.params
            yield token, "" if is_free and index else style_of(token, index, stage, command)


@cache
def _find(name: str) -> bool:
    return shutil.which(name) is not None


def _is_program(stage: Stage) -> bool:
    return bool(stage.name) and _find(stage.name)
