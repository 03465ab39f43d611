"""The formats in which shells and other programs keep the lines that were typed."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from guestshell.guest.facts.text import decimal, numbered_lines
from guestshell.values import Timestamp

_SECOND = 10**9
_STAMP = re.compile(r"#\+?(\d{1,12})\s*")
_EXTENDED = re.compile(r": {1,10}(\d{1,12}):\d{1,12};")
_META = re.compile(rb"\x83(.)", re.DOTALL)
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_EDITLINE = b"_HiStOrY_V2_"
_KSH = b"\x81\x01"


@dataclass(frozen=True, slots=True)
class Typed:
    """A line that was typed: `line` is where it begins in its file, `time` when it was, if kept."""

    line: int
    command: str
    time: Timestamp | None = None


Parser = Callable[[bytes], Iterator[Typed]]


def parse_lines(data: bytes) -> Iterator[Typed]:
    """Yield a line a command, with the time of a `#seconds` line right before it.

    bash(1) HISTTIMEFORMAT, tcsh(1) history; also the files of libedit and of ksh93. A command of
    several lines comes as several, for where it ends is not told.
    """
    if data.startswith(_EDITLINE):
        data = _OCTAL.sub(_byte, data.decode("latin-1")).encode("latin-1")
        yield from (typed for typed in _stamped(data) if typed.line > 1)
    elif data.startswith(_KSH):
        yield from _ksh(data)
    else:
        yield from _stamped(data)


def _byte(octal: re.Match[str]) -> str:
    return chr(int(octal[1], 8))


def _stamped(data: bytes) -> Iterator[Typed]:
    time: Timestamp | None = None
    for number, line in numbered_lines(data):
        text = line.strip("\0")  # what a crash leaves of blocks that were never written
        if stamp := _STAMP.fullmatch(text):
            time = Timestamp(int(stamp[1]) * _SECOND)
        elif text.strip():
            yield Typed(number, text, time)
            time = None


def _ksh(data: bytes) -> Iterator[Typed]:
    """Yield the commands of ksh93: text that ends with newline and NUL, behind a magic number."""
    number = 1
    for piece in data[len(_KSH) :].split(b"\0"):
        text = piece.decode("utf-8", "surrogateescape")
        if text.strip():
            yield Typed(number, text.strip("\n"))
        number += text.count("\n")


def parse_zsh(data: bytes) -> Iterator[Typed]:
    """Yield the commands of zsh, those of EXTENDED_HISTORY with their times: zshoptions(1).

    A byte that zsh's own encoding gives a meaning stands behind 0x83 with its sixth bit turned.
    """
    data = _META.sub(lambda meta: bytes([meta[1][0] ^ 32]), data)
    parts: list[str] = []
    start = 1
    for number, line in numbered_lines(data):
        if not parts:
            start = number
        if line.endswith("\\"):  # the command goes on
            parts.append(line[:-1])
            continue
        text = "\n".join([*parts, line])
        parts = []
        if typed := _zsh_entry(start, text):
            yield typed
    if parts and (typed := _zsh_entry(start, "\n".join(parts))):
        yield typed


def _zsh_entry(number: int, text: str) -> Typed | None:
    text = text.strip("\0")
    if text.endswith(" ") and text.rstrip(" ").endswith("\\"):
        text = text[:-1]  # put behind a backslash at the end, lest the command seem to go on
    if extended := _EXTENDED.match(text):
        time = Timestamp(int(extended[1]) * _SECOND)
        return Typed(number, text[extended.end() :], time)
    return Typed(number, text) if text.strip() else None


def parse_fish(data: bytes) -> Iterator[Typed]:
    r"""Yield the commands of fish, whose file looks like YAML but knows only `\\` and `\n`."""
    waiting: Typed | None = None
    for number, line in numbered_lines(data):
        if line.startswith("- cmd: "):
            if waiting:
                yield waiting
            waiting = Typed(number, _fish_text(line[7:]))
        elif waiting and line.startswith("  when: "):
            when = decimal(line[8:].strip(), 12)
            if when is not None:
                waiting = Typed(waiting.line, waiting.command, Timestamp(when * _SECOND))
    if waiting:
        yield waiting


def _fish_text(text: str) -> str:
    return re.sub(r"\\([\\n])", lambda escape: "\n" if escape[1] == "n" else "\\", text)


def parse_psql(data: bytes) -> Iterator[Typed]:
    """Yield the commands of psql, which keeps the newlines inside one as 0x01."""
    for typed in parse_lines(data):
        yield Typed(typed.line, typed.command.replace("\x01", "\n"), typed.time)


def parse_powershell(data: bytes) -> Iterator[Typed]:
    """Yield the commands of PSReadLine, which ends each line of a longer one with a backtick."""
    parts: list[str] = []
    start = 1
    for number, line in numbered_lines(data.removeprefix(b"\xef\xbb\xbf")):
        if not parts:
            start = number
        if line.endswith("`"):
            parts.append(line[:-1])
            continue
        text = "\n".join([*parts, line])
        parts = []
        if text.strip():
            yield Typed(start, text)
    if parts:
        yield Typed(start, "\n".join(parts))
