"""Rows with a field of every kind, and what tests make of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from guestshell.values import Mode, Name, Percent, Size, Timestamp, decode_name


@dataclass(frozen=True)
class Part:
    """A row inside a row."""

    place: Name
    size: Size


@dataclass(frozen=True)
class Thing:
    """A field of every kind."""

    name: Name
    size: Size
    mode: Mode
    mtime: Timestamp
    text: str
    number: int
    share: Percent
    ok: bool
    note: str | None
    freed: Size | None
    tags: tuple[str, ...]
    part: Part | None
    parts: tuple[Part, ...]


SECOND = 10**9
START = 1_773_454_267 * SECOND
"""2026-03-14T02:11:07Z."""

PLAIN = Thing(
    name=Name("plain"),
    size=Size(10 * 2**20),
    mode=Mode(0o100644),
    mtime=Timestamp(START),
    text="first",
    number=7,
    share=Percent(12.5),
    ok=True,
    note=None,
    freed=None,
    tags=(),
    part=None,
    parts=(),
)

ODD = Thing(
    name=Name("caf\udce9"),
    size=Size(0),
    mode=Mode(0o104755),
    mtime=Timestamp(START + 1),
    text="$'second'\n\u202e\x1b[1m",
    number=-7,
    share=Percent(100),
    ok=False,
    note="",
    freed=Size(512),
    tags=("red", "blue"),
    part=Part(Name("/mnt"), Size(3)),
    parts=(Part(Name("/a"), Size(1)), Part(Name("/b,c"), Size(2))),
)

THINGS = (PLAIN, ODD)

_HARD = st.sampled_from(
    ["\n", "\r", "\r\n", "\t", "\x00", "\x1b[2J", "\x7f", "\x85", "\xa0", "\u2028", "\u202e",
     "\ufeff", "\ufffe", "\U0001f600", "\U000e0001", "\udce9", "\udc80", '"', "'", "$'", "\\",
     ",", ":", ": ", " #", "- ", "{", "|", ">", "~", "null", "yes", "=1+1", " ", "é"]
)  # fmt: skip
texts = st.lists(
    _HARD
    | st.binary(max_size=4).map(decode_name)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    max_size=6,
).map(lambda pieces: decode_name("".join(pieces).encode("utf-8", "surrogateescape")))
"""Anything that the bytes of a guest may say, newlines, control and bidi characters included."""

sizes = st.integers(0, 2**63).map(Size)
times = st.integers(-(2**63), 2**63 - 1).map(Timestamp)
parts = st.builds(Part, place=texts, size=sizes)
things = st.builds(
    Thing,
    name=texts,
    size=sizes,
    mode=st.integers(0, 0o177777).map(Mode),
    mtime=times,
    text=texts,
    number=st.integers(-(2**63), 2**63),
    share=st.floats(0, 100).map(Percent),
    ok=st.booleans(),
    note=st.none() | texts,
    freed=st.none() | sizes,
    tags=st.lists(texts, max_size=3).map(tuple),
    part=st.none() | parts,
    parts=st.lists(parts, max_size=2).map(tuple),
)


class Counted:
    """Rows that tell how many of them were asked for."""

    def __init__(self, rows: Iterable[object]) -> None:
        self._rows = iter(rows)
        self.pulled = 0

    def __iter__(self) -> "Counted":
        return self

    def __next__(self) -> object:
        row = next(self._rows)
        self.pulled += 1
        return row
