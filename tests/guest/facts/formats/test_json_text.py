"""Times in JSON, with datetime as the oracle, and JSON that is none."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.formats.json_text import load_json, parse_json, parse_rfc3339
from guestshell.guest.facts.formats.shapes import list_of, mapping_of, part, text_of, texts_of
from tests.guest.facts.host_tree import make_tree

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(datetime(2, 1, 2), datetime(9999, 1, 1), timezones=ZONES))
def test_a_time_is_the_one_that_was_written(moment: datetime) -> None:
    expected = (moment - EPOCH) // timedelta(microseconds=1) * 1000
    assert parse_rfc3339(moment.isoformat()) == expected


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:01.123456789Z", 1_123456789),
        ("1970-01-01T00:00:01.5-00:00", 1_500000000),
        ("1969-12-31T23:59:59.25Z", -750000000),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:01", None),
        ("1970-01-01T00:00:01.Z", None),
        ("1970-13-01T00:00:01Z", None),
        ("1970-01-01T00:00:01.١Z", None),
        ("", None),
    ],
)
def test_nanoseconds_and_what_is_no_time(text: str, moment: int | None) -> None:
    assert parse_rfc3339(text) == moment


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str) -> None:
    parse_rfc3339(text)


def test_what_is_too_long_is_not_read(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/a": b" " * (8 * 2**20 + 1), "/b": "[1" + "0" * 5000 + "]"})
    assert load_json(files, "/a") is None
    assert load_json(files, "/b") == [float("inf")]
    assert files.warnings == ["/a: longer than 8388608 bytes, not read"]


def test_shapes_are_not_trusted(tmp_path: Path) -> None:
    value = parse_json(make_tree(tmp_path, {}), "/x", b'{"a": {"b": ["c", 1]}, "d": "\\ud800"}')
    assert texts_of(value, "a", "b") == ("c",)
    assert (text_of(value, "a", "b"), list_of(value, "a"), mapping_of(value, "d")) == ("", [], {})
    assert part(value, "a", "b", "c") is None
    assert text_of(value, "d").encode() == "\ufffd".encode() * 3
