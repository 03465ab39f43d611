"""Make text of a guest safe for a terminal: nothing in it can move, colour, hide or answer."""

import unicodedata

from guestshell.language.quoting import quote


def _escaped(character: str) -> str:
    if character.isprintable() or character == "\t" or unicodedata.category(character) == "Zs":
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def safe_line(text: str) -> str:
    """Give one line with control, format and bidirectional characters as visible escapes.

    A newline is one of them; a tab stays. Undecodable bytes show as `\\xff`.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def safe_name(name: str) -> str:
    """Give a guest name quoted as it can be typed: unambiguous, and as safe as safe_line."""
    return name if name == "" else quote(name)
