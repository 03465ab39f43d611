import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guestshell.errors import HostError
from guestshell.evidence import EvidenceLog, Verdict, verify
from guestshell.values import decode_name

Entry = dict[str, Any]

# a disk may take its time to flush
_patient = settings(deadline=None)

_OWN = ("type", "previous", "time")
_texts = st.text() | st.binary().map(decode_name)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_entries = st.dictionaries(_texts.filter(lambda key: key not in _OWN), _values, max_size=4)
_sessions = st.lists(st.lists(_entries, max_size=4), min_size=1, max_size=3)


def write(path: Path, *sessions: list[Entry]) -> list[bytes]:
    """Log the sessions, whose headers are numbered, and give the file's lines."""
    for number, session in enumerate(sessions):
        with EvidenceLog.open(path, {"session": number}) as log:
            for entry in session:
                log.append(entry)
    return path.read_bytes().splitlines(keepends=True)


def told(line: bytes) -> Entry:
    """Give a line's fields without those of the log itself."""
    fields = json.loads(line)
    return {key: value for key, value in fields.items() if key not in _OWN}


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "log"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


@_patient
@given(sessions=_sessions)
def test_what_was_logged_comes_back(sessions: list[list[Entry]]) -> None:
    with scratch() as path:
        lines = write(path, *sessions)
        expected: list[Entry] = []
        for number, session in enumerate(sessions):
            expected += [{"session": number}, *session, {"entries": len(session)}]
        found = [told(line) for line in lines]
        for fields, line in zip(found, lines, strict=True):
            if json.loads(line)["type"] == "end":
                del fields["sha256"]
        assert found == expected
        assert verify(path) == Verdict(len(lines), 0, "", True)


def test_the_format(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1773454267000000789)
    lines = write(path, [{"command": "ls"}], [])
    previous = "0" * 64
    for line in lines:
        assert line.isascii()
        assert line.endswith(b"}\n")
        fields = json.loads(line)
        assert next(iter(fields)) == "type"
        assert fields["previous"] == previous
        assert fields["time"] == "2026-03-14T02:11:07.000000789Z"
        previous = hashlib.sha256(line[:-1]).hexdigest()
    types = [json.loads(line)["type"] for line in lines]
    assert types == ["header", "line", "end", "header", "end"]
    end = json.loads(lines[2])
    unsealed = re.sub(rb', "sha256": "[0-9a-f]{64}"}\n$', b"}", lines[2])
    assert end["entries"] == 1
    assert end["sha256"] == hashlib.sha256(unsealed).hexdigest()


@pytest.mark.parametrize(
    "text",
    ["caf\udce9", "a\nb\r\n\u2028c", "\x1b]0;owned\x07\x1b[31m", "\0\x7f\x85", '"}\n{"', "é🜁"],
)
def test_nasty_strings_survive(path: Path, text: str) -> None:
    _, line, _ = write(path, [{"name": text, text: [text]}])
    assert told(line) == {"name": text, text: [text]}
    assert re.fullmatch(rb"[ -~]+\n", line)
    assert verify(path).complete


def test_only_the_owner_can_read_it(path: Path) -> None:
    old = os.umask(0)
    try:
        write(path, [])
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_log_knows_its_path(path: Path) -> None:
    with EvidenceLog.open(path, {}) as log:
        assert log.path == path


def test_a_line_is_on_the_disk_when_append_returns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with EvidenceLog.open(path, {}) as log:
        assert sizes == [path.stat().st_size]
        log.append({"n": 1})
        assert sizes[1:] == [path.stat().st_size]
    assert sizes[2:] == [path.stat().st_size]


# what was changed


@_patient
@given(sessions=_sessions, data=st.data())
def test_no_changed_byte_goes_unseen(sessions: list[list[Entry]], data: st.DataObject) -> None:
    with scratch() as path:
        write(path, *sessions)
        content = path.read_bytes()
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, min(start + 3, len(content))))
        put = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b" ", b"0", b'"', b"}\n"]))
        changed = content[:start] + put + content[stop:]
        # a cut at the end is another test
        assume(not content.startswith(changed))
        path.write_bytes(changed)
        verdict = verify(path)
        assert verdict.problem
        assert not verdict.complete
        assert content[:start].count(b"\n") <= verdict.line <= changed.count(b"\n") + 1


@_patient
@given(sessions=_sessions, data=st.data())
def test_no_rewritten_field_goes_unseen(sessions: list[list[Entry]], data: st.DataObject) -> None:
    with scratch() as path:
        lines = write(path, *sessions)
        index = data.draw(st.integers(0, len(lines) - 1))
        fields = json.loads(lines[index])
        key = data.draw(st.sampled_from(sorted(fields)))
        new = data.draw(st.sampled_from(["header", "line", "end", fields["previous"]]) | _values)
        lines[index], old = json.dumps({**fields, key: new}).encode() + b"\n", lines[index]
        assume(lines[index] != old)
        path.write_bytes(b"".join(lines))
        verdict = verify(path)
        assert not verdict.complete
        # the last end made a header or line is a log without an end
        unended = index == len(lines) - 1 and key == "type" and new in ("header", "line")
        if not (unended and not verdict.problem):
            assert index + 1 <= verdict.line <= index + 2
            assert verdict.problem


@_patient
@given(sessions=_sessions, data=st.data())
def test_no_moved_line_goes_unseen(sessions: list[list[Entry]], data: st.DataObject) -> None:
    with scratch() as path:
        lines = write(path, *sessions)
        changed = list(lines)
        positions = st.integers(0, len(lines) - 1)
        first, second = data.draw(positions), data.draw(positions)
        match data.draw(st.sampled_from(["drop", "swap", "duplicate", "insert"])):
            case "drop":
                del changed[first]
            case "swap":
                changed[first], changed[second] = changed[second], changed[first]
            case "duplicate":
                changed.insert(second, lines[first])
            case "insert":
                fields = {**json.loads(lines[first]), "type": "line", "forged": True}
                changed.insert(second, json.dumps(fields).encode() + b"\n")
        assume(changed != lines)
        path.write_bytes(b"".join(changed))
        verdict = verify(path)
        assert not verdict.complete
        assert verdict.problem or changed == lines[:-1]
        assert verdict.entries == len(changed)


@_patient
@given(session=st.lists(_entries, max_size=4), data=st.data())
def test_a_cut_tail_is_incomplete(session: list[Entry], data: st.DataObject) -> None:
    with scratch() as path:
        lines = write(path, session)
        kept = data.draw(st.integers(1, len(lines) - 1))
        path.write_bytes(b"".join(lines[:kept]))
        assert verify(path) == Verdict(kept, 0, "", False)
        torn = data.draw(st.integers(1, len(lines[kept]) - 1))
        path.write_bytes(b"".join(lines[:kept]) + lines[kept][:torn])
        verdict = verify(path)
        assert (verdict.line, verdict.problem) == (kept + 1, "does not end with a newline")


def test_the_verdict_names_the_line(path: Path) -> None:
    lines = write(path, [{"n": n} for n in range(5)])
    lines[2] = lines[2].replace(b'"n": 1', b'"n": 7')
    path.write_bytes(b"".join(lines))
    verdict = verify(path)
    assert (verdict.entries, verdict.line, verdict.complete) == (7, 4, False)
    assert "does not follow" in verdict.problem


def chained(before: bytes, kind: str, **fields: object) -> bytes:
    """Give a line that follows the line `before`, or begins a file after b""."""
    digest = hashlib.sha256(before[:-1]).hexdigest() if before else "0" * 64
    base = {"type": kind, "previous": digest, "time": "2026-03-14T02:11:07.123456789Z"}
    return json.dumps({**base, **fields}).encode() + b"\n"


_HEADER = chained(b"", "header")


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b"", 1, "empty"),
        (b"\n", 1, "JSON"),
        (b"{}\n", 1, "not an entry"),
        (b"[]\n", 1, "not an entry"),
        (b'"type"\n', 1, "not an entry"),
        (b'{"type": "header"}\n', 1, "lacks"),
        (b'{"x": 1, ' + _HEADER[1:], 1, "not an entry"),
        (chained(b"", "line"), 1, "no header"),
        (chained(b"", "end", entries=0), 1, "no header"),
        (chained(b"another", "header"), 1, "does not follow"),
        (chained(b"", "footer"), 1, "no known type"),
        (chained(b"", "header", time="2026-03-14 02:11:07"), 1, "no valid time"),
        (chained(b"", "header", time=1), 1, "lacks"),
        (chained(b"", "header", previous=["0"]), 1, "lacks"),
        (chained(b"", "header", x=float("nan")), 1, "JSON"),
        (chained(b"", "header", x=float("-inf")), 1, "JSON"),
        (_HEADER[:-1], 1, "newline"),
        (_HEADER + chained(_HEADER, "end", entries=0), 2, "edited"),
        (_HEADER + "é\n".encode(), 2, "JSON"),
        (_HEADER + b"\xff\xfe\n", 2, "JSON"),
        (chained(b"", "header", x="e").replace(b'"e"', '"é"'.encode()), 1, "JSON"),
        (_HEADER.decode().encode("utf-16"), 1, "JSON"),
        (_HEADER + b"[" * 100_000 + b"\n", 2, "JSON"),
        (_HEADER + b"9" * 100_000 + b"\n", 2, "JSON"),
        (b"\x7fELF\0\0\0", 1, "newline"),
    ],
)
def test_what_is_no_log(path: Path, content: bytes, line: int, problem: str) -> None:
    path.write_bytes(content)
    verdict = verify(path)
    assert verdict.line == line
    assert problem in verdict.problem
    assert not verdict.complete


def test_only_a_header_follows_an_end(path: Path) -> None:
    end = write(path, [])[-1]
    with path.open("ab") as file:
        file.write(chained(end, "line"))
    assert verify(path).line == 3
    assert "no header" in verify(path).problem


def test_an_end_counts_the_lines_of_its_session(path: Path) -> None:
    lines = write(path, [{"n": 1}, {"n": 2}])
    fields = json.loads(lines[-1])
    del fields["sha256"]
    fields["entries"] = 1
    seal = hashlib.sha256(json.dumps(fields).encode()).hexdigest()
    lines[-1] = json.dumps({**fields, "sha256": seal}).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    assert verify(path).line == 4


def test_a_line_may_be_16_mib_and_no_longer(path: Path) -> None:
    longest = 16 * 2**20
    room = longest - len(chained(b"", "header", x="")[:-1])
    path.write_bytes(chained(b"", "header", x="a" * room))
    assert verify(path) == Verdict(1, 0, "", False)
    for more in (1, 2, longest, 2 * longest + 5):
        line = chained(b"", "header", x="a" * (room + more))
        path.write_bytes(line + chained(line, "line"))
        assert verify(path) == Verdict(2, 1, "is longer than 16 MiB", False)


def test_a_huge_line_is_not_kept_in_memory(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**28)
    tracemalloc.start()
    try:
        assert verify(path) == Verdict(1, 1, "is longer than 16 MiB", False)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


# going on with a log


def test_a_second_session_continues_the_chain(path: Path) -> None:
    first = write(path, [{"n": 1}])
    both = write(path, [{"n": 2}])
    assert both[:3] == first
    assert json.loads(both[3])["previous"] == hashlib.sha256(first[-1][:-1]).hexdigest()
    assert verify(path) == Verdict(6, 0, "", True)


def test_a_session_that_ended_without_an_end_is_continued(path: Path) -> None:
    lines = write(path, [{"n": 1}, {"n": 2}])
    path.write_bytes(b"".join(lines[:2]))
    write(path, [{"n": 3}])
    assert verify(path) == Verdict(5, 0, "", True)


def test_an_empty_file_becomes_a_log(path: Path) -> None:
    path.touch()
    write(path, [])
    assert verify(path) == Verdict(2, 0, "", True)


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-1], lambda c: c.replace(b"one", b"two"), lambda c: b"my notes\n"]
)
def test_what_is_not_intact_is_not_continued(path: Path, damage: Callable[[bytes], bytes]) -> None:
    write(path, [{"n": "one"}])
    content = damage(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(HostError, match=r"not an intact evidence log: line [1-4] ") as caught:
        EvidenceLog.open(path, {})
    assert caught.value.remedy
    assert path.read_bytes() == content


_SECOND_WRITER = """
import sys
from pathlib import Path
from guestshell.errors import HostError
from guestshell.evidence import EvidenceLog
try:
    EvidenceLog.open(Path(sys.argv[1]), {}).close()
except HostError as error:
    sys.exit(f"HostError: {error}")
"""


def test_a_second_writer_is_turned_away(path: Path) -> None:
    second = [sys.executable, "-c", _SECOND_WRITER, str(path)]
    with EvidenceLog.open(path, {}) as log:
        log.append({"n": 1})
        content = path.read_bytes()
        done = subprocess.run(second, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f"HostError: {path}: another process is writing")
        with pytest.raises(HostError, match="another process") as caught:
            EvidenceLog.open(path, {})
        assert caught.value.remedy
        assert path.read_bytes() == content
        assert verify(path) == Verdict(2, 0, "", False)
    assert subprocess.run(second, check=False).returncode == 0
    assert verify(path) == Verdict(5, 0, "", True)


def test_a_child_does_not_keep_the_lock(path: Path) -> None:
    log = EvidenceLog.open(path, {})
    copies = [
        os.dup(int(name))
        for name in os.listdir("/proc/self/fd")  # noqa: PTH208
        if Path(f"/proc/self/fd/{name}").resolve() == path
    ]
    try:
        assert copies
        log.close()
        EvidenceLog.open(path, {}).close()
    finally:
        for copy in copies:
            os.close(copy)


def test_closing_twice_writes_one_end(path: Path) -> None:
    with EvidenceLog.open(path, {}) as log:
        log.close()
        content = path.read_bytes()
        log.close()
    assert path.read_bytes() == content
    assert verify(path) == Verdict(2, 0, "", True)
    with pytest.raises(HostError, match="closed"):
        log.append({})
    assert path.read_bytes() == content


def test_an_error_in_the_session_still_ends_the_log(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), EvidenceLog.open(path, {}):
        raise ZeroDivisionError
    assert verify(path).complete


# what cannot be written


@pytest.mark.parametrize("key", _OWN)
def test_the_fields_of_the_log_are_its_own(path: Path, key: str) -> None:
    with EvidenceLog.open(path, {}) as log:
        with pytest.raises(ValueError, match=key):
            log.append({key: "forged"})
        log.append({"n": 1})
    assert verify(path) == Verdict(3, 0, "", True)


@pytest.mark.parametrize("value", [b"bytes", float("nan"), object(), 1j])
def test_what_cannot_be_json_is_not_written(path: Path, value: object) -> None:
    with EvidenceLog.open(path, {}) as log:
        with pytest.raises((TypeError, ValueError)):
            log.append({"value": value})
        log.append({"n": 1})
    assert verify(path) == Verdict(3, 0, "", True)


def test_a_header_that_cannot_be_json_releases_the_lock(path: Path) -> None:
    with pytest.raises(TypeError):
        EvidenceLog.open(path, {"value": b"bytes"})
    EvidenceLog.open(path, {}).close()


def test_too_long_an_entry_is_refused(path: Path) -> None:
    with EvidenceLog.open(path, {}) as log:
        with pytest.raises(HostError, match="longer than 16 MiB") as caught:
            log.append({"text": "a" * 2**24})
        assert caught.value.remedy
        log.append({"n": 1})
    assert verify(path) == Verdict(3, 0, "", True)


class Disk:
    """Stands for os.write: takes `room` bytes, a few at a time, then fails."""

    def __init__(self, room: int, error: BaseException) -> None:
        self.room = room
        self._error = error
        self._write = os.write

    def write(self, descriptor: int, content: bytes) -> int:
        if not self.room:
            raise self._error
        written = self._write(descriptor, content[: min(self.room, 7)])
        self.room -= written
        return written


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_short_writes_make_whole_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Disk(10**9, full()).write)
        write(path, [{"n": 1}])
    assert verify(path) == Verdict(3, 0, "", True)


@pytest.mark.parametrize("room", [0, 1, 30, 100])
def test_a_torn_line_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    with EvidenceLog.open(path, {}) as log:
        log.append({"n": 1})
        content = path.read_bytes()
        disk = Disk(room, full())
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", disk.write)
            with pytest.raises(HostError, match="no space left") as caught:
                log.append({"n": 2})
        assert disk.room == 0
        assert str(path) in caught.value.message
        assert caught.value.remedy
        assert path.read_bytes() == content
        log.append({"n": 3})
    assert [told(line) for line in path.read_bytes().splitlines()[1:3]] == [{"n": 1}, {"n": 3}]
    assert verify(path) == Verdict(4, 0, "", True)


def test_ctrl_c_does_not_tear_a_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EvidenceLog.open(path, {}) as log:
        content = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", Disk(20, KeyboardInterrupt()).write)
            with pytest.raises(KeyboardInterrupt):
                log.append({"n": 1})
        assert path.read_bytes() == content
    assert verify(path) == Verdict(2, 0, "", True)


def test_a_line_that_cannot_be_flushed_is_taken_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with EvidenceLog.open(path, {}) as log:
        content = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            with pytest.raises(HostError, match="input/output error"):
                log.append({"n": 1})
        assert path.read_bytes() == content
    assert verify(path) == Verdict(2, 0, "", True)


def test_a_full_disk_at_the_header(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = write(path, [])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Disk(20, full()).write)
        with pytest.raises(HostError, match="no space left"):
            EvidenceLog.open(path, {})
    assert path.read_bytes() == b"".join(lines)
    write(path, [])
    assert verify(path) == Verdict(4, 0, "", True)


def test_a_full_disk_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = EvidenceLog.open(path, {})
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Disk(20, full()).write)
        with pytest.raises(HostError, match="no space left"):
            log.close()
    log.close()
    assert verify(path) == Verdict(1, 0, "", False)
    write(path, [])
    assert verify(path) == Verdict(3, 0, "", True)


def test_a_torn_line_that_stays_ends_the_writing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ftruncate(descriptor: int, size: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    log = EvidenceLog.open(path, {})
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Disk(20, full()).write)
        patch.setattr(os, "ftruncate", ftruncate)
        with pytest.raises(HostError, match="torn"):
            log.append({"n": 1})
    content = path.read_bytes()
    with pytest.raises(HostError, match="closed"):
        log.append({"n": 2})
    log.close()
    assert path.read_bytes() == content
    assert verify(path).line == 2
    with pytest.raises(HostError, match="not an intact evidence log: line 2 "):
        EvidenceLog.open(path, {})


def test_a_file_system_that_cannot_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(HostError, match="no locks available") as caught:
        EvidenceLog.open(path, {})
    assert caught.value.remedy


def _directory(directory: Path) -> Path:
    return directory


def _fifo(directory: Path) -> Path:
    os.mkfifo(directory / "fifo")
    return directory / "fifo"


def _below_a_file(directory: Path) -> Path:
    (directory / "file").touch()
    return directory / "file" / "log"


_closed_doors = pytest.mark.parametrize(
    "door",
    [
        _directory,
        _fifo,
        _below_a_file,
        lambda directory: directory / "no" / "log",
        lambda directory: directory / ("a" * 300),
        lambda directory: directory / "a\0b",
        lambda directory: directory / "\ud800",
        lambda directory: Path("/dev/null"),
    ],
)


@_closed_doors
def test_what_cannot_be_opened(tmp_path: Path, door: Callable[[Path], Path]) -> None:
    path = door(tmp_path)

    def write_it(path: Path) -> None:
        EvidenceLog.open(path, {})

    def read_it(path: Path) -> None:
        verify(path)

    for use in (write_it, read_it):
        with pytest.raises(HostError) as caught:
            use(path)
        assert str(path) in caught.value.message
        assert caught.value.remedy


def test_a_missing_file_cannot_be_verified(path: Path) -> None:
    with pytest.raises(HostError, match="no such file"):
        verify(path)
    assert not path.exists()


def test_a_file_that_cannot_be_read() -> None:
    with pytest.raises(HostError, match="/proc/self/mem: input/output error") as caught:
        verify(Path("/proc/self/mem"))
    assert caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_not_be_written(path: Path) -> None:
    write(path, [])
    path.chmod(0o400)
    with pytest.raises(HostError, match="permission denied"):
        EvidenceLog.open(path, {})
    assert verify(path).complete


def test_no_descriptor_is_left_open(path: Path, tmp_path: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before = count()
    write(path, [{"n": 1}])
    verify(path)
    path.write_bytes(b"damage\n")
    headers: list[tuple[Path, Mapping[str, object]]] = [(path, {}), (tmp_path / "new", {"type": 1})]
    for where, header in headers:
        with pytest.raises((HostError, ValueError)):
            EvidenceLog.open(where, header)
    for special in (Path("/dev/null"), Path("/proc/self/mem"), tmp_path):
        with pytest.raises(HostError):
            verify(special)
    assert count() == before
