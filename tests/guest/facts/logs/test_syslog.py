"""Text logs: formats, years, rotation, damage."""

import bz2
import gzip
import lzma
import os
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.logs import lines
from guestshell.guest.facts.logs.merge import last, merged
from guestshell.guest.facts.logs.places import log_sources
from guestshell.guest.facts.logs.record import LogRecord, Wanted
from guestshell.guest.facts.logs.syslog_line import parse_line
from tests.guest.facts.host_tree import HostTree, make_tree

BERLIN = ZoneInfo("Europe/Berlin")


def ns(text: str) -> int:
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return int(moment.timestamp()) * 10**9


def written(root: Path, path: str, when: str) -> None:
    """Set a log's mtime; the ctime of a test's file is now."""
    os.utime(root / path.lstrip("/"), ns=(ns(when), ns(when)))


def rows(files: HostTree, wanted: Wanted = Wanted(), *paths: str) -> list[LogRecord]:  # noqa: B008
    return list(merged(log_sources(files, paths), wanted))


def times(found: list[LogRecord]) -> list[str]:
    return [
        datetime.fromtimestamp(row.time // 10**9, UTC).isoformat() if row.time is not None else "-"
        for row in found
    ]


def tzif(root: Path, key: str) -> None:
    """Give the tree a time zone of its own, taken from the host's data."""
    import zoneinfo

    for directory in zoneinfo.TZPATH:
        source = Path(directory) / key
        if source.exists():
            (root / "etc").mkdir(exist_ok=True)
            shutil.copy(source, root / "etc/localtime")
            return
    pytest.skip("this host has no time zones")


@pytest.mark.parametrize(
    ("line", "identifier", "pid", "priority", "message"),
    [
        (b"Mar 14 02:11:07 h sshd[2000]: Failed password", "sshd", 2000, None, "Failed password"),
        (b"Mar  4 02:11:07 h kernel: [ 1.5] eth0: up", "kernel", None, None, "[ 1.5] eth0: up"),
        (b"<86>Mar 14 02:11:07 web01 su: (to root)", "su", None, "info", "(to root)"),
        (b"Mar 14 02:11:07 h postfix/smtpd[12]: connect", "postfix/smtpd", 12, None, "connect"),
        (b"Mar 14 02:11:07 h last message repeated 2 times", "", None, None,
         "last message repeated 2 times"),
        (b"2026-03-14T02:11:07.123456+01:00 h CRON[7]: (root) CMD (x)", "CRON", 7, None,
         "(root) CMD (x)"),
        (b"2026-03-14T02:11:07Z h systemd[1]: Started.", "systemd", 1, None, "Started."),
        (b'<34>1 2003-10-11T22:14:15.003Z m.example.com su - ID47 - it failed', "su", None, "crit",
         "it failed"),
        (b'<165>1 2003-10-11T22:14:15.003Z h evntslog 99 ID47 [a@1 b="]\\"" c="d"][e@2] text',
         "evntslog", 99, "notice", "text"),
        (b"\0\0\0Mar 14 02:11:07 h a: after a crash\r", "a", None, None, "after a crash"),
        (b"<999>Mar 14 02:11:07 h a: b", "a", None, None, "b"),
        (b"Mar 14 02:11:07 h a[99999999999]: b", "", None, None, "a[99999999999]: b"),
    ],
)  # fmt: skip
def test_the_formats(
    line: bytes, identifier: str, pid: int | None, priority: str | None, message: str
) -> None:
    parsed = parse_line(line)
    assert parsed is not None
    assert (parsed.identifier, parsed.pid, parsed.priority, parsed.message) == (
        identifier, pid, priority, message,
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [b"", b"2026-03-14 02:11:07 status installed x", b"[ 0.0] Linux", b"Mar 32 x",
     b"Foo 14 02:11:07 h a: b",
     b"2026-02-31T02:11:07Z h a: b", b"9999-99-99T99:99:99+99:99 h a: b",
     b"<34>1 2003-10-11T22:14:15.003Z h a - - [" + b'"' * 5000],
)  # fmt: skip
def test_what_is_no_line(line: bytes) -> None:
    assert parse_line(line) is None


def test_local_time_and_the_year_before(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/var/log/syslog": "Dec 31 23:59:59 h a: old\nJan  1 00:00:01 h a: new\n"
            "Jul  1 12:00:00 h a: summer\n",
        },
    )
    tzif(tmp_path, "Europe/Berlin")
    written(tmp_path, "/var/log/syslog", "2026-07-01T10:00:05+00:00")
    expected = [
        "2025-12-31T22:59:59+00:00",
        "2025-12-31T23:00:01+00:00",
        "2026-07-01T10:00:00+00:00",
    ]
    assert times(rows(files)) == expected
    assert times(last(log_sources(files), 10)) == expected
    assert files.warnings == []


def test_several_new_years_in_one_file(tmp_path: Path) -> None:
    months = ["Mar", "Dec", "Jan", "Jun", "Nov", "Feb"]
    text = "".join(
        f"{month}  3 00:00:00 h a: {n}\nJan is no time\nDec neither\n"
        for n, month in enumerate(months)
    )
    files = make_tree(tmp_path, {"/var/log/syslog": text})
    written(tmp_path, "/var/log/syslog", "2026-02-03T00:00:10+00:00")
    years = [2024, 2024, 2025, 2025, 2025, 2026]
    assert [int(t[:4]) for t in times(rows(files)) if t != "-"] == years
    assert [int(t[:4]) for t in times(last(log_sources(files), 99)) if t != "-"] == years


def test_a_last_line_later_than_the_file_is_of_the_year_before(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/var/log/messages": "Nov 20 00:00:00 h a: b\n"})
    written(tmp_path, "/var/log/messages", "2026-11-10T00:00:00+00:00")
    assert times(rows(files)) == ["2025-11-20T00:00:00+00:00"]


def test_february_29th_needs_its_year(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/var/log/syslog": "Feb 29 00:00:00 h a: b\nMar  1 0:0:0 h\n"})
    written(tmp_path, "/var/log/syslog", "2024-03-01T00:00:00+00:00")
    assert times(rows(files))[0] == "2024-02-29T00:00:00+00:00"
    written(tmp_path, "/var/log/syslog", "2023-03-01T00:00:00+00:00")
    assert [row.time for row in rows(files)] == [None, None]


def test_rotated_and_compressed_logs_are_one(tmp_path: Path) -> None:
    def text(hour: int) -> bytes:
        return f"2026-03-14T{hour:02d}:00:00+00:00 h a: {hour}\n".encode()

    files = make_tree(
        tmp_path,
        {
            "/var/log/syslog": text(9),
            "/var/log/syslog.1": text(8),
            "/var/log/syslog.2.gz": gzip.compress(text(6)) + gzip.compress(text(7)),
            "/var/log/messages-20260301.xz": lzma.compress(text(4)) + lzma.compress(text(5)),
            "/var/log/maillog.3.bz2": bz2.compress(text(3)),
            "/var/log/odd.name": text(2),
            "/var/log/dpkg.log": "2026-03-14 01:00:00 startup packages configure\n",
            "/var/log/wtmp": b"\0" * 384,
            "/var/log/empty": b"",
            "/var/log/link": "-> syslog",
            "/var/log/elsewhere": "-> /data/log",
            "/data/log": text(1),
        },
    )
    assert [row.message for row in rows(files)] == ["1", "2", "3", "4", "5", "6", "7", "8", "9"]
    assert rows(files)[0].source == "/var/log/elsewhere"
    assert [row.message for row in last(log_sources(files), 3)] == ["7", "8", "9"]
    assert files.warnings == []


def test_old_archives_are_not_read_for_the_last_lines(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/var/log/syslog": "2026-03-14T09:00:00Z h a: new\n",
            "/var/log/syslog.1": "2026-03-13T09:00:00Z h a: old\n",
        },
    )
    sources = log_sources(files)
    for source, end in zip(sources, ("2026-03-14T09:00:00Z", "2026-03-13T09:00:00Z"), strict=True):
        source.end = ns(end)
    (tmp_path / "var/log/syslog.1").unlink()
    assert [row.message for row in last(sources, 1)] == ["new"]
    assert files.warnings == []
    assert [row.message for row in last(sources, 2)] == ["new"]
    assert "/var/log/syslog.1: no such file" in files.warnings[0]


def test_what_is_wanted(tmp_path: Path) -> None:
    text = "".join(
        f"<{priority}>2026-03-14T0{hour}:00:00Z h {name}[1]: message {hour}\n"
        for hour, (name, priority) in enumerate([("sshd", 3), ("cron", 6), ("sshd", 6), ("su", 2)])
    )
    files = make_tree(tmp_path, {"/var/log/syslog": text + "2026-03-14T05:00:00Z h su: plain\n"})

    def found(wanted: Wanted) -> list[str]:
        return [row.message[-1] for row in rows(files, wanted)]

    assert found(Wanted(units=("sshd",))) == ["0", "2"]
    assert found(Wanted(units=("s*",))) == ["0", "2", "3", "n"]
    assert found(Wanted(level=3)) == ["0", "3"]
    assert found(Wanted(since=ns("2026-03-14T02:00:00Z"))) == ["2", "3", "n"]
    assert found(Wanted(until=ns("2026-03-14T02:00:00Z"))) == ["0", "1"]
    assert found(Wanted(message=re.compile("[12]$"))) == ["1", "2"]


def test_a_line_without_a_time_stays_with_the_one_before(tmp_path: Path) -> None:
    text = "Mar 14 01:00:00 h a: one\n\tat frame\nMar 14 02:00:00 h a: two\n"
    files = make_tree(
        tmp_path,
        {"/var/log/a.log": text, "/var/log/b.log": "2026-03-14T01:30:00Z h b: between\n"},
    )
    written(tmp_path, "/var/log/a.log", "2026-03-14T03:00:00+00:00")
    expected = ["one", "\tat frame", "between", "two"]
    assert [row.message for row in rows(files)] == expected
    backward = [row.message for row in merged(log_sources(files), backward=True)]
    assert backward == ["two", "between", "\tat frame", "one"]


def test_paths_are_read_alone_and_what_is_no_log_is_said(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/srv/a": "2026-03-14T01:30:00Z h b: here\n",
            "/srv/notes": "nothing of the kind\n",
            "/var/log/syslog": "2026-03-14T01:30:00Z h b: not asked for\n",
        },
    )
    assert [row.message for row in rows(files, Wanted(), "/srv/a")] == ["here"]
    assert [row.message for row in rows(files, Wanted(), "/srv")] == ["here"]
    assert rows(files, Wanted(), "/srv/notes", "/srv/missing") == []
    assert "/srv/notes: no line" in files.warnings[0]
    assert "/srv/missing: no such file" in files.warnings[1]


def test_no_log_at_all_is_said(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/passwd": ""})
    assert rows(files) == []
    assert files.warnings == ["/var/log: holds no log that is known here"]


@pytest.mark.parametrize("content", [b"", b"TZif", b"TZif2" + b"\xff" * 100, b"no zone\n" * 99])
def test_a_damaged_time_zone_is_said(tmp_path: Path, content: bytes) -> None:
    files = make_tree(
        tmp_path, {"/etc/localtime": content, "/var/log/syslog": "Mar 14 01:00:00 h a: b\n"}
    )
    written(tmp_path, "/var/log/syslog", "2026-03-14T03:00:00+00:00")
    assert times(rows(files)) == ["2026-03-14T01:00:00+00:00"]
    assert files.warnings[0].startswith("/etc/localtime")


@pytest.mark.parametrize(
    ("target", "hour", "warned"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", 0, False),
        ("../usr/share/zoneinfo/Europe/Berlin", 0, False),
        ("/usr/share/zoneinfo/../../../etc/passwd", 1, True),
        ("/usr/share/zoneinfo//etc/passwd", 1, True),
        ("/usr/share/zoneinfo/Nowhere/Land", 1, True),
        ("/usr/share/zoneinfo/", 1, True),
        ("/elsewhere", 1, True),
        ("/usr/share/zoneinfo/caf\udce9", 1, True),
    ],
)
def test_a_zone_the_guest_lacks(tmp_path: Path, target: str, hour: int, warned: bool) -> None:
    files = make_tree(
        tmp_path, {"/etc/localtime": f"-> {target}", "/var/log/syslog": "Mar 14 01:00:00 h a: b\n"}
    )
    written(tmp_path, "/var/log/syslog", "2026-03-14T03:00:00+00:00")
    assert times(rows(files)) == [f"2026-03-14T0{hour}:00:00+00:00"]
    assert bool(files.warnings) == warned


def test_long_lines_are_cut(tmp_path: Path) -> None:
    long = b"2026-03-14T01:30:00Z h b: " + b"x" * 3 * 2**20
    files = make_tree(tmp_path, {"/var/log/a": b"2026-03-14T01:00:00Z h b: first\n" + long + b"\n"})
    forward = rows(files)
    assert [len(row.message) > 10_000 for row in forward] == [False, True]
    assert last(log_sources(files), 5) == forward
    assert len(forward[1].message) < lines.LONGEST


@given(
    st.binary(max_size=400) | st.from_regex(rb"<?\d{0,4}>?1? ?[A-Z][a-z]{2} [ \d]\d [\d:]{8} .*")
)
@settings(max_examples=300, deadline=None)
def test_any_line_is_taken(data: bytes) -> None:
    parse_line(data)


MAGIC = [b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"BZh9", b"\x28\xb5\x2f\xfd", b"LPKSHHRH", b""]


@given(st.sampled_from(MAGIC), st.binary(max_size=600))
@settings(max_examples=150, deadline=None)
def test_any_file_is_taken(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, data: bytes
) -> None:
    root = tmp_path_factory.mktemp("any")
    log = b"Mar 14 01:00:00 h a: b\n"
    files = make_tree(
        root, {"/var/log/a": head + data, "/var/log/b": log + data, "/etc/localtime": data}
    )
    forward = rows(files)
    assert any(row.message == "b" for row in forward)
    assert len(last(log_sources(files), 1000)) == len(forward)


def test_speed_does_not_hang_on_bad_lines(tmp_path: Path) -> None:
    start = time.monotonic()
    files = make_tree(
        tmp_path, {"/var/log/a": b"Mar 14 01:00:00 h a: b\n" + b"no time\n" * 100_000}
    )
    assert len(rows(files)) == 100_001
    assert len(last(log_sources(files), 200_000)) == 100_001
    assert time.monotonic() - start < 20
