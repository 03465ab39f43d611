"""Rows of a guest's SQLite database, with those that still wait in its write-ahead log.

The file and its log are copied into a private temporary directory for SQLite to read: a database
of rpm has hundreds of megabytes. A rollback journal is not copied, for it could name a file of
this host that SQLite would then delete.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest.facts.files import Files
from guestshell.temporary import own_directory

if TYPE_CHECKING:
    import sqlite3

_BLOCK = 2**20
_MOST = 2**30
_STEPS = 20_000_000
"""Instructions of SQLite's machine for all rows of a table: a hostile schema can ask for more."""

_LONGEST = 2**26
"""Bytes of a row: the longest headers of rpm have some."""

MAGIC = b"SQLite format 3\0"
"""How every database begins."""


class SqliteFile:
    """A database of the guest; one that is not there has no rows, a damaged one is warned of.

    A table is only read where it holds its rows itself: a view or a computed column could run as
    long as its maker wished.
    """

    def __init__(self, files: Files, path: str) -> None:
        self._files = files
        self._path = path
        self._opened = contextlib.ExitStack()
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> "SqliteFile":
        import sqlite3

        try:
            self._database = self._open()
        except NoSuchPath:
            pass
        except PathError as error:
            self._files.warn(str(error))
        except (OSError, ValueError, sqlite3.Error) as error:
            self._files.warn(f"{self._path}: {error}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def _open(self) -> "sqlite3.Connection":
        import sqlite3

        temporary = self._opened.enter_context(tempfile.TemporaryDirectory(dir=own_directory()))
        copy = Path(temporary) / "copy"
        self._copy(self._path, copy)
        with contextlib.suppress(NoSuchPath):
            self._copy(f"{self._path}-wal", copy.with_name("copy-wal"))
        database = self._opened.enter_context(contextlib.closing(sqlite3.connect(copy)))
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        return database

    def _copy(self, path: str, target: Path) -> None:
        with self._files.open(path) as source, target.open("wb") as file:
            while block := source.read(_BLOCK):
                file.write(block)
                if file.tell() > _MOST:
                    problem = f"has more than {_MOST} bytes, which no such file has"
                    raise PathError(path, problem)

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
        except UnicodeDecodeError:  # of what SQLite itself says of a damaged schema
            self._files.warn(f"{self._path}: malformed database schema")
