"""Descriptions of a tree: mtree(5) as ALPM-MTREE(5) narrows it down."""

from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.guest.facts.text import decimal, octal
from guestshell.values import Name, decode_name


@dataclass(frozen=True, slots=True)
class TreeLine:
    """What is said of a path, relative to the root: keyword to value, those of /set included."""

    path: Name
    words: dict[str, str]

    def number(self, keyword: str) -> int | None:
        """Give a whole number; of `1700000000.0` what stands before the point."""
        return decimal(self.words.get(keyword, "").partition(".")[0], 19)

    @property
    def mode(self) -> int | None:
        """The permission bits."""
        return octal(self.words.get("mode", ""))


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
