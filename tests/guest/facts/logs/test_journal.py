"""The journal's files: journalctl is the oracle, a writer of our own makes damage."""

import json
import lzma
import random
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.demo.journal import JournalWriter, jenkins
from guestshell.guest.facts.formats import compressed
from guestshell.guest.facts.logs.journal import JournalSource
from guestshell.guest.facts.logs.merge import last, merged
from guestshell.guest.facts.logs.places import log_sources
from guestshell.guest.facts.logs.record import PRIORITIES, LogRecord, Wanted
from guestshell.values import Name
from tests.guest.facts.host_tree import HostTree, make_tree

REMOTE = "/lib/systemd/systemd-journal-remote"
MACHINE = "0123456789abcdef" * 2
PATH = f"/var/log/journal/{MACHINE}/system.journal"
START = 1_773_454_267_000_000

needs_journalctl = pytest.mark.skipif(
    shutil.which("journalctl") is None, reason="journalctl is the oracle; this host lacks it"
)
needs_remote = pytest.mark.skipif(
    shutil.which("journalctl") is None or not Path(REMOTE).exists(),
    reason="systemd-journal-remote writes the journals; this host lacks it",
)


def entries(count: int) -> list[tuple[int, dict[str, str]]]:
    """Give what a small server writes: several units, systemd itself, the kernel, long messages."""
    chance = random.Random(7)
    units = [("ssh.service", "sshd"), ("cron.service", "CRON"), ("nginx.service", "nginx")]
    found = []
    moment = START
    for number in range(count):
        unit, program = chance.choice(units)
        moment += chance.randrange(10_000_000)
        fields = {
            "_HOSTNAME": "web01",
            "_BOOT_ID": "fedcba9876543210" * 2,
            "_MACHINE_ID": MACHINE,
            "PRIORITY": str(chance.choice([2, 3, 4, 6, 6, 6, 6])),
            "_PID": str(chance.randrange(2, 3000)),
            "MESSAGE": f"message {number} caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        }
        if number % 11 == 0:
            fields |= {"_PID": "1", "UNIT": unit, "_SYSTEMD_UNIT": "init.scope"}
            fields |= {"SYSLOG_IDENTIFIER": "systemd", "_COMM": "systemd"}
        elif number % 13 == 0:
            fields |= {"_TRANSPORT": "kernel", "SYSLOG_IDENTIFIER": "kernel"}
            del fields["_PID"]
        else:
            fields |= {"_SYSTEMD_UNIT": unit, "SYSLOG_IDENTIFIER": program, "_COMM": program}
        if number % 17 == 0:
            fields["MESSAGE"] += " long" * 300
        if number % 19 == 0:
            fields["UNIT"] = "forged.service"  # by a program that is not systemd
        found.append((moment, fields))
    return found


def written_by_remote(target: Path, rows: list[tuple[int, dict[str, str]]], **options: str) -> None:
    """Have systemd write a journal file, from its export format."""
    export = "".join(
        f"__REALTIME_TIMESTAMP={moment}\n__MONOTONIC_TIMESTAMP={moment - START + 1}\n"
        + "".join(f"{name}={value}\n" for name, value in fields.items())
        + "\n"
        for moment, fields in rows
    )
    target.parent.mkdir(parents=True)
    subprocess.run(
        [REMOTE, "-o", str(target), "-"],
        input=export.encode(),
        env=options,
        check=True,
        capture_output=True,
    )


def oracle(file: Path, *arguments: str) -> list[dict[str, str]]:
    output = subprocess.run(
        ["journalctl", "--file", str(file), "-o", "json", "--all", "--no-pager", *arguments],
        capture_output=True,
        check=True,
    ).stdout
    return [json.loads(line) for line in output.splitlines()]


def same(row: LogRecord, expected: dict[str, str]) -> bool:
    return (row.time, row.host, row.message, row.pid, row.priority) == (
        int(expected["__REALTIME_TIMESTAMP"]) * 1000,
        expected["_HOSTNAME"],
        expected["MESSAGE"],
        int(expected["_PID"]) if "_PID" in expected else None,
        PRIORITIES[int(expected["PRIORITY"])],
    )


def rows_of(files: HostTree, wanted: Wanted = Wanted(), path: str = PATH) -> list[LogRecord]:  # noqa: B008
    return list(merged([JournalSource(files, Name(path))], wanted))


def small(count: int = 40) -> JournalWriter:
    writer = JournalWriter()
    for moment, fields in entries(count):
        writer.entry(moment, fields)
    return writer


@needs_remote
@pytest.mark.parametrize("compact", ["0", "1"])
@pytest.mark.parametrize("keyed", ["0", "1"])
def test_what_systemd_writes(tmp_path: Path, compact: str, keyed: str) -> None:
    file = tmp_path / PATH.lstrip("/")
    written_by_remote(
        file, entries(2000), SYSTEMD_JOURNAL_COMPACT=compact, SYSTEMD_JOURNAL_KEYED_HASH=keyed
    )
    files = HostTree(tmp_path)
    zstd = compressed._zstd_module() is not None
    packed = struct.unpack_from("<I", file.read_bytes(), 12)[0] & 8

    def agrees(wanted: Wanted, *arguments: str) -> None:
        found, expected = rows_of(files, wanted), oracle(file, *arguments)
        assert len(found) == len(expected) > 0
        for row, other in zip(found, expected, strict=True):
            if zstd or not packed or len(other["MESSAGE"]) < 500:
                assert same(row, other)

    agrees(Wanted())
    agrees(Wanted(level=3), "-p", "err")
    agrees(Wanted(units=("ssh",), level=4), "-u", "ssh", "-p", "warning")
    agrees(Wanted(units=("*.service",)), "-u", "*.service")
    middle = START // 10**6 + 3000
    agrees(Wanted(since=middle * 10**9), "--since", f"@{middle}")
    agrees(Wanted(until=middle * 10**9), "--until", f"@{middle - 1}.999999")
    assert rows_of(files)[::-1] == list(merged([JournalSource(files, Name(PATH))], backward=True))
    assert last([JournalSource(files, Name(PATH))], 5) == rows_of(files)[-5:]
    if zstd or not packed:
        assert files.warnings == []


@needs_journalctl
@pytest.mark.parametrize("array_size", [0, 1, 7])
def test_what_our_writer_writes_is_a_journal(tmp_path: Path, array_size: int) -> None:
    files = make_tree(tmp_path, {PATH: small(200).bytes(array_size)})
    file = tmp_path / PATH.lstrip("/")
    subprocess.run(["journalctl", "--verify", "--file", str(file)], check=True, capture_output=True)
    found, expected = rows_of(files), oracle(file)
    assert len(found) == 200
    assert all(map(same, found, expected))
    wanted = Wanted(units=("cron",))
    assert len(rows_of(files, wanted)) == len(oracle(file, "-u", "cron")) > 20
    assert files.warnings == []


def test_jenkins_hash() -> None:
    # the example in lookup3.c, driver5
    assert jenkins(b"Four score and seven years ago") == 0x17770551CE7226E6


def test_units_and_identifiers(tmp_path: Path) -> None:
    writer = JournalWriter()
    sent: list[dict[str, str]] = [
        {"MESSAGE": "a", "_SYSTEMD_UNIT": "ssh.service", "SYSLOG_IDENTIFIER": "sshd"},
        {"MESSAGE": "b", "_SYSTEMD_UNIT": "init.scope", "_PID": "1", "UNIT": "ssh.service"},
        {"MESSAGE": "c", "_SYSTEMD_UNIT": "evil.service", "_PID": "2", "UNIT": "ssh.service"},
        {"MESSAGE": "d", "_COMM": "dash"},
        {"MESSAGE": "e", "PRIORITY": "9", "SYSLOG_PID": "77", "_PID": "x"},
        {},
    ]
    for number, fields in enumerate(sent):
        writer.entry(START + number, fields)
    files = make_tree(tmp_path, {PATH: writer.bytes()})
    found = [(r.message, r.unit, r.identifier, r.pid, r.priority) for r in rows_of(files)]
    assert found == [
        ("a", "ssh.service", "sshd", None, None),
        ("b", "ssh.service", "ssh.service", 1, None),
        ("c", "evil.service", "evil.service", 2, None),
        ("d", "dash", "dash", None, None),
        ("e", "", "", 77, None),
        ("", "", "", None, None),
    ]
    assert [r.message for r in rows_of(files, Wanted(units=("ssh",)))] == ["a", "b"]
    assert [r.message for r in rows_of(files, Wanted(units=("sshd",)))] == ["a"]
    assert [r.message for r in rows_of(files, Wanted(units=("dash", "evil")))] == ["c", "d"]


def _lz4_literals(data: bytes) -> bytes:
    """Give an LZ4 block of literals and one match, behind its length, as journald has it."""
    start, rest = data[:20], data[20:]
    # 20 literals, then as many bytes as there are left by repeating the last one, at distance 1
    length = len(rest) - 4 - 15 - 5
    match = bytes([0xFF, 20 - 15]) + start + struct.pack("<H", 1)
    match += b"\xff" * (length // 255) + bytes([length % 255])
    return struct.pack("<Q", len(data)) + match + bytes([0x50]) + rest[-5:]


@pytest.mark.parametrize("kind", ["xz", "lz4"])
def test_packed_values(tmp_path: Path, kind: str) -> None:
    payload = b"MESSAGE=" + b"x" * 4000
    packed, flag = (lzma.compress(payload), 1) if kind == "xz" else (_lz4_literals(payload), 2)
    writer = JournalWriter()
    writer.data(payload, packed, flag)
    writer.entry(START, {"MESSAGE": "x" * 4000, "_HOSTNAME": "h"})
    files = make_tree(tmp_path, {PATH: writer.bytes()})
    assert [row.message for row in rows_of(files)] == ["x" * 4000]
    assert files.warnings == []


def test_what_is_wrong_is_said_of_the_last_entry_too(tmp_path: Path) -> None:
    writer = small(20)
    writer.data(b"MESSAGE=broken", b"no xz at all", 1)
    writer.entry(START * 2, {"MESSAGE": "broken"})
    files = make_tree(tmp_path, {PATH: writer.bytes()})
    assert len(last([JournalSource(files, Name(PATH))], 1)) == 1
    assert "some values are missing" in files.warnings[0]


def test_a_wrong_clock_hides_nothing(tmp_path: Path) -> None:
    writer = JournalWriter()
    for number, second in enumerate([10, 11, 99_999, 12, 13]):
        writer.entry(second * 10**6, {"MESSAGE": str(number)})
    files = make_tree(tmp_path, {PATH: writer.bytes()})
    found = rows_of(files, Wanted(since=11 * 10**9, until=14 * 10**9))
    assert [row.message for row in found] == ["1", "3", "4"]


def test_a_packed_value_that_cannot_be_unpacked_is_said(tmp_path: Path) -> None:
    writer = JournalWriter()
    writer.data(b"MESSAGE=one", b"no xz at all", 1)
    writer.data(b"MESSAGE=two", struct.pack("<Q", 9) + b"\x10x\xff\xff", 2)
    for number, text in enumerate(["one", "two", "three"]):
        writer.entry(START + number, {"MESSAGE": text, "_HOSTNAME": "h"})
    files = make_tree(tmp_path, {PATH: writer.bytes()})
    assert [row.message for row in rows_of(files)] == ["", "", "three"]
    assert len(files.warnings) == 2
    assert all(warning.startswith(f"{PATH}: some values are missing") for warning in files.warnings)


def test_journals_and_text_logs_are_one_in_time(tmp_path: Path) -> None:
    def journal(*seconds: int) -> bytes:
        writer = JournalWriter()
        for second in seconds:
            writer.entry(second * 10**6, {"MESSAGE": str(second)})
        return writer.bytes()

    files = make_tree(
        tmp_path,
        {
            PATH: journal(1000, 1003),
            PATH.replace("system", "user-1000"): journal(1001),
            PATH + "~": journal(996, 998),
            f"/run/log/journal/{MACHINE}/system.journal": journal(1004),
            "/var/log/syslog": "1970-01-01T00:16:37Z h a: 997\n1970-01-01T00:16:42Z h a: 1002\n",
        },
    )
    found = [int(row.message) for row in merged(log_sources(files))]
    assert found == [996, 997, 998, 1000, 1001, 1002, 1003, 1004]
    backward = [int(row.message) for row in merged(log_sources(files), backward=True)]
    assert sorted(backward) == found
    assert [row.message for row in last(log_sources(files, ["/run/log"]), 1)] == ["1004"]
    assert len(list(merged(log_sources(files, [PATH])))) == 2


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    future = bytearray(small().bytes())
    struct.pack_into("<I", future, 12, 0x400)
    files = make_tree(
        tmp_path,
        {
            PATH: bytes(future),
            PATH + "~": b"LPKSHHRH",
            "/var/log/syslog": "2026-03-14T01:00:00Z h a: still here\n",
        },
    )
    assert [row.message for row in merged(log_sources(files))] == ["still here"]
    assert sorted(files.warnings) == [
        f"{PATH}: is of a newer format than is known here (flags 0x400)",
        f"{PATH}~: is no journal file",
    ]


def test_a_file_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    data = small(200).bytes(20)
    files = make_tree(tmp_path, {PATH: data[: len(data) * 2 // 3]})
    found = rows_of(files)
    assert 50 < len(found) < 200
    assert files.warnings


def test_entries_are_found_without_the_list_of_them(tmp_path: Path) -> None:
    data = bytearray(small(200).bytes(20))
    struct.pack_into("<Q", data, 176, 8)  # entry_array_offset
    files = make_tree(tmp_path, {PATH: bytes(data)})
    assert len(rows_of(files)) == 200
    assert "damaged" in files.warnings[0]


def test_a_damaged_index_hides_nothing(tmp_path: Path) -> None:
    whole = small(200)
    data = bytearray(whole.bytes())
    expected = rows_of(make_tree(tmp_path / "a", {PATH: bytes(data)}), Wanted(units=("ssh",)))
    field = whole.field(b"_SYSTEMD_UNIT")
    struct.pack_into("<Q", data, field + 32, 12345)  # head_data_offset
    files = make_tree(tmp_path / "b", {PATH: bytes(data)})
    assert rows_of(files, Wanted(units=("ssh",))) == expected != []


@pytest.mark.parametrize("what", ["arrays", "values"])
def test_chains_that_bite_their_tail_end(tmp_path: Path, what: str) -> None:
    writer = small(50)
    data = bytearray(writer.bytes(5))
    if what == "arrays":
        [array] = struct.unpack_from("<Q", data, 176)
        struct.pack_into("<Q", data, array + 16, array)
    else:
        head = writer.data(b"PRIORITY=3")
        struct.pack_into("<Q", data, head + 32, head)
    files = make_tree(tmp_path, {PATH: bytes(data)})
    assert len(rows_of(files)) == 50
    assert len(rows_of(files, Wanted(level=3))) > 0


@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=9)), max_size=20))
@settings(max_examples=150, deadline=None)
def test_damage_anywhere_is_taken(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[float, bytes]]
) -> None:
    data = bytearray(_WHOLE)
    for share, piece in damage:
        # the tables of buckets are most of a small file, and nothing to be hurt by
        place = int(share * 240) if share < 0.2 else 7800 + int((share - 0.2) * (len(data) - 7800))
        data[place : place + len(piece)] = piece
    files = make_tree(tmp_path_factory.mktemp("damage"), {PATH: bytes(data)})
    start = time.monotonic()
    for wanted in (Wanted(), Wanted(units=("ssh",), level=4), Wanted(since=START * 1000 + 10**9)):
        list(merged(log_sources(files), wanted))
        last(log_sources(files), 3, wanted)
    assert time.monotonic() - start < 10


_WHOLE = small(60).bytes(6)
