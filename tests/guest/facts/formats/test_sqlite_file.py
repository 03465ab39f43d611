"""SQLite files that a guest wrote: their rows, their logs, and what is made to harm."""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.formats.sqlite_file import SqliteFile
from tests.guest.facts.host_tree import HostTree, make_tree

FILE = "/data.db"
TABLE = "CREATE TABLE t(name TEXT PRIMARY KEY, time INTEGER)"


def database(path: Path, *statements: str) -> bytes:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path.read_bytes()


def rows(files: HostTree) -> list[tuple[Any, ...]]:
    with SqliteFile(files, FILE) as found:
        return list(found.rows("t", ("name", "time")))


def test_a_file_that_is_not_there_has_no_rows(tmp_path: Path) -> None:
    files = HostTree(tmp_path)
    assert rows(files) == []
    assert files.warnings == []


def test_rows_in_their_order_with_any_text(tmp_path: Path) -> None:
    statements = (
        "INSERT INTO t VALUES (CAST(x'62ff' AS TEXT), 2)",
        "INSERT INTO t VALUES ('a', 1)",
    )
    files = make_tree(tmp_path, {FILE: database(tmp_path / "made", TABLE, *statements)})
    assert rows(files) == [("b\udcff", 2), ("a", 1)]
    assert files.warnings == []


def test_rows_that_wait_in_the_log_are_seen(tmp_path: Path) -> None:
    working, guest = tmp_path / "working", tmp_path / "guest"
    guest.mkdir()
    connection = sqlite3.connect(working)
    for statement in (TABLE, "PRAGMA journal_mode = WAL", "INSERT INTO t VALUES ('late', 1)"):
        connection.execute(statement)
    connection.commit()
    shutil.copy(working, guest / "data.db")
    assert rows(HostTree(guest)) == []
    shutil.copy(f"{working}-wal", guest / "data.db-wal")
    connection.close()
    assert rows(HostTree(guest)) == [("late", 1)]
    assert sorted(os.listdir(guest)) == ["data.db", "data.db-wal"]  # noqa: PTH208


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE VIEW t AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) "
         "SELECT x AS name, 1 AS time FROM n"],
        ["CREATE TABLE t(x, name AS (hex(zeroblob(1000000))), time)"],
        ["CREATE TABLE other(x)"],
        ["CREATE TABLE t(name)"],
    ],
)  # fmt: skip
def test_what_is_made_to_harm_is_refused(tmp_path: Path, statements: list[str]) -> None:
    files = make_tree(tmp_path, {FILE: database(tmp_path / "made", *statements)})
    assert rows(files) == []
    [warning] = files.warnings
    assert warning.startswith(f"{FILE}: ")


@given(data=st.binary(max_size=2000), cut=st.integers(0, 4096))
@settings(max_examples=100, deadline=None)
def test_damage_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: int
) -> None:
    place = tmp_path_factory.mktemp("damaged")
    whole = database(place / "made", TABLE, "INSERT INTO t VALUES ('a', 1)")
    rows(make_tree(place, {FILE: whole[:cut] + data + whole[cut + len(data) :]}))


def test_a_schema_that_is_no_text_is_warned_of(tmp_path: Path) -> None:
    whole = database(tmp_path / "made", TABLE)
    files = make_tree(tmp_path, {FILE: whole.replace(b"CREATE TABLE t", b"CREATE T\x80BLE t")})
    assert rows(files) == []
    assert files.warnings == [f"{FILE}: malformed database schema"]
