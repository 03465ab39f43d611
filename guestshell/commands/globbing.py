"""Wildcards and braces in the arguments that are paths of the guest, and in no others."""

import glob
from collections.abc import Iterator, Sequence

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import GuestCommand
from guestshell.commands.parameters import GuestPath
from guestshell.errors import NoSuchPath
from guestshell.guest import paths
from guestshell.language.words import Word


def expanded(
    declared: GuestCommand, words: Sequence[str], context: Context, *, names_first: bool = False
) -> list[str]:
    """Give the arguments with each path that may stand for several replaced by those.

    With `names_first` one that is a name in the guest stays itself, whatever is in it. Raises
    NoSuchPath for a pattern that fits nothing.
    """
    if not any(isinstance(word, Word) and word.may_expand for word in words):
        return list(words)
    taken = set(map(id, _guest_paths(declared, words)))
    found: list[str] = []
    for word in words:
        if isinstance(word, Word) and word.may_expand and id(word) in taken:
            is_name = names_first and context.guest.exists(context.absolute(word))
            found += [word] if is_name else _names(word, context)
        else:
            found.append(word)
    return found


def _guest_paths(declared: GuestCommand, words: Sequence[str]) -> Iterator[str]:
    """Yield the very words that the command's own parser takes for paths of the guest."""
    parser = declared.make_parser(declared.context())
    try:
        values, _, _ = parser.parse_args(list(words))
    except click.UsageError:  # is said when the command itself parses them
        return
    for parameter in declared.params:
        if isinstance(parameter, click.Argument) and isinstance(parameter.type, GuestPath):
            value = values.get(parameter.name or "")
            if isinstance(value, str):
                yield value
            elif value:
                yield from value


def _names(word: Word, context: Context) -> Iterator[str]:
    for alternative in word.alternatives():
        if alternative.pattern is None:
            yield alternative.text
            continue
        pattern = alternative.pattern
        if not pattern.startswith("/"):
            slash = "/" if pattern.endswith("/") else ""
            pattern = paths.join(glob.escape(context.cwd), pattern) + slash
        names = context.guest.glob(pattern)
        if not names:
            remedy = "in quotes * ? [ are taken as they are"
            raise NoSuchPath(str(word), "nothing has a name that fits", remedy)
        yield from names
