"""What is already known about an image, kept on disk: bytes by kind and key.

An unchanged image is answered from here before an appliance runs. The file can be made again at
any time, so whatever is wrong with it only means that nothing is known.
"""

import contextlib
import enum
import hashlib
import os
import sqlite3
import stat as st
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from guestshell.engine.machine import cache_directory
from guestshell.guest.image import Image
from guestshell.values import encode_name

_T = TypeVar("_T")

_FORMAT = 4
"""The file's user_version: another one when the tables, or what stands in them, change."""

_SCHEMA = (
    "CREATE TABLE about (images BLOB NOT NULL)",
    "CREATE TABLE known (kind INT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    " checksum INT NOT NULL, PRIMARY KEY (key, kind))",
)

_MOST_BYTES = 256 * 2**20
"""Size of a file beyond which nothing more is learned."""

_MOST_FILES = 200
"""Images of which something is kept."""

_PAGE_BYTES = 4096
_BUSY_SECONDS = 0.2
_WRITE_SECONDS = 1.0


class Kind(enum.IntEnum):
    """What a value is of its key: a path, or the name of a fact."""

    NAMES = 1
    """The names and kinds in a directory."""
    LISTING = 2
    """The same with lstat(2) of each."""
    ATTRIBUTES = 3
    """The extended attributes of what stands in a directory."""
    STATUS = 4
    """lstat(2) of one path, or that it is not there."""
    FOLLOWED = 5
    """stat(2) of one path, or that it leads nowhere."""
    RESOLVED = 6
    """Where a path leads."""
    CONTENT = 7
    """The beginning of a file, or that it is not there."""
    FACT = 8
    """A fact by its name."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is known: directories whose files were looked at, all values, bytes of the file."""

    directories: int
    values: int
    size: int


_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN}
"""Errors of the moment or of the host; any other means that the file is damaged."""


class Index:
    """What is known about a set of images, for as long as no file of theirs changes.

    Any thread may ask, and several shells may have the same images open. Nothing here raises:
    what cannot be read is not known, what cannot be written is not learned.
    """

    def __init__(self, file: Path, images: bytes | None) -> None:
        """Keep in `file` what belongs to `images`, their fingerprint; None keeps nothing."""
        self._file = file
        self._images = images
        self._database: sqlite3.Connection | None = None
        self._pending: dict[tuple[Kind, bytes], bytes] = {}
        self._written = -_WRITE_SECONDS
        self._lock = threading.Lock()
        self.believes: Callable[[], bool] = lambda: True
        """Whether what is learned now can be: not from an appliance that had trouble reading."""

    @classmethod
    def of(cls, images: Sequence[Image]) -> "Index":
        """Give the index of images as they are on the host now; no file of it is opened yet."""
        paths = b"\0".join(os.fsencode(os.path.realpath(image.path)) for image in images)
        name = hashlib.sha256(paths).hexdigest()[:32]
        return cls(cache_directory() / "index" / f"{name}.sqlite", fingerprint(images))

    @property
    def path(self) -> Path:
        """Where the file is, or would be."""
        return self._file

    @property
    def is_kept(self) -> bool:
        """Whether anything can be kept: not of an image that can change unseen."""
        return self._images is not None

    def get(self, kind: Kind, key: str) -> bytes | None:
        """Give what was learned, None when it is not known."""
        place = (kind, encode_name(key))
        with self._lock:
            value = self._pending.get(place)
            if value is None:
                value = self._ask(lambda database, images: _read(database, images, *place))
        return value

    def put(self, kind: Kind, key: str, value: bytes) -> None:
        """Remember a value; writes to disk at most once a second."""
        with self._lock:
            if self._images is None or not self.believes():
                return
            self._pending[kind, encode_name(key)] = value
            if time.monotonic() - self._written >= _WRITE_SECONDS:
                self._write()

    def extent(self) -> Extent:
        """Say how much is known."""
        with self._lock:
            self._write()
            counted = self._ask(_count)
        try:
            size = self._file.stat().st_size
        except OSError:
            size = 0
        directories, values = counted or (0, 0)
        return Extent(directories, values, size)

    def drop(self) -> None:
        """Forget everything; what is learned afterwards is kept again."""
        with self._lock:
            self._pending.clear()
            if _is_there(self._file):
                self._empty()

    def close(self) -> None:
        """Write what was learned last; from then on nothing is known. Safe to call twice."""
        with self._lock:
            self._write()
            self._disconnect()
            self._images = None

    def _write(self) -> None:
        pending, self._pending = self._pending, {}
        if pending:
            self._ask(lambda database, images: _insert(database, images, pending), makes=True)
        self._written = time.monotonic()

    def _ask(
        self, question: Callable[[sqlite3.Connection, bytes], _T], *, makes: bool = False
    ) -> _T | None:
        """Put a question to the file, opened for the first, made if it `makes` one.

        None without an answer.
        """
        if self._images is None or not (makes or self._database or _is_there(self._file)):
            return None
        try:
            if self._database is None:
                self._database = _connect(self._file)
                _prepare(self._database, self._images)
            return question(self._database, self._images)
        except OSError:
            self._images = None
        except (sqlite3.Error, UnicodeDecodeError) as error:  # a damaged name in SQLite's message
            self._disconnect()
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF not in _PASSING:
                self._empty()
        return None

    def _disconnect(self) -> None:
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
            self._database = None

    def _empty(self) -> None:
        self._disconnect()
        with contextlib.suppress(OSError):
            # not unlinked: another shell's journal would be replayed into the new file
            os.truncate(self._file, 0)


def fingerprint(images: Sequence[Image]) -> bytes | None:
    """Give a digest that changes with any file of the images, None if one can change unseen."""
    facts = []
    try:
        for depth, image in ((d, i) for top in images for d, i in enumerate(top.chain())):
            path = Path(os.path.realpath(image.path))
            status = path.stat()
            # writing to a block device leaves its times as they are
            if not st.S_ISREG(status.st_mode) or not _is_whole(path, image.format):
                return None
            identity = (status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)
            facts.append((depth, str(path), image.format, identity))
    except OSError:
        return None
    return hashlib.sha256(repr((_FORMAT, facts)).encode()).digest()


def _is_whole(path: Path, image_format: str) -> bool:
    """Say whether all data of an image is in its file: a VMDK's can stand in others beside it."""
    if image_format != "vmdk":
        return True
    with path.open("rb") as file:
        head = file.read(20)
    return head[:4] == b"KDMV" and any(head[12:20])  # with a capacity of 0 it names other files


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # as of somebody else's directory, which sudo can leave behind
        return False


def _checksum(kind: int, key: bytes, value: bytes) -> int:
    # SQLite does not notice zeros where its last page was cut off
    return zlib.crc32(value, zlib.crc32(key, kind))


def _make_room(directory: Path) -> None:
    """Take away the indexes that were not written to for longest, so that few enough stay."""
    files = sorted(directory.glob("*.sqlite"), key=lambda file: file.stat().st_mtime_ns)
    for file in files[: max(len(files) + 1 - _MOST_FILES, 0)]:
        with contextlib.suppress(OSError):
            file.unlink()


def _connect(file: Path) -> sqlite3.Connection:
    """Open a file that only its owner can read. Raises OSError when it cannot be made."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        _make_room(file.parent)
    with contextlib.suppress(FileExistsError):
        # to open and close it here would drop the locks of this process's other connections
        os.mknod(file, st.S_IFREG | 0o600)
    # left with its rollback journal: WAL does not work in a home on a network file system
    return sqlite3.connect(file, _BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare(database: sqlite3.Connection, images: bytes) -> None:
    """Begin the file anew when it is of other images or in another format."""
    database.execute("PRAGMA synchronous = OFF")  # what a power failure tears is begun anew
    database.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    database.execute(f"PRAGMA max_page_count = {_MOST_BYTES // _PAGE_BYTES}")
    if _is_about(database, images):
        return
    with database:
        database.execute("BEGIN IMMEDIATE")
        if _is_about(database, images):  # another shell was first
            return
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            database.execute(f'DROP TABLE "{table}"')
        for statement in _SCHEMA:
            database.execute(statement)
        database.execute("INSERT INTO about VALUES (?)", (images,))
        database.execute(f"PRAGMA user_version = {_FORMAT}")


def _is_about(database: sqlite3.Connection, images: bytes) -> bool:
    """Say whether the file is of these images; a shell that sees them changed takes it over."""
    if database.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
        return False
    question = "SELECT 1 FROM about WHERE images = ?"
    return database.execute(question, (images,)).fetchone() is not None


def _read(database: sqlite3.Connection, images: bytes, kind: Kind, key: bytes) -> bytes | None:
    """Give a value. Raises DatabaseError when it is not what was written."""
    question = "SELECT value, checksum FROM about, known WHERE images = ? AND key = ? AND kind = ?"
    row = database.execute(question, (images, key, int(kind))).fetchone()
    if row is None:
        return None
    value, checksum = row
    if not isinstance(value, bytes) or _checksum(kind, key, value) != checksum:
        raise sqlite3.DatabaseError("a value is damaged")
    return value


def _count(database: sqlite3.Connection, images: bytes) -> tuple[int, int]:
    question = "SELECT sum(kind = ?), count(*) FROM about, known WHERE images = ?"
    directories, values = database.execute(question, (int(Kind.LISTING), images)).fetchone()
    return directories or 0, values


def _insert(
    database: sqlite3.Connection, images: bytes, values: dict[tuple[Kind, bytes], bytes]
) -> None:
    """Add values by kind and key, if there is room for them."""
    rows = (
        (int(kind), key, value, _checksum(kind, key, value))
        for (kind, key), value in values.items()
    )
    try:
        with database:
            database.execute("BEGIN IMMEDIATE")
            if _is_about(database, images):
                database.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)", rows)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
