"""Files of shell assignments: /etc/default, /etc/sysconfig, rc.conf(5), locale.conf(5).

They are sourced by a shell; only what needs none is understood: literal values with the quoting
of POSIX.1-2017 XCU 2.2, and lists in brackets as bash has them. `$x` and the like stay as written.
"""

import re

from guestshell.guest.facts.files import Files, read_small

_BLANKS = re.compile(r"(?:[ \t\r;]+|\\\n|\n|#[^\n]*)*")
_NAME = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]{0,255})(\+?=)")
_PLAIN = re.compile(r"""[^\s"'\\;()#]+|(?<!\s)#+""")
_LINE_END = re.compile(r"[^\n]*")
_ESCAPED = re.compile(r'\\([$`"\\\n])')
_LIST_BLANKS = re.compile(r"(?:\s+|#[^\n]*)*")


class _Unfinished(Exception):
    """A quote or bracket is still open at the end of the file."""


def _word(text: str, at: int) -> tuple[str, int]:
    """Give the value of the word that begins at an offset, and where it ends."""
    pieces: list[str] = []
    while at < len(text):
        character = text[at]
        if character in "\"'":
            end = _closing(text, at)
            inside = text[at + 1 : end]
            if character == '"':
                inside = _ESCAPED.sub(lambda match: match[1].replace("\n", ""), inside)
            pieces.append(inside)
            at = end + 1
        elif character == "\\":
            pieces.append(text[at + 1 : at + 2].replace("\n", ""))
            at += 2
        elif plain := _PLAIN.match(text, at):
            pieces.append(plain[0])
            at = plain.end()
        else:
            break
    return "".join(pieces), at


def _closing(text: str, at: int) -> int:
    quote, at = text[at], at + 1
    while True:
        end = text.find(quote, at)
        if end < 0:
            raise _Unfinished
        if quote == "'":
            return end
        backslash = text.find("\\", at, end)
        if backslash < 0:
            return end
        at = backslash + 2


def _items(text: str, at: int) -> tuple[str, int]:
    """Give the words of a bash list as lines, from behind its bracket, and where it ends."""
    items: list[str] = []
    while True:
        at = _blanks_end(_LIST_BLANKS, text, at)
        if at >= len(text):
            raise _Unfinished
        if text[at] == ")":
            return "\n".join(items), at + 1
        item, end = _word(text, at)
        items.append(item)
        at = max(end, at + 1)


def _blanks_end(blanks: re.Pattern[str], text: str, at: int) -> int:
    match = blanks.match(text, at)
    return match.end() if match else at


def parse_assignments(data: bytes) -> tuple[dict[str, str], bool]:
    """Give the values by name, and whether the whole file was understood.

    A later assignment replaces an earlier one, `+=` adds to it; items of a list are lines. What
    is no assignment is passed over; behind an open quote nothing is.
    """
    text = data.decode("utf-8", "surrogateescape")
    values: dict[str, str] = {}
    at = 0
    try:
        while (at := _blanks_end(_BLANKS, text, at)) < len(text):
            name = _NAME.match(text, at)
            if name is None:
                at = max(_blanks_end(_LINE_END, text, at), at + 1)
                continue
            at = name.end()
            is_list = text.startswith("(", at)
            value, at = _items(text, at + 1) if is_list else _word(text, at)
            adds = name[2] == "+=" and name[1] in values
            values[name[1]] = values[name[1]] + "\n" * is_list + value if adds else value
    except _Unfinished:
        return values, False
    return values, True


def read_assignments(files: Files, path: str) -> dict[str, str]:
    """Give the assignments of a file, none where there is no such file."""
    data = read_small(files, path)
    if data is None:
        return {}
    values, whole = parse_assignments(data)
    if not whole:
        files.warn(f"{path}: a quote or bracket is never closed")
    return values
