"""Rows of a guest's SQLite database, read in memory: nothing of it becomes a file of the host."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from guestshell.guest.facts.files import Files, read_if_there

if TYPE_CHECKING:
    import sqlite3

_MOST = 256 * 2**20
_STEPS = 20_000_000
"""Instructions of SQLite's machine for all rows of a table: a hostile schema can ask for more."""

_LONGEST = 2**24
"""Bytes of a row."""

MAGIC = b"SQLite format 3\0"
"""How every database begins."""

_WRITE_AHEAD = b"\2\2"
_ROLLBACK = b"\1\1"


class SqliteFile:
    """A database of the guest; one that is not there has no rows, a damaged one is warned of.

    Changes in a write-ahead log next to it are not seen. A table is only read where it holds its
    rows itself: a view or a computed column could run as long as its maker wished.
    """

    def __init__(self, files: Files, path: str) -> None:
        self._files = files
        self._path = path
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> "SqliteFile":
        data = read_if_there(self._files, self._path, _MOST)
        if not data:
            return self
        import sqlite3

        if data[18:20] == _WRITE_AHEAD:  # file format versions: a log needs a file beside it
            data = data[:18] + _ROLLBACK + data[20:]
        database = sqlite3.connect(":memory:")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        try:
            database.deserialize(data)
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA query_only = ON")
            database.execute("PRAGMA cell_size_check = ON")
        except sqlite3.Error as error:
            self._files.warn(f"{self._path}: {error}")
            database.close()
            return self
        database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        self._database = database
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._database is not None:
            self._database.close()

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield these columns of each row in the order it was written; names are ours, not data."""
        if self._database is None:
            return
        import sqlite3

        steps = 0

        def count() -> bool:
            nonlocal steps
            steps += 1000
            return steps > _STEPS  # true ends the query

        self._database.set_progress_handler(count, 1000)
        try:
            kinds = self._database.execute(
                "SELECT type, sql LIKE 'CREATE VIRTUAL%' FROM sqlite_master "
                "WHERE name = ? COLLATE NOCASE",
                (table,),
            ).fetchall()
            computed = self._database.execute(
                "SELECT count(*) FROM pragma_table_xinfo(?) WHERE hidden", (table,)
            ).fetchone()
            if kinds != [("table", 0)] or computed != (0,):
                self._files.warn(f"{self._path}: has no table {table}")
                return
            # by itself a quoted name that is no column would be taken for a text
            names = ", ".join(f'"{table}"."{column}"' for column in columns)
            yield from self._database.execute(f'SELECT {names} FROM "{table}" ORDER BY rowid')
        except (sqlite3.Error, OverflowError) as error:
            self._files.warn(f"{self._path}: {error}")
