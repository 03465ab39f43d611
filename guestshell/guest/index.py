"""What is already known about an image, kept on disk: for now the names in its directories.

A Tab is answered from here before an appliance runs. The file can be made again at any time,
so whatever is wrong with it only means that nothing is known.
"""

import contextlib
import hashlib
import os
import sqlite3
import stat as st
import struct
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from guestshell.engine.bytecalls import Dirent
from guestshell.engine.machine import cache_directory
from guestshell.guest.image import Image
from guestshell.values import Name, decode_name, encode_name

_T = TypeVar("_T")

_FORMAT = 1
"""The file's user_version: another one when the tables, or what stands in them, change."""

_SCHEMA = (
    "CREATE TABLE about (images BLOB NOT NULL)",
    "CREATE TABLE names (directory BLOB PRIMARY KEY, listing BLOB NOT NULL, checksum INT NOT NULL)",
)

_MOST_BYTES = 256 * 2**20
"""Size of a file beyond which nothing more is learned."""

_PAGE_BYTES = 4096
_BUSY_SECONDS = 0.2
_WRITE_SECONDS = 1.0

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
        self._pending: dict[bytes, bytes] = {}
        self._written = -_WRITE_SECONDS
        self._lock = threading.Lock()

    @classmethod
    def of(cls, images: Sequence[Image]) -> "Index":
        """Give the index of images as they are on the host now; no file of it is opened yet."""
        paths = b"\0".join(os.fsencode(os.path.realpath(image.path)) for image in images)
        name = hashlib.sha256(paths).hexdigest()[:32]
        return cls(cache_directory() / "index" / f"{name}.sqlite", _fingerprint(images))

    def names(self, directory: Name) -> list[Dirent] | None:
        """Give the listing of an absolute path as it was learned, None when it is not known."""
        path = encode_name(directory)
        with self._lock:
            packed = self._pending.get(path)
            if packed is None:
                packed = self._ask(lambda database, images: _read(database, images, path))
        return None if packed is None else _unpack(packed)

    def learn_names(self, directory: Name, listing: Sequence[Dirent]) -> None:
        """Remember the listing of an absolute path; writes to disk at most once a second."""
        packed = _pack(listing)
        with self._lock:
            if self._images is None:
                return
            self._pending[encode_name(directory)] = packed
            if time.monotonic() - self._written >= _WRITE_SECONDS:
                self._write()

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
        if self._images is None or not (makes or self._database or self._file.exists()):
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


def _fingerprint(images: Sequence[Image]) -> bytes | None:
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


def _pack(listing: Sequence[Dirent]) -> bytes:
    """Give the kinds and a NUL, the inodes in 8 bytes each, the names each with a NUL."""
    kinds = "".join([dirent.kind for dirent in listing]).encode("ascii")
    inodes = struct.pack(f"<{len(listing)}q", *[dirent.inode for dirent in listing])
    return kinds + b"\0" + inodes + encode_name("".join([f"{d.name}\0" for d in listing]))


def _unpack(packed: bytes) -> list[Dirent]:
    kinds, _, rest = packed.partition(b"\0")
    inodes = struct.unpack_from(f"<{len(kinds)}q", rest)
    names = map(Name, decode_name(rest[8 * len(kinds) :]).split("\0")[:-1])
    return list(map(Dirent, names, kinds.decode("ascii"), inodes))


def _checksum(path: bytes, packed: bytes) -> int:
    # SQLite does not notice zeros where its last page was cut off
    return zlib.crc32(packed, zlib.crc32(path))


def _connect(file: Path) -> sqlite3.Connection:
    """Open a file that only its owner can read. Raises OSError when it cannot be made."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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


def _read(database: sqlite3.Connection, images: bytes, path: bytes) -> bytes | None:
    """Give a packed listing. Raises DatabaseError when it is not what was written."""
    question = "SELECT listing, checksum FROM about, names WHERE images = ? AND directory = ?"
    row = database.execute(question, (images, path)).fetchone()
    if row is None:
        return None
    packed, checksum = row
    if not isinstance(packed, bytes) or _checksum(path, packed) != checksum:
        raise sqlite3.DatabaseError("a listing is damaged")
    return packed


def _insert(database: sqlite3.Connection, images: bytes, listings: dict[bytes, bytes]) -> None:
    """Add packed listings by path, if there is room for them."""
    rows = ((path, packed, _checksum(path, packed)) for path, packed in listings.items())
    try:
        with database:
            database.execute("BEGIN IMMEDIATE")
            if _is_about(database, images):
                database.executemany("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", rows)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
