from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guestshell.errors import UsageError
from guestshell.output.cells import rfc3339, utc
from guestshell.output.moments import Age, Span, parse_size, parse_time

SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND - 1
"""The first and last nanosecond of the years 1 to 9999."""


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[arg-type,misc]


def span(text: str) -> Span:
    found = parse_time(text)
    assert isinstance(found, Span)
    return found


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("512", 512),
        ("512B", 512),
        ("10K", 10 * 2**10),
        ("10k", 10 * 2**10),
        ("10M", 10 * 2**20),
        ("10MiB", 10 * 2**20),
        ("10MB", 10 * 10**6),
        ("10mb", 10 * 10**6),
        ("1.5G", 3 * 2**29),
        ("2.5GB", 25 * 10**8),
        ("1T", 2**40),
        ("1P", 2**50),
        ("1E", 2**60),
        ("1 K", 2**10),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5.2", "10Q", "ten", ".5", "1iB", "10 M B"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(text)


@given(st.integers(0, 2**63), st.sampled_from("KMGTPE"))
def test_a_size_with_a_unit_is_exact(number: int, unit: str) -> None:
    assert parse_size(f"{number}{unit}") == number << 10 * ("KMGTPE".index(unit) + 1)


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2026-03-14", at(2026, 3, 14), DAY),
        ("20260314", at(2026, 3, 14), DAY),
        ("2026-03-14T02", at(2026, 3, 14, 2), HOUR),
        ("2026-03-14T02:11", at(2026, 3, 14, 2, 11), MINUTE),
        ("2026-03-14 02:11", at(2026, 3, 14, 2, 11), MINUTE),
        ("2026-03-14T02:11Z", at(2026, 3, 14, 2, 11), MINUTE),
        ("2026-03-14T02:11+02:00", at(2026, 3, 14, 0, 11), MINUTE),
        ("2026-03-14T02:11:07", at(2026, 3, 14, 2, 11, 7), SECOND),
        ("2026-03-14T02:11:07Z", at(2026, 3, 14, 2, 11, 7), SECOND),
        ("2026-03-14 02:11:07Z", at(2026, 3, 14, 2, 11, 7), SECOND),
        ("2026-03-14T02:11:07+05:30", at(2026, 3, 13, 20, 41, 7), SECOND),
        ("2026-03-14T02:11:07-0100", at(2026, 3, 14, 3, 11, 7), SECOND),
        ("2026-03-14T02:11:07.5Z", at(2026, 3, 14, 2, 11, 7) + SECOND // 2, SECOND // 10),
        ("2026-03-14T02:11:07,5Z", at(2026, 3, 14, 2, 11, 7) + SECOND // 2, SECOND // 10),
        ("2026-03-14T02:11:07.000000001Z", at(2026, 3, 14, 2, 11, 7) + 1, 1),
        ("2026-03-14T02:11:07.25-01:00", at(2026, 3, 14, 3, 11, 7) + SECOND // 4, SECOND // 100),
        ("20260314T021107.5Z", at(2026, 3, 14, 2, 11, 7) + SECOND // 2, SECOND // 10),
        ("@0", 0, SECOND),
        ("@1773454267", 1_773_454_267 * SECOND, SECOND),
        ("@-1.500000000", -SECOND // 2 - SECOND, 1),
    ],
)
def test_a_moment_is_as_long_as_it_was_said_exactly(text: str, start: int, length: int) -> None:
    assert span(text) == Span(start, start + length)


@pytest.mark.parametrize(
    ("text", "length", "unit"),
    [
        ("90s", 90 * SECOND, SECOND),
        ("15m", 15 * MINUTE, MINUTE),
        ("15min", 15 * MINUTE, MINUTE),
        ("6h", 6 * HOUR, HOUR),
        ("2d", 2 * DAY, DAY),
        ("1.5d", 36 * HOUR, DAY),
        ("3w", 21 * DAY, 7 * DAY),
        ("1y", 365 * DAY, 365 * DAY),
        ("5ms", 5 * 10**6, 10**6),
        ("5us", 5000, 1000),
        ("5ns", 5, 1),
    ],
)
def test_ages(text: str, length: int, unit: int) -> None:
    assert parse_time(text) == Age(length, unit)


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2026", "2026-13-01", "2026-02-30", "2026-03-14T25:00", "2d3h", "-2d",
        "2026-03-14T02:11:07.1234567890Z", "0000-01-01", "10000-01-01", "@", "@x", "2026-W11-6",
        "2026-03-14T", "2026-03-14T02:11:07+99:00", "1" * 5000,
    ],
)  # fmt: skip
def test_no_times(text: str) -> None:
    with pytest.raises(UsageError, match="is neither a time nor an age") as told:
        parse_time(text)
    assert "2026-03-14" in told.value.remedy


@given(st.integers(FIRST, LAST))
@example(FIRST)
@example(LAST)
@example(-1)
@example(0)
def test_a_time_written_reads_back_to_the_nanosecond(time: int) -> None:
    assert span(rfc3339(time)) == Span(time, time + 1)


@given(st.integers(-(2**63), 2**63 - 1) | st.integers(LAST + 1, 2**70))
def test_times_beyond_the_calendar_read_back_too(time: int) -> None:
    assert span(rfc3339(time)).start == time


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),
    st.integers(-1439, 1439),
    st.sampled_from(["seconds", "minutes"]),
)
def test_an_offset_names_the_same_moment(moment: datetime, minutes: int, exactly: str) -> None:
    zone = timezone(timedelta(minutes=minutes))
    text = moment.replace(tzinfo=UTC).astimezone(zone).isoformat(timespec=exactly)
    cut = {"microsecond": 0} if exactly == "seconds" else {"microsecond": 0, "second": 0}
    whole = moment.replace(tzinfo=UTC, **cut)
    found = span(text)
    assert (
        found.start == (whole - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * SECOND
    )
    assert found.end - found.start == (SECOND if exactly == "seconds" else MINUTE)


@given(st.integers(FIRST, LAST))
def test_a_time_shown_can_be_typed(time: int) -> None:
    shown = span(utc(time))
    assert shown.start <= time < shown.end
    assert shown.end - shown.start == SECOND


@given(st.text(max_size=20))
def test_nothing_typed_raises_anything_else(text: str) -> None:
    for parse in (parse_size, parse_time):
        try:
            parse(text)
        except UsageError as error:
            assert repr(text) in error.message
