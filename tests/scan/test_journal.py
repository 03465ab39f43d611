"""The journal of a scan that was killed, at any byte of it."""

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.errors import ExitCode, HostError, UsageError
from guestshell.guest.image import open_image
from guestshell.guest.index import fingerprint
from guestshell.scan.examine import Plan
from guestshell.scan.journal import Journal
from guestshell.scan.report import Failure, Report, Rows, Target, report_from_json
from guestshell.scan.rows import packed, shape_of
from tests.output.rows import ODD, PLAIN, Thing

PLAN = Plan(("users", "df"))


def image(directory: Path, name: str) -> Path:
    path = directory / name
    path.write_bytes(name.encode() + bytes(4096))
    return path


def report(path: Path) -> Report:
    key = fingerprint([open_image(path)])
    assert key is not None
    shape = shape_of(Thing)
    rows = Rows(1, shape, [packed(row, shape) for row in (PLAIN, ODD)], ("name",))
    failure = Failure(0, "no \udce9", ExitCode.FAILED)
    return Report(str(path), key.hex(), [rows], [failure], ["warning: caf\udce9"])


def test_what_is_written_is_found_again(tmp_path: Path) -> None:
    one, two = image(tmp_path, "one"), image(tmp_path, "two")
    with Journal(tmp_path / "journal", PLAN) as journal:
        assert journal.report_of(Target(0, str(one))) is None
        journal.add(report(one))
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to(one)
    with Journal(tmp_path / "journal", PLAN) as journal:
        assert journal.report_of(Target(0, str(one))) == report(one)
        assert journal.report_of(Target(1, str(two))) is None
        found = journal.report_of(Target(2, str(tmp_path / "link")))
        assert found is not None
        assert found.image == str(tmp_path / "link")
    one.write_bytes(one.read_bytes() + b"more")
    with Journal(tmp_path / "journal", PLAN) as journal:
        assert journal.report_of(Target(0, str(one))) is None


@given(st.data())
def test_a_journal_that_was_cut_off_anywhere(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        tmp_path = Path(directory)
        images = [image(tmp_path, name) for name in ("one", "two")]
        file = tmp_path / "journal"
        with Journal(file, PLAN) as journal:
            for path in images:
                journal.add(report(path))
        whole = file.read_bytes()
        cut = whole[: data.draw(st.integers(0, len(whole)))]
        file.write_bytes(cut)
        there = max(cut.count(b"\n") - 1, 0)
        with Journal(file, PLAN) as journal:
            done = [journal.report_of(Target(0, str(path))) for path in images]
            assert [one is not None for one in done] == [n < there for n in range(2)]
            for path, known in zip(images, done, strict=True):
                if known is None:
                    journal.add(report(path))
        assert file.read_bytes() == whole


def test_a_damaged_line_means_that_its_image_is_looked_at_again(tmp_path: Path) -> None:
    one = image(tmp_path, "one")
    file = tmp_path / "journal"
    with Journal(file, PLAN) as journal:
        journal.add(report(one))
    head, line = file.read_bytes().splitlines(keepends=True)
    for damaged in (b"{}\n", b"[1]\n", b"nonsense\n", b"null\n", line.replace(b"rows", b"raws")):
        file.write_bytes(head + damaged)
        with Journal(file, PLAN) as journal:
            assert journal.report_of(Target(0, str(one))) is None


def test_what_another_time_may_find_is_not_kept(tmp_path: Path) -> None:
    one = image(tmp_path, "one")
    lacking = report(one)
    lacking.failures.append(Failure(1, "no appliance", ExitCode.APPLIANCE))
    with Journal(tmp_path / "journal", PLAN) as journal:
        journal.add(lacking)
        journal.add(Report("nothing", None))
    with Journal(tmp_path / "journal", PLAN) as journal:
        assert journal.report_of(Target(0, str(one))) is None


def test_no_other_file_is_written_to(tmp_path: Path) -> None:
    for content in (b"text\n", bytes(4096), b'{"a": 1}\n', b"[]\n", b'"scan"\n', b"{"):
        file = tmp_path / "other"
        file.write_bytes(content)
        if content == b"{":  # as far as it goes it is what a journal begins with
            continue
        with pytest.raises(UsageError, match="no journal"):
            Journal(file, PLAN)
        assert file.read_bytes() == content
    with Journal(tmp_path / "journal", PLAN), pytest.raises(HostError, match="another scan"):
        Journal(tmp_path / "journal", PLAN)
    with pytest.raises(UsageError, match="other questions"):
        Journal(tmp_path / "journal", Plan(("users",)))
    with pytest.raises(HostError):
        Journal(tmp_path / "no/where", PLAN)
    with pytest.raises(HostError):
        Journal(tmp_path, PLAN)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(HostError):
        Journal(fifo, PLAN)


def test_reports_survive_json() -> None:
    shape = shape_of(Thing)
    found = Report("a", None, [Rows(0, shape, [packed(ODD, shape)])], [Failure(None, "b")], ["c"])
    again = report_from_json(json.loads(json.dumps(found.to_json())))
    assert again == found
