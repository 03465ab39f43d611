"""Colour a line as it is typed: what is known, what is not, what is quoted."""

from collections.abc import Callable

import click
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from guestshell.commands import COMMANDS
from guestshell.language.lexer import Token, lex

STYLE = Style.from_dict(
    {
        "command": "ansigreen bold",
        "command.unknown": "ansired",
        "option": "ansicyan",
        "option.unknown": "ansired",
        "quoted": "ansiyellow",
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


def style_of(token: Token, index: int, command: click.Command | None) -> str:
    """Give the style class of one word."""
    if token.is_operator:
        return "class:operator"
    if index == 0:
        return "class:command" if token.value in COMMANDS else "class:command.unknown"
    if command is not None and token.value.startswith("-") and len(token.value) > 1:
        known = _is_known_option(token.value, command)
        return "class:option" if known else "class:option.unknown"
    return "class:quoted" if token.quoted else ""


class LineLexer(Lexer):
    """Highlights with the lexer that also splits the line into words."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Give the coloured fragments of a line by its number."""

        def fragments(number: int) -> StyleAndTextTuples:
            return _fragments(document.lines[number])

        return fragments


def _fragments(line: str) -> StyleAndTextTuples:
    found: StyleAndTextTuples = []
    tokens = lex(line)
    command = COMMANDS.get(tokens[0].value) if tokens else None
    position = 0
    for index, token in enumerate(tokens):
        found.append(("", line[position : token.start]))
        found.append((style_of(token, index, command), line[token.start : token.end]))
        position = token.end
    rest = line[position:]
    found.append(("class:comment" if rest.lstrip().startswith("#") else "", rest))
    return found
