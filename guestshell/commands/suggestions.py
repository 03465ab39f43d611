"""Names of commands and filters that do not exist, and what was probably meant."""

from guestshell.commands.declaration import COMMANDS, FILTERS
from guestshell.errors import UsageError
from guestshell.language.suggestions import did_you_mean


def unknown_command(name: str) -> UsageError:
    """Give the error for a command that does not exist."""
    if name in FILTERS:
        return UsageError(
            f"{name}: stands after a | and filters what comes before it", f"help {name}"
        )
    hint = did_you_mean(name, COMMANDS) or "help lists the commands"
    return UsageError(f"{name}: no such command", hint)


def unknown_filter(name: str) -> UsageError:
    """Give the error for what stands after a `|` and is nothing that can."""
    hint = did_you_mean(name, FILTERS) or "help lists the filters"
    return UsageError(f"{name}: neither a filter nor a program of this host", hint)
