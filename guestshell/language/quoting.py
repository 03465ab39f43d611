"""Write any name as a word that the lexer reads back as the same bytes."""

import re

from guestshell.language.lexer import lex
from guestshell.values import encode_name

_BARE = re.compile(r"[\w@%+=:,./^-]+")
_ESCAPES = {10: "\\n", 9: "\\t", 13: "\\r", 39: "\\'", 92: "\\\\"}


def quote(name: str) -> str:
    """Give a name as it must be typed: bare, in quotes, or as `$'…'` when it holds odd bytes."""
    if name.isprintable():
        if _BARE.fullmatch(name):
            return name
        if "'" not in name:
            return f"'{name}'"
        if not set(name) & set('"\\$`'):
            return f'"{name}"'
    return "$'" + "".join(_escaped(character) for character in name) + "'"


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def portable(name: str) -> str:
    """Give a name as JSON, CSV and YAML hold it: itself, or `$'…'` where it is no UTF-8.

    So is a name that begins with `$'`, for which `from_portable` could not tell otherwise.
    """
    if _is_text(name) and not name.startswith("$'"):
        return name
    return "$'" + "".join(_escaped(character) for character in name) + "'"


def from_portable(text: str) -> str:
    """Give the name that `portable` wrote."""
    return lex(text)[0].value if text.startswith("$'") else text


def _escaped(character: str) -> str:
    if character.isprintable() and character not in "'\\":
        return character
    return "".join(_ESCAPES.get(byte) or f"\\x{byte:02x}" for byte in encode_name(character))
