"""Time zones by link, by name and by content; the host's zone files stand in for a guest's."""

import zoneinfo
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.configuration.time_zone import offsets_of, read_time_zone, rules_of
from tests.guest.facts.host_tree import make_tree

ZONES = Path("/usr/share/zoneinfo")
NAMES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})

pytestmark = pytest.mark.skipif(not ZONES.is_dir(), reason="this host has no zone files")


def zone(name: str) -> bytes:
    return (ZONES / name).read_bytes()


def test_a_link_names_the_zone(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/etc/localtime": "-> ../usr/share/zoneinfo/Europe/Berlin",
            "/usr/share/zoneinfo/Europe/Berlin": zone("Europe/Berlin"),
            "/etc/timezone": "Asia/Tokyo\n",
            "/etc/adjtime": "0.0 1773748800 0.0\n1773748800\nLOCAL\n",
        },
    )
    row = read_time_zone(files)
    assert (row.name, row.source, row.file) == ("Europe/Berlin", "link", "/etc/localtime")
    assert (row.offset, row.summer_offset) == ("+01:00", "+02:00")
    assert row.rules == "CET-1CEST,M3.5.0,M10.5.0/3"
    assert row.hardware_clock == "local"
    assert files.warnings == []


def test_a_link_that_leads_nowhere_still_names_the_zone(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/localtime": "-> /usr/share/zoneinfo/Europe/Berlin"})
    row = read_time_zone(files)
    assert (row.name, row.offset, row.rules) == ("Europe/Berlin", "", "")
    assert files.warnings == [
        "/usr/share/zoneinfo/Europe/Berlin: not there, so its rules are unknown"
    ]


def test_a_copy_is_known_by_its_content(tmp_path: Path) -> None:
    tokyo = zone("Asia/Tokyo")
    files = make_tree(
        tmp_path,
        {
            "/etc/localtime": tokyo,
            "/etc/timezone": "Europe/Berlin\n",
            "/usr/share/zoneinfo/Japan": tokyo,
            "/usr/share/zoneinfo/Asia/Tokyo": tokyo,
            "/usr/share/zoneinfo/right/Asia/Tokyo": tokyo,
            "/usr/share/zoneinfo/Europe/Berlin": zone("Europe/Berlin"),
            "/usr/share/zoneinfo/zone1970.tab": "JP,AU\t+353916+1394441\tAsia/Tokyo\n",
        },
    )
    row = read_time_zone(files)
    assert (row.name, row.source, row.same_as) == ("Asia/Tokyo", "content", ("Japan",))
    assert (row.offset, row.summer_offset, row.hardware_clock) == ("+09:00", "", "UTC")
    assert files.warnings == ["/etc/timezone: says Europe/Berlin, but /etc/localtime is Asia/Tokyo"]


def test_a_name_that_the_copy_agrees_with(tmp_path: Path) -> None:
    tokyo = zone("Asia/Tokyo")
    contents: dict[str, str | bytes] = {"/etc/localtime": tokyo, "/etc/timezone": "Japan\n"}
    contents |= {f"/usr/share/zoneinfo/{name}": tokyo for name in ("Japan", "Asia/Tokyo")}
    row = read_time_zone(make_tree(tmp_path, contents))
    assert (row.name, row.source, row.same_as) == ("Japan", "file", ("Asia/Tokyo",))


def test_nothing_set_is_utc(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/hostname": "x\n"})
    row = read_time_zone(files)
    assert (row.name, row.source, row.offset) == ("UTC", "default", "+00:00")
    assert files.warnings == []


def test_a_damaged_copy_is_warned_of(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/localtime": b"TZif", "/etc/timezone": "Asia/Tokyo\n"})
    assert read_time_zone(files).name == "Asia/Tokyo"
    assert files.warnings == ["/etc/localtime: is no TZif file"]


def test_offsets_are_those_that_zoneinfo_gives() -> None:
    checked = 0
    for name in NAMES:
        if not (ZONES / name).is_file():
            continue
        rules = rules_of(zone(name))
        assert rules, name
        known = zoneinfo.ZoneInfo(name)
        moments = [datetime(2045, month, 15, tzinfo=known) for month in range(1, 13)]
        expected = {m.utcoffset() for m in moments}
        given_offsets = {
            timedelta(hours=float(text[:3]), minutes=int(text[0] + text[4:6]))
            for text in offsets_of(rules)
            if text
        }
        # Morocco's summer time is in its table, not in its rules
        assert given_offsets == expected or name in ("Africa/Casablanca", "Africa/El_Aaiun"), name
        checked += 1
    assert checked > 300


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: b"TZif2" + b"\0" * 39 + b))
def test_any_bytes_are_no_more_than_unknown(data: bytes) -> None:
    offsets_of(rules_of(data) or "")
