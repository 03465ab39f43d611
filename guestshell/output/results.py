"""What commands give: values that know nothing of terminals."""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_Row = TypeVar("_Row")


class Layout(enum.Enum):
    """How rows are laid out as text."""

    TABLE = "a line a row under headings"
    DETAILS = "a line a field"
    LINES = "fields joined on a line, shown as they come"
    CHECKSUMS = "digest and name as sha256sum(1) writes them"
    GRID = "one name a row, several side by side"


@dataclass
class Records(Generic[_Row]):
    """Rows of one frozen dataclass, perhaps still being found.

    `columns` names the fields that text shows, all by default; data formats hold every field.
    `format` is the one that was asked for, empty for the default.
    """

    rows: Iterable[_Row]
    type: type[_Row]
    columns: tuple[str, ...] = ()
    layout: Layout = Layout.TABLE
    separator: str = ":"
    human_sizes: bool = True
    format: str = ""


@dataclass
class Text:
    """Lines without their ends."""

    lines: Iterable[str]


@dataclass
class Blob:
    """Bytes of guest files. `raw` bytes go to a terminal untouched, at the user's wish.

    `describe` says in words what the file is, for a terminal that is not to be sent binary;
    `size` how many bytes will come, where that is known.
    """

    blocks: Iterable[bytes]
    name: str
    describe: Callable[[], str]
    size: int | None = None
    raw: bool = False
    color: bool = False
    paged: bool = False


@dataclass
class ClearScreen:
    """An empty screen, where there is one."""


Result = Records[Any] | Text | Blob | ClearScreen | None
