"""What was probably meant."""

import difflib
from collections.abc import Iterable

from guestshell.commands.declaration import COMMANDS
from guestshell.errors import UsageError


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give `did you mean X?` for the closest known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), 1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""


def unknown_command(name: str) -> UsageError:
    """Give the error for a command that does not exist."""
    hint = did_you_mean(name, COMMANDS) or "help lists the commands"
    return UsageError(f"{name}: no such command", hint)
