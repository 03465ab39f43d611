"""Descriptions of a tree: mtree(5) as ALPM-MTREE(5) narrows it down, compressed with gzip."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.values import Name, decode_name

_MOST = 256 * 2**20
_LONGEST = 19
"""Digits of a number that is taken: 64 bits."""


@dataclass(frozen=True, slots=True)
class TreeLine:
    """What is said of a path, relative to the root: keyword to value, those of /set included."""

    path: Name
    words: dict[str, str]

    def number(self, keyword: str, base: int = 10) -> int | None:
        """Give a whole number; of `1700000000.0` what stands before the point."""
        text = self.words.get(keyword, "").partition(".")[0]
        digits = "01234567" if base == 8 else "0123456789"
        if not text or len(text) > _LONGEST or set(text) - set(digits):
            return None
        return int(text, base)


def unpacked(data: bytes) -> bytes | None:
    """Give the text of a gzip file, None where it is damaged or no real one is so long."""
    decoder = zlib.decompressobj(31)
    try:
        text = decoder.decompress(data, _MOST)
    except zlib.error:
        return None
    return text if decoder.eof else None


def tree_lines(text: bytes) -> Iterator[TreeLine]:
    """Yield the lines that name a path; other directives than /set and /unset are passed over."""
    defaults: dict[str, str] = {}
    for line in text.replace(b"\\\n", b" ").split(b"\n"):
        first, *rest = line.split() or [b""]
        words: dict[str, str] = {}
        for word in rest:
            key, _, value = word.partition(b"=")
            words[decode_name(key)] = _plain(value)
        if first == b"/set":
            defaults.update(words)
        elif first == b"/unset":
            for unset in words:
                defaults.pop(unset, None)
        elif first.startswith(b"./"):
            yield TreeLine(_plain(first[2:]), {**defaults, **words})


def _plain(text: bytes) -> Name:
    """Give a text with each octal `\\ooo` as its byte, vis(3)."""
    first, *rest = text.split(b"\\")
    pieces = [first]
    for piece in rest:
        octal = piece[:3]
        if len(octal) == 3 and octal[:1] in b"0123" and not octal.strip(b"01234567"):
            pieces.append(bytes([int(octal, 8)]) + piece[3:])
        else:
            pieces.append(b"\\" + piece)
    return decode_name(b"".join(pieces))
