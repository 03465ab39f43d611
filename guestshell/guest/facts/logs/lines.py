"""Lines of files that may be endless, from the front and from the back."""

import io
from collections.abc import Iterable, Iterator
from typing import IO

LONGEST = 64 * 2**10
"""Bytes kept of a line: journald cuts at 48 KiB, rsyslog at 8 (rsyslog.conf(5))."""

_BLOCK = 256 * 2**10

_ENDLESS = 256 * 2**20
"""Bytes of a line after which no end of it is waited for: a hole in a file takes no space."""


class EndlessLineError(Exception):
    """A line is so long that the rest of the file is left out."""

    def __str__(self) -> str:
        return f"a line is longer than {_ENDLESS >> 20} MiB"


def forward(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends; what goes beyond LONGEST is left out.

    Raises EndlessLineError behind what there is of a line that does not end.
    """
    rest = b""
    length = 0
    for block in blocks:
        first, *others = block.split(b"\n")
        rest = (rest + first[:LONGEST])[:LONGEST]
        length += len(first)
        if others:
            yield rest
            *whole, rest = others
            yield from (line[:LONGEST] for line in whole)
            length = len(rest)
            rest = rest[:LONGEST]
        elif length > _ENDLESS:
            yield rest
            raise EndlessLineError
    if rest:
        yield rest


def backward(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file from its last to its first, cut as `forward` does.

    Raises EndlessLineError instead of a line that has no beginning.
    """
    end = file.seek(0, io.SEEK_END)
    rest = b""
    length = 0
    last = True  # nothing follows the newline that ends the file
    while end > 0:
        start = max(end - _BLOCK, 0)
        file.seek(start)
        block = file.read(end - start)
        end = start
        *others, tail = block.split(b"\n")
        rest = (tail + rest)[:LONGEST]
        length += len(tail)
        if length > _ENDLESS:
            raise EndlessLineError
        if others:
            if rest or not last:
                yield rest
            last = False
            first, *whole = others
            yield from (line[:LONGEST] for line in reversed(whole))
            rest = first[:LONGEST]
            length = len(first)
    if rest or not last:
        yield rest
