"""The database of rpm in each of its forms, with rpm itself as the oracle."""

import os
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.packages import rpm_header
from guestshell.guest.facts.packages.databases import find_databases, owners_of, read_packages
from guestshell.guest.facts.packages.rows import Package
from guestshell.guest.facts.packages.rpm_header import DamagedHeader, Header
from tests.guest.facts.host_tree import HostTree, make_tree
from tests.images.build import run
from tests.images.rpm import BACKENDS, DATABASE, make_rpm_root, missing_tools, write_database

FORM = "%{NAME}|%{EVR}|%{ARCH}|%{LONGSIZE}|%{INSTALLTIME}|%{SOURCERPM}|%{SUMMARY}\n"


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    if missing := missing_tools():
        pytest.skip(f"this host lacks {', '.join(missing)}")
    top = tmp_path_factory.mktemp("rpm")

    def root(backend: str) -> Path:
        if not (top / backend).exists():
            (top / backend).mkdir()
            make_rpm_root(top / backend, backend)
        return top / backend

    return root


def packages_of(tree: HostTree) -> list[Package]:
    return read_packages(find_databases(tree))


def as_rpm_says(packages: list[Package]) -> list[str]:
    return sorted(
        f"{p.name}|{p.version}|{p.architecture}|{p.size}|{(p.installed or 0) // 10**9}|"
        f"{p.source}|{p.summary}"
        for p in packages
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_rpm_lists_the_same(roots: Callable[[str], Path], backend: str) -> None:
    tree = HostTree(roots(backend))
    readable = {"sqlite": "sqlite", "bdb": "bdb_ro"}.get(backend)
    # Debian's rpm knows no ndb: what was read of it is compared with what it was made of
    root = roots(backend if readable else "sqlite")
    theirs = run(
        "rpm", "--define", f"_db_backend {readable or 'sqlite'}", "--dbpath",
        f"{root}{DATABASE}", "-qa", "--qf", FORM,
    )  # fmt: skip
    ours = as_rpm_says(packages_of(tree))
    if readable:
        assert ours == sorted(theirs.splitlines())
    else:
        assert [line.split("|")[:4] for line in ours] == [
            line.split("|")[:4] for line in sorted(theirs.splitlines())
        ]
    assert tree.warnings == []


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin/raise", "tools"),
        ("/usr/bin/also", "tools"),
        ("/bin/tool", "tools"),
        ("/usr/lib/thing/with space", "libthing"),
        ("/usr/lib/thing", "libthing"),
        ("/var/log/tools.log", "tools"),
        ("/etc/passwd", ""),
        ("/usr/bin", ""),
    ],
)
def test_whose_a_file_is(
    roots: Callable[[str], Path], backend: str, path: str, expected: str
) -> None:
    root = roots(backend)
    if not (root / "bin").is_symlink():
        (root / "bin").symlink_to("usr/bin")
    tree = HostTree(root)
    assert [p.name for p in owners_of(tree, find_databases(tree), path)] == [expected] * bool(
        expected
    )
    if backend == "sqlite" and not path.startswith("/bin"):
        command = ["rpm", "--dbpath", f"{root}{DATABASE}", "-qf", "--qf", "%{NAME}", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.stdout if done.returncode == 0 else "") == expected


def test_what_stands_only_in_the_log_of_sqlite_is_read(
    roots: Callable[[str], Path], tmp_path: Path
) -> None:
    database = roots("sqlite") / DATABASE[1:] / "rpmdb.sqlite"
    target = tmp_path / "root" / DATABASE[1:] / "rpmdb.sqlite"
    target.parent.mkdir(parents=True)
    working = tmp_path / "working.sqlite"
    shutil.copy(database, working)
    connection = sqlite3.connect(working)
    assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    connection.execute("DELETE FROM Packages WHERE hnum = (SELECT min(hnum) FROM Packages)")
    connection.commit()
    shutil.copy(working, target)
    before = len(packages_of(HostTree(tmp_path / "root")))
    shutil.copy(f"{working}-wal", f"{target}-wal")
    connection.close()
    assert (before, len(packages_of(HostTree(tmp_path / "root")))) == (2, 1)
    assert sorted(os.listdir(target.parent)) == ["rpmdb.sqlite", "rpmdb.sqlite-wal"]  # noqa: PTH208


def sqlite_tree(tmp_path: Path, *statements: str) -> HostTree:
    target = tmp_path / DATABASE[1:] / "rpmdb.sqlite"
    target.parent.mkdir(parents=True)
    connection = sqlite3.connect(target)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return HostTree(tmp_path)


def test_a_view_in_the_place_of_the_table_is_not_run(tmp_path: Path) -> None:
    tree = sqlite_tree(
        tmp_path,
        "CREATE VIEW Packages AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
        "SELECT x AS hnum, x AS blob FROM n",
    )
    assert packages_of(tree) == []
    assert tree.warnings == ["/var/lib/rpm/rpmdb.sqlite: has no table Packages"]


def test_rows_that_are_no_headers_are_counted(tmp_path: Path) -> None:
    tree = sqlite_tree(
        tmp_path,
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)",
        "INSERT INTO Packages (blob) VALUES ('text'), (NULL), (x'00'), (zeroblob(100))",
    )
    assert packages_of(tree) == []
    assert tree.warnings == ["/var/lib/rpm/rpmdb.sqlite: 4 damaged packages left out"]


def test_one_database_under_two_names_is_read_once(roots: Callable[[str], Path]) -> None:
    root = roots("bdb")
    (root / "usr/lib/sysimage").mkdir()
    (root / "usr/lib/sysimage/rpm").symlink_to("/var/lib/rpm")
    assert len(packages_of(HostTree(root))) == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_damaged_database_is_warned_of_or_read(
    roots: Callable[[str], Path], tmp_path: Path, backend: str
) -> None:
    name = BACKENDS[backend]
    whole = (roots(backend) / DATABASE[1:] / name).read_bytes()
    target = tmp_path / DATABASE[1:] / name
    target.parent.mkdir(parents=True)
    for cut in (0, 10, 40, 600, 4096, 5000, len(whole) // 2, len(whole) - 1):
        target.write_bytes(whole[:cut])
        assert len(packages_of(HostTree(tmp_path))) <= 2

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def spoil(data: st.DataObject) -> None:
        spoiled = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 4))):
            place = data.draw(st.integers(0, min(len(whole) - 4, 9000)))
            spoiled[place : place + 4] = data.draw(st.binary(min_size=4, max_size=4))
        target.write_bytes(spoiled)
        tree = HostTree(tmp_path)
        [database] = find_databases(tree)
        list(database.packages())
        list(database.files(lambda name: True))

    spoil()


# -- headers ---------------------------------------------------------------------------------------


def header(*entries: tuple[int, int, int, int], data: bytes = b"") -> bytes:
    index = b"".join(struct.pack(">IIiI", *entry) for entry in entries)
    return struct.pack(">II", len(entries), len(data)) + index + data


def test_a_header() -> None:
    found = Header(
        header(
            (1000, 6, 0, 1),
            (1117, 8, 5, 3),
            (1030, 3, 12, 2),
            (1009, 4, 16, 1),
            (5009, 5, 20, 1),
            (1009, 4, 24, 1),
            data=b"name\0a\0bb\0\0\0" + struct.pack(">HHIQ", 1, 0xFFFF, 7, 9),
        )
    )
    assert found.text(1000) == "name"
    assert found.texts(1117) == [b"a", b"bb", b""]
    assert found.numbers(1030) == (1, 0xFFFF)
    assert found.number(5009) == 9
    assert found.number(1009) == 9, "what rpm added later counts"
    assert found.number(1) is None
    assert found.text(1009) == ""


@given(st.binary(max_size=200))
@example(header((1000, 8, 0, 0xFFFFFFFF), (1028, 4, 0, 0xFFFFFFFF), data=b"a\0"))
@example(header((1000, 6, -1, 1), (1028, 4, -4, 1), data=b"a\0"))
@example(header((1000, 6, 5, 1), (1028, 4, 2**31 - 1, 1), data=b"a\0"))
@example(struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF))
def test_no_header_makes_it_fail(blob: bytes) -> None:
    try:
        found = Header(blob)
    except DamagedHeader:
        return
    for tag in range(1000, 1010):
        found.text(tag)
        found.number(tag)
    assert len(found.texts(1000)) <= len(blob)
    assert len(found.numbers(1028)) <= len(blob)


def test_the_paths_of_old_packages(tmp_path: Path) -> None:
    names = b"/bin/old\0/etc/old.conf\0"
    blob = header(
        (rpm_header.NAME, 6, 0, 1),
        (rpm_header.OLD_FILE_NAMES, 8, 4, 2),
        (rpm_header.FILE_MODES, 3, 4 + len(names), 2),
        data=b"old\0" + names + struct.pack(">HH", 0o100755, 0o100644),
    )
    tree = make_tree(tmp_path, {f"{DATABASE}/x": ""})
    write_database(tmp_path / DATABASE[1:], "ndb", {1: blob})
    [database] = find_databases(tree)
    assert [p.name for p in owners_of(tree, [database], "/bin/old")] == ["old"]
    assert [(f.path, f.mode) for f in database.files(lambda name: True)] == [
        ("/bin/old", 0o755),
        ("/etc/old.conf", 0o644),
    ]
