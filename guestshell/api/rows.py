"""Rows for programs and notebooks: a list that knows its fields."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar, overload

from guestshell.errors import GuestShellError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

T = TypeVar("T")


class Rows(list[T]):
    """A list of rows of one frozen dataclass, which can become a data frame.

    `warnings` says which sources were missing or damaged, `failures` what could not be answered
    of several things asked.
    """

    def __init__(
        self,
        rows: Iterable[T],
        type: type[T],  # noqa: A002  as in Records
        columns: tuple[str, ...] = (),
        *,
        warnings: Iterable[str] = (),
        failures: Iterable[GuestShellError] = (),
    ) -> None:
        """`columns` are the fields that a table shows; all of them by default."""
        super().__init__(rows)
        self.type = type
        self.columns = columns
        self.warnings = tuple(warnings)
        self.failures = tuple(failures)

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> "Rows[T]": ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> "T | Rows[T]":
        if isinstance(index, slice):
            return Rows(super().__getitem__(index), self.type, self.columns)
        return super().__getitem__(index)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Give each row as `-o json` writes it: times as RFC 3339, modes as ls(1) shows them."""
        from guestshell.output.formats import plain_of

        return list(map(plain_of(self.type), self))

    def to_pandas(self) -> "pandas.DataFrame":
        """Give a pandas DataFrame with a column a field; times are UTC to the nanosecond.

        Missing values are NA, and so are times outside 1677 to 2262, which 64 bits do not hold.
        Raises ImportError without pandas (extra `dataframe`).
        """
        from guestshell.api.frames import to_pandas

        return to_pandas(self, self.type)

    def to_polars(self) -> "polars.DataFrame":
        """Give a polars DataFrame with a column a field, as `to_pandas` does.

        Raises ImportError without polars (extra `dataframe`).
        """
        from guestshell.api.frames import to_polars

        return to_polars(self, self.type)

    def to_arrow(self) -> "pyarrow.Table":
        """Give an Arrow table with a column a field, as `to_pandas` does.

        Raises ImportError without pyarrow (extra `dataframe`).
        """
        from guestshell.api.frames import to_arrow

        return to_arrow(self, self.type)

    def _repr_html_(self) -> str:
        from guestshell.api.html import table

        return table(self, self.type, self.columns)
