"""rpm's database in SQLite: rpmdb.sqlite with a table Packages of numbers and headers.

It has hundreds of megabytes and a write-ahead log beside it, so both are copied into a private
temporary directory for SQLite to read; a rollback journal is not, for it could name a file of
this host that SQLite would then delete.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest.facts.files import Files

_BLOCK = 2**20
_MOST = 2**30
_LONGEST = 2**26
"""Bytes of a row: the longest headers have some."""
_STEPS = 10_000_000
"""Instructions of SQLite's machine for one row: a damaged tree could lead in circles."""
_TABLE = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'Packages' AND rootpage > 0"


def sqlite_blobs(files: Files, path: str) -> Iterator[bytes | None]:
    """Yield each package's header, None for one that is none; damage ends it with a warning."""
    import sqlite3

    try:
        with tempfile.TemporaryDirectory(prefix="guestctl-") as temporary:
            copy = Path(temporary) / "copy"
            _copy(files, path, copy)
            with contextlib.suppress(NoSuchPath):
                _copy(files, f"{path}-wal", copy.with_name("copy-wal"))
            yield from _rows(copy)
    except PathError as error:
        files.warn(str(error))
    except (OSError, sqlite3.Error, OverflowError) as error:
        files.warn(f"{path}: {error}")


def _copy(files: Files, path: str, target: Path) -> None:
    with files.open(path) as source, target.open("wb") as file:
        while block := source.read(_BLOCK):
            file.write(block)
            if file.tell() > _MOST:
                raise PathError(path, f"has more than {_MOST} bytes, which no such file has")


def _rows(copy: Path) -> Iterator[bytes | None]:
    import sqlite3

    database = sqlite3.connect(copy)
    try:
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        steps = 0

        def count() -> bool:
            nonlocal steps
            steps += 1000
            return steps > _STEPS  # true ends the query

        database.set_progress_handler(count, 1000)
        if database.execute(_TABLE).fetchone() is None:
            raise sqlite3.DatabaseError("has no table Packages")
        for [blob] in database.execute('SELECT blob FROM "Packages"'):
            steps = 0
            yield blob if isinstance(blob, bytes) else None
    finally:
        database.close()
