"""Event logs: chunks in any order, damage, and what is asked for."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.errors import GuestError, PathError
from guestshell.guest.facts.windows.event_log import (
    Wanted,
    last_events,
    log_named,
    logs,
    read_events,
)
from guestshell.guest.facts.windows.rows import Event, EventValue
from guestshell.values import Name
from tests.guest.facts.host_tree import HostTree, make_tree
from tests.images import event_log as made
from tests.images.windows import SECURITY_EVENTS, SYSTEM_EVENTS, windows_files

pytest.importorskip("evtx")

NS = 10**9
PATH = Name("/x.evtx")
HEADER, CHUNK = 4096, 65536


def read(data: bytes, tmp_path: Path, wanted: Wanted | None = None) -> tuple[list[Event], HostTree]:
    tree = make_tree(tmp_path, {PATH: data})
    return list(read_events(tree, "X", PATH, wanted or Wanted(), {"S-1-5-18": "SYSTEM"})), tree


def numbered(count: int, start: int = 1_700_000_000) -> list[made.Event]:
    return [made.Event(1000 + n, start + n, data={"n": str(n)}) for n in range(count)]


def two_chunks(first: Sequence[made.Event], second: Sequence[made.Event]) -> bytes:
    """Give a log in whose file the second chunk stands before the first, as in a full ring."""
    one, two = made.event_log(first), bytearray(made.event_log(second)[HEADER:])
    for place in (8, 16, 24, 32):
        [number] = struct.unpack_from("<Q", two, place)
        struct.pack_into("<Q", two, place, number + len(first))
    return one[:HEADER] + bytes(two) + one[HEADER:]


def test_what_an_event_says(tmp_path: Path) -> None:
    rows, tree = read(made.event_log(SYSTEM_EVENTS), tmp_path)
    assert tree.warnings == []
    service, crash = rows[1:]
    assert (service.time, service.id, service.level) == (1_718_000_100 * NS, 7045, "information")
    assert (service.provider, service.computer) == ("Service Control Manager", "DESKTOP-7A1B2C3")
    assert service.data == (
        EventValue("ServiceName", "PSEXESVC"),
        EventValue("ImagePath", r"%SystemRoot%\PSEXESVC.exe"),
    )
    assert service.message == r"ServiceName=PSEXESVC ImagePath=%SystemRoot%\PSEXESVC.exe"
    assert (service.log, service.record, service.source) == ("X", 2, PATH)
    assert (crash.level, crash.user, crash.message) == ("critical", "SYSTEM", "")


def test_fractions_of_seconds(tmp_path: Path) -> None:
    rows, _ = read(made.event_log(SECURITY_EVENTS), tmp_path)
    assert [row.time for row in rows[:2]] == [1_717_999_000 * NS, 1_717_999_001 * NS + NS // 4]


def test_chunks_come_in_the_order_of_their_records(tmp_path: Path) -> None:
    events = numbered(40)
    rows, tree = read(two_chunks(events[:25], events[25:]), tmp_path)
    assert [row.id for row in rows] == [event.id for event in events]
    last = last_events(tree, "X", PATH, Wanted(), {}, 20)
    assert [row.id for row in last] == [event.id for event in events[-20:]]
    assert len(last_events(tree, "X", PATH, Wanted(), {}, 1000)) == 40
    assert last_events(tree, "X", PATH, Wanted(), {}, 0) == []


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(frozenset({1003, 1030})), [1003, 1030]),
        (Wanted(since=1_700_000_037 * NS), [1037, 1038, 1039]),
        (Wanted(until=1_700_000_002 * NS), [1000, 1001]),
        (Wanted(frozenset({1001}), since=1_700_000_002 * NS), []),
    ],
)
def test_what_is_wanted(tmp_path: Path, wanted: Wanted, ids: list[int]) -> None:
    events = numbered(40)
    rows, tree = read(two_chunks(events[:25], events[25:]), tmp_path, wanted)
    assert [row.id for row in rows] == ids
    assert tree.warnings == []


def test_a_damaged_chunk_harms_no_other(tmp_path: Path) -> None:
    events = numbered(40)
    data = bytearray(two_chunks(events[:25], events[25:]))
    data[HEADER : HEADER + CHUNK] = b"\xff" * CHUNK
    rows, tree = read(bytes(data), tmp_path)
    assert [row.id for row in rows] == [event.id for event in events[:25]]
    assert tree.warnings == [f"{PATH}: offset {HEADER} is no chunk and is left out"]


def test_a_damaged_record_harms_no_other(tmp_path: Path) -> None:
    data = bytearray(made.event_log(numbered(3)))
    second = data.index(b"\x2a\x2a\0\0", HEADER + 520)
    data[second + 24 : second + 60] = b"\xee" * 36
    rows, tree = read(bytes(data), tmp_path)
    assert [row.id for row in rows] == [1000, 1002]
    assert tree.warnings == [f"{PATH}: 1 records after offset {HEADER} are damaged"]


def test_a_log_that_was_cut_short(tmp_path: Path) -> None:
    events = numbered(40)
    rows, _ = read(two_chunks(events[25:], events[:25])[: HEADER + CHUNK + 2000], tmp_path)
    assert [row.id for row in rows][-25:] == [event.id for event in events[:25]]


@pytest.mark.parametrize("data", [b"", b"ElfFile", b"MZ" * 5000])
def test_what_is_no_log(tmp_path: Path, data: bytes) -> None:
    rows, tree = read(data, tmp_path)
    assert rows == []
    assert tree.warnings == [f"{PATH}: is no event log"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=20))
def test_any_damage_is_survived(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(made.event_log(SYSTEM_EVENTS))
    for place, value in changes:
        data[HEADER + place] = value
    rows, _ = read(bytes(data), tmp_path_factory.mktemp("log"))
    assert len(rows) <= 10


def test_logs_by_name(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, windows_files())
    operational = "Microsoft-Windows-TaskScheduler/Operational"
    assert [name for name, _ in logs(tree)] == [operational, "Security", "System"]
    path = "/Windows/System32/winevt/Logs/Security.evtx"
    assert log_named(tree, "security") == log_named(tree, path) == ("Security", path)
    with pytest.raises(GuestError, match=f"did you mean {operational}"):
        log_named(tree, "TaskScheduler")
    with pytest.raises(PathError):
        log_named(tree, "/Windows")


def test_no_logs(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match="there are no event logs here"):
        log_named(make_tree(tmp_path, {"/etc/passwd": ""}), "System")
