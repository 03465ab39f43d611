import gzip
import lzma
import os
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.logins.login import Login
from guestshell.guest.facts.logins.sessions import read_failed_logins, read_logins
from guestshell.guest.facts.logins.utmp import layout_of
from tests.guest.facts.host_tree import HostTree, make_tree

RUN_LEVEL, BOOT, INIT, GETTY, LOGIN, LOGOUT = 1, 2, 5, 6, 7, 8
START = 1_773_388_682  # 2026-03-13T07:58:02Z


def packed(
    kind: int, user: str, line: str, host: str, at: int, *, pid: int = 900, wide: bool = False,
    order: str = "<", address: bytes = b"",
) -> bytes:  # fmt: skip
    """Give a record as glibc writes it: of 384 bytes, or of 400 with wide times."""
    times = "qqq" if wide else "iII"
    return struct.pack(
        f"{order}hxxi32s4s32s256shh{times}16s{24 if wide else 20}x",
        kind, pid, line.encode(), line[-4:].encode(), user.encode(), host.encode(), 0, 0,
        0, at, 0, address,
    )  # fmt: skip


def _history(**layout: object) -> bytes:
    """Give a wtmp: two days of sessions, a shutdown, a crash, and one session that goes on."""

    def record(kind: int, user: str, line: str, host: str, after: int, pid: int = 900) -> bytes:
        return packed(kind, user, line, host, START + after, pid=pid, **layout)  # type: ignore[arg-type]

    kernel = "6.1.0-37-amd64"
    return b"".join(
        [
            record(BOOT, "reboot", "~", kernel, 0, 0),
            record(INIT, "", "tty1", "", 7),
            record(GETTY, "LOGIN", "tty1", "", 7),
            record(RUN_LEVEL, "runlevel", "~", kernel, 10, ord("5")),
            record(LOGIN, "alice", "pts/0", "192.0.2.15", 700),
            record(LOGIN, "bob", "pts/1", "192.0.2.16", 800),
            record(LOGOUT, "", "pts/0", "", 3700),
            record(LOGIN, "backup", "pts/0", "203.0.113.77", 66306),
            record(LOGOUT, "", "pts/0", "", 66485),
            record(LOGIN, "carol", "pts/1", "192.0.2.17", 70000),
            record(RUN_LEVEL, "shutdown", "~", kernel, 72118, 0),
            record(BOOT, "reboot", "~", kernel, 72200, 0),
            record(LOGIN, "root", "tty1", "", 72400),
            record(BOOT, "reboot", "~", kernel, 76000, 0),
            record(LOGIN, "alice", "pts/0", "192.0.2.15", 77000),
        ]
    )


def summary(logins: list[Login]) -> list[tuple[str, str, int, int | None, str]]:
    return [
        (
            login.kind,
            login.user,
            login.time // 10**9 - START,
            None if login.end is None else login.end // 10**9 - START,
            login.ended,
        )
        for login in logins
    ]


EXPECTED = [
    ("boot", "reboot", 0, 72118, "shutdown"),
    ("runlevel", "runlevel", 10, None, ""),
    ("login", "alice", 700, 3700, "logout"),
    ("login", "bob", 800, 70000, "next login"),
    ("login", "backup", 66306, 66485, "logout"),
    ("login", "carol", 70000, 72118, "shutdown"),
    ("shutdown", "shutdown", 72118, None, ""),
    ("boot", "reboot", 72200, 76000, "crash"),
    ("login", "root", 72400, 76000, "crash"),
    ("boot", "reboot", 76000, None, ""),
    ("login", "alice", 77000, None, ""),
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [False, True])
def test_sessions_end_as_they_did_on_every_machine(tmp_path: Path, order: str, wide: bool) -> None:
    tree = make_tree(tmp_path, {"/var/log/wtmp": _history(order=order, wide=wide)})
    logins = read_logins(tree)
    assert summary(logins) == EXPECTED
    assert tree.warnings == []
    assert logins[1].line == "5"
    assert (logins[2].duration, logins[2].pid, logins[2].host) == (3000, 900, "192.0.2.15")
    assert (logins[0].pid, logins[0].host) == (None, "6.1.0-37-amd64")


def test_the_records_are_those_of_last(tmp_path: Path) -> None:
    (tmp_path / "wtmp").write_bytes(_history())
    try:
        run = subprocess.run(
            ["last", "-x", "--time-format", "iso", "-f", "wtmp"],
            cwd=tmp_path, env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("no last here")
    lines = [
        line for line in run.stdout.splitlines() if line and not line.startswith("wtmp begins")
    ]
    tree = make_tree(tmp_path, {"/var/log/wtmp": _history()})
    rows = read_logins(tree)[::-1]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert line.startswith(row.user)
        assert _iso(row.time) in line
        if row.kind == "login" and row.end is not None:
            word = {"shutdown": "- down", "crash": "- crash"}.get(row.ended, f"- {_iso(row.end)}")
            assert word in line


def _iso(nanoseconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(nanoseconds // 10**9))


def test_a_session_goes_on_in_the_next_file(tmp_path: Path) -> None:
    whole = _history()
    tree = make_tree(
        tmp_path,
        {
            "/var/log/wtmp": whole[384 * 10 :],
            "/var/log/wtmp.1": whole[384 * 5 : 384 * 10],
            "/var/log/wtmp.2.gz": gzip.compress(whole[: 384 * 5]),
            "/var/log/wtmpfoo": b"something else",
        },
    )
    for age, name in enumerate(["wtmp", "wtmp.1", "wtmp.2.gz"]):
        os.utime(tmp_path / "var/log" / name, (START, START + 10**5 - age))
    logins = read_logins(tree)
    assert summary(logins) == EXPECTED
    assert [login.source.rpartition("/")[2] for login in logins] == (
        ["wtmp.2.gz"] * 3 + ["wtmp.1"] * 3 + ["wtmp"] * 5
    )


def test_failed_attempts_come_from_btmp(tmp_path: Path) -> None:
    address = bytes([203, 0, 113, 77])
    attempts = [
        packed(GETTY, user, "ssh:notty", "203.0.113.77", START + place, address=address)
        for place, user in enumerate(["root", "admin", "", "caf\u00e9"])
    ]
    tree = make_tree(
        tmp_path,
        {
            "/var/log/btmp": b"".join(attempts[2:]),
            "/var/log/btmp.1.xz": lzma.compress(b"".join(attempts[:2])),
        },
    )
    os.utime(tmp_path / "var/log/btmp.1.xz", (START, START))
    rows = list(read_failed_logins(tree))
    assert [(row.user, row.kind, row.address) for row in rows] == [
        (user, "failed", "203.0.113.77") for user in ("root", "admin", "", "caf\u00e9")
    ]
    assert list(read_failed_logins(tree, ["/var/log/btmp"])) == rows[2:]
    assert tree.warnings == []


def test_addresses(tmp_path: Path) -> None:
    mapped = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 1])
    six = bytes.fromhex("20010db8000000000000000000000007")
    data = b"".join(
        packed(LOGIN, "a", f"pts/{place}", "", START, address=address)
        for place, address in enumerate([b"", mapped, six])
    )
    tree = make_tree(tmp_path, {"/var/log/wtmp": data})
    assert [row.address for row in read_logins(tree)] == ["", "192.0.2.1", "2001:db8::7"]


def test_what_was_blanked_out_or_is_torn_is_said(tmp_path: Path) -> None:
    data = _history()
    torn = data[:768] + bytes(384) + data[1152:] + struct.pack("<h", 4711) + data[2:384] + b"rest"
    tree = make_tree(tmp_path, {"/var/log/wtmp": torn})
    assert len(read_logins(tree)) == len(EXPECTED)
    assert tree.warnings == [
        "/var/log/wtmp: 1 blank record, as what hides logins leaves behind",
        "/var/log/wtmp: 1 damaged record left out",
        "/var/log/wtmp: ends in the middle of a record",
    ]


def test_what_is_no_record_is_said(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path, {"/var/log/wtmp": b"hello\n" * 1000, "/var/log/btmp.1": b"\x1f\x8bno"}
    )
    assert read_logins(tree) == []
    assert list(read_failed_logins(tree)) == []
    assert tree.warnings[0] == "/var/log/wtmp: holds no records of logins"
    assert tree.warnings[1].startswith("/var/log/btmp.1: ")


def test_nothing_kept_is_said(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/passwd": "root:x:0:0::/root:/bin/sh\n"})
    assert read_logins(tree) == list(read_failed_logins(tree)) == []
    assert tree.warnings == [
        "/var/log/wtmp: is not there, nor a database of wtmpdb",
        "/var/log/btmp: is not there",
    ]


def test_a_logout_alone_is_shown_unless_nobody_was_there(tmp_path: Path) -> None:
    data = (
        packed(LOGOUT, "", "pts/3", "", START)
        + packed(GETTY, "LOGIN", "tty1", "", START + 1)
        + packed(LOGOUT, "", "tty1", "", START + 2)
    )
    tree = make_tree(tmp_path, {"/var/log/wtmp": data})
    assert [(row.kind, row.line) for row in read_logins(tree)] == [("logout", "pts/3")]


def _last(at: int, line: str, host: str, wide: bool = False) -> bytes:
    return struct.pack(f"<{'q' if wide else 'I'}32s256s", at, line.encode(), host.encode())


@pytest.mark.parametrize("wide", [False, True])
def test_lastlog_tells_what_no_other_does(tmp_path: Path, wide: bool) -> None:
    size = 296 if wide else 292
    records = {
        0: _last(START + 66306, "pts/0", "203.0.113.77", wide),  # that is backup's, in wtmp
        1000: _last(START + 90000, "pts/4", "192.0.2.99", wide),
        1500: _last(START + 90001, "pts/5", "192.0.2.98", wide),
        100_000: _last(START + 90002, "tty2", "", wide),
    }
    path = tmp_path / "var/log/lastlog"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        for uid, record in records.items():
            file.seek(uid * size)
            file.write(record)
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": "root:x:0:0::/:/\nbackup:x:0:0::/:/\nalice:x:1000:1::/:/\n"
            "far:x:100000:1::/:/\nnever:x:4000000000:1::/:/\n",
            "/var/log/wtmp": _history(),
        },
    )
    last = [row for row in read_logins(tree) if row.kind == "last"]
    assert [(row.user, row.time // 10**9 - START, row.line, row.host) for row in last] == [
        ("alice", 90000, "pts/4", "192.0.2.99"),
        ("1500", 90001, "pts/5", "192.0.2.98"),
        ("far", 90002, "tty2", ""),
    ]
    assert tree.warnings == []


def test_a_lastlog_that_is_none_is_said(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/var/log/lastlog": b"garbage\n" * 1000, "/var/log/wtmp": b""})
    assert read_logins(tree) == []
    assert tree.warnings == ["/var/log/lastlog: holds no last logins"]


def _database(path: Path, statements: list[str]) -> bytes:
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path.read_bytes()


WTMPDB = (
    "CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, "
    "Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT"
)
LASTLOG2 = (
    "CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, "
    "Service TEXT)"
)


def test_the_databases_of_debian_13(tmp_path: Path) -> None:
    micro = 10**6
    wtmp = _database(
        tmp_path / "a",
        [
            WTMPDB,
            f"INSERT INTO wtmp VALUES (1,1,'reboot',{START * micro},NULL,'~','6.12.1',NULL)",
            f"INSERT INTO wtmp VALUES (2,3,'alice',{(START + 5) * micro},{(START + 9) * micro},"
            "'pts/0','192.0.2.15','sshd')",
            "INSERT INTO wtmp VALUES (3,3,'torn',NULL,NULL,NULL,NULL,NULL)",
        ],
    )
    last = _database(
        tmp_path / "b",
        [
            LASTLOG2,
            f"INSERT INTO Lastlog2 VALUES ('alice',{START + 5},'pts/0','192.0.2.15','sshd')",
            f"INSERT INTO Lastlog2 VALUES ('bob',{START + 50},'tty1',NULL,'login')",
        ],
    )
    tree = make_tree(
        tmp_path / "tree",
        {"/var/lib/wtmpdb/wtmp.db": wtmp, "/var/lib/lastlog/lastlog2.db": last},
    )
    rows = read_logins(tree)
    assert summary(rows) == [
        ("boot", "reboot", 0, None, ""),
        ("login", "alice", 5, 9, "logout"),
        ("last", "bob", 50, None, ""),
    ]
    assert read_logins(tree, ["/var/lib/wtmpdb/wtmp.db"]) == rows[:2]
    assert set(tree.warnings) == {"/var/lib/wtmpdb/wtmp.db: a damaged row is left out"}


@given(st.binary(max_size=3000))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_it_fail(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "var/log"
    place.mkdir(parents=True, exist_ok=True)
    for name in ("wtmp", "btmp", "lastlog"):
        (place / name).write_bytes(data)
    tree = HostTree(tmp_path)
    read_logins(tree)
    list(read_failed_logins(tree))
    layout_of(data)
