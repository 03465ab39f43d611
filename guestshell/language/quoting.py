"""Write any name as a word that the lexer reads back as the same bytes."""

import re

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


def _escaped(character: str) -> str:
    if character.isprintable() and character not in "'\\":
        return character
    return "".join(_ESCAPES.get(byte) or f"\\x{byte:02x}" for byte in encode_name(character))
