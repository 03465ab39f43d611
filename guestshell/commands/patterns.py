"""The patterns of grep(1) as Python's: fixed strings, basic and extended regular expressions."""

import re
import warnings

from guestshell.errors import UsageError

_SWAPPED = "+?|(){}"
"""Characters special in an extended expression bare, in a basic one after a backslash."""

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def _translate(pattern: str, extended: bool) -> str:
    """Give Python's spelling of a POSIX expression (regex(7))."""
    out, index = [], 0
    while index < len(pattern):
        character = pattern[index]
        if character == "[":
            end, text = _bracket(pattern, index)
            out.append(text)
            index = end
            continue
        if character == "\\" and index + 1 < len(pattern):
            following = pattern[index + 1]
            if following in "<>":  # word edges, which Python spells alike
                out.append("\\b")
                index += 2
                continue
            out.append(following if following in _SWAPPED and not extended else "\\" + following)
            index += 2
            continue
        begins = not out or out[-1] in ("(", "|")
        plain = not extended and (
            character in _SWAPPED
            or (character == "*" and (begins or out[-1] == "^"))
            or (character == "^" and not begins)
            or (character == "$" and pattern[index + 1 : index + 3] not in ("", "\\)", "\\|"))
        )
        if not plain and character in "*+?" and not begins and out[-1] in ("*", "+", "?"):
            # repeated again, which Python would read as possessive or lazy
            out[-1] = character if character == out[-1] else "*"
            index += 1
            continue
        out.append("\\" + character if plain else character)
        index += 1
    return "".join(out)


def _bracket(pattern: str, start: int) -> tuple[int, str]:
    """Give the end of a bracket expression and its spelling; a `]` that comes first is plain."""
    index = start + 1
    negated = pattern[index : index + 1] == "^"
    index += negated
    parts: list[str] = []
    while index < len(pattern) and (pattern[index] != "]" or not parts):
        if named := re.compile(r"\[:(\w+):\]").match(pattern, index):
            parts.append(_CLASSES.get(named[1], ""))
            index = named.end()
        else:
            parts.append("\\" + pattern[index] if pattern[index] in "\\[]&~|" else pattern[index])
            index += 1
    if index >= len(pattern):
        raise UsageError(f"the pattern {pattern!r} has a [ without its ]", "-F takes it literally")
    return index + 1, f"[{'^' if negated else ''}{''.join(parts)}]"


def compile_pattern(
    pattern: str, *, extended: bool, fixed: bool, ignore_case: bool
) -> re.Pattern[str]:
    """Give the compiled pattern. Raises UsageError for one that is malformed."""
    text = re.escape(pattern) if fixed else _translate(pattern, extended)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(
            f"the pattern {pattern!r} is malformed: {error}", "-F takes it literally"
        ) from None
