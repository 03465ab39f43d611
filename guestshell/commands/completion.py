"""What fits where a word is being typed, asked of the command's own declaration."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem, ShellComplete

from guestshell.commands.context import Context
from guestshell.commands.declaration import COMMANDS, GuestCommand
from guestshell.commands.parameters import PARTIAL


class Candidate(NamedTuple):
    """A word that could stand there; `explanation` is one line or empty.

    It `is_open` when more is to come: a directory, or what several names have in common.
    """

    value: str
    explanation: str = ""
    is_open: bool = False


def candidates(context: Context, words: Sequence[str], incomplete: str) -> list[Candidate]:
    """Give the words that could stand after `words` and begin with `incomplete`. Never fails."""
    if not words:
        return [
            Candidate(name, declared.summary)
            for name, declared in sorted(COMMANDS.items())
            if name.startswith(incomplete)
        ]
    declared = COMMANDS.get(words[0])
    if declared is None:
        return []
    try:
        return [_candidate(item) for item in _items(declared, context, words[1:], incomplete)]
    except Exception:  # a half-typed line may be anything; a Tab that finds nothing is no error
        return []


def _candidate(item: CompletionItem) -> Candidate:
    is_open = item.type == PARTIAL or item.value.endswith("/")
    return Candidate(item.value, item.help or "", is_open)


def _items(
    declared: GuestCommand, context: Context, arguments: Sequence[str], incomplete: str
) -> list[CompletionItem]:
    settings = {"obj": context}
    completer = ShellComplete(declared, settings, declared.name or "", "")
    items = completer.get_completions(list(arguments), incomplete)
    positional = [p for p in declared.params if isinstance(p, click.Argument)]
    given = [word for word in arguments if not word.startswith("-")]
    if len(positional) > 1 and positional[-2].nargs == -1 and given:
        # after `save A B` the word being typed may be one more source or the target
        with declared.make_context(
            declared.name, list(arguments), resilient_parsing=True, obj=context
        ) as parsed:
            items += positional[-1].shell_complete(parsed, incomplete)
    return items


@cache
def usage_hint(name: str) -> str:
    """Give how a command is used on one line; empty for none."""
    declared = COMMANDS.get(name)
    return f"{declared.usage_hint()}   {declared.summary}" if declared else ""
