"""Lines recalled from the history: `!!`, `!12`, `!-2`, and `!cat` for the last that began so."""

import re
from collections.abc import Container, Sequence

from guestshell.errors import UsageError
from guestshell.language.lexer import OPERATORS

_NUMBERED = re.compile(r"\s*!(!|-?\d+)(?!\w)(.*)", re.DOTALL)
_NAMED = re.compile(r"\s*!([\w-]+)\s*")
_MOST_DIGITS = 18  # no history is as long, and int() takes no more than 4300


def recalled(line: str, history: Sequence[str], commands: Container[str]) -> str | None:
    """Give the line that a reference means, or None when `line` is none.

    `!name` alone is one where `name` is a command of ours; any other `!word` runs a program of
    the host. Raises UsageError for a line that is not in the history.
    """
    if match := _NUMBERED.fullmatch(line):
        number = -1 if match[1] == "!" else int(match[1][:_MOST_DIGITS])
        place = len(history) + number if number < 0 else number - 1
        if not 0 <= place < len(history):
            raise UsageError(f"!{match[1]}: no such line in the history", "history lists them")
        return history[place] + match[2]
    match = _NAMED.fullmatch(line)
    if match is None or match[1] not in commands:
        return None
    for earlier in reversed(history):
        if re.match(rf"\s*{re.escape(match[1])}([\s{OPERATORS}]|$)", earlier):
            return earlier
    raise UsageError(
        f"!{match[1]}: no line in the history begins so", "! with a blank runs a program"
    )
