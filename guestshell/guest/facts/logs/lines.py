"""Lines of files that may be endless, from the front and from the back."""

import io
from collections.abc import Iterable, Iterator

LONGEST = 64 * 2**10
"""Bytes kept of a line: journald cuts at 48 KiB, rsyslog at 8 (rsyslog.conf(5))."""

_BLOCK = 256 * 2**10


def forward(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends; what goes beyond LONGEST is left out."""
    rest = b""
    for block in blocks:
        first, *others = block.split(b"\n")
        rest = (rest + first[:LONGEST])[:LONGEST]
        if others:
            yield rest
            *whole, rest = others
            yield from (line[:LONGEST] for line in whole)
            rest = rest[:LONGEST]
    if rest:
        yield rest


def backward(file: io.BufferedReader) -> Iterator[bytes]:
    """Yield the lines of a file from its last to its first, cut as `forward` does."""
    end = file.seek(0, io.SEEK_END)
    rest = b""
    last = True  # nothing follows the newline that ends the file
    while end > 0:
        start = max(end - _BLOCK, 0)
        file.seek(start)
        block = file.read(end - start)
        end = start
        *others, tail = block.split(b"\n")
        rest = (tail + rest)[:LONGEST]
        if others:
            if rest or not last:
                yield rest
            last = False
            first, *whole = others
            yield from (line[:LONGEST] for line in reversed(whole))
            rest = first[:LONGEST]
    if rest or not last:
        yield rest
