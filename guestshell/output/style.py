"""The few colours there are, as SGR sequences (ECMA-48, 8.3.117)."""

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "bold blue": "1;34",
}


def paint(text: str, style: str, *, color: bool) -> str:
    """Give text in a style, or as it is when there is no `color`."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if color and style else text


def style_of_kind(kind: str, mode: int) -> str:
    """Give the style for a name by its kind of file; what ls(1) users expect."""
    if kind == "directory":
        return "bold blue"
    if kind == "symlink":
        return "cyan"
    if kind != "file":
        return "yellow"
    if mode & 0o6000:
        return "red"
    return "green" if mode & 0o111 else ""
