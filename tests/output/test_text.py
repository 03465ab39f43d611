from dataclasses import dataclass

from guestshell.output.cells import human_size, utc, utc_exact
from guestshell.output.results import Layout, Records
from guestshell.output.text import render
from guestshell.values import Mode, Name, Size, Timestamp


@dataclass(frozen=True)
class Inner:
    place: Name
    size: Size


@dataclass(frozen=True)
class Row:
    name: Name
    size: Size
    mode: Mode
    mtime: Timestamp
    note: str | None
    inner: tuple[Inner, ...] = ()


ROWS = [
    Row(Name("plain"), Size(10), Mode(0o100644), Timestamp(0), None),
    Row(Name("日本 x"), Size(1536), Mode(0o40755), Timestamp(10**18 + 5), "n\x1b[1m",
        (Inner(Name("/a"), Size(2**20)),)),
]  # fmt: skip


def lines(layout: Layout, *columns: str, terminal: bool = True, width: int = 80) -> list[str]:
    records = Records(ROWS, Row, columns, layout)
    return list(render(records, color=False, width=width, terminal=terminal))


def test_table_aligns_by_width_on_the_screen() -> None:
    assert lines(Layout.TABLE, "name", "size", "mode", "note") == [
        "Name      Size  Mode        Note",
        "plain       10  -rw-r--r--",
        "'日本 x'  1.5K  drwxr-xr-x  n\\x1b[1m",
    ]


def test_a_table_wider_than_the_terminal_is_folded_between_words() -> None:
    @dataclass(frozen=True)
    class Job:
        command: str
        file: Name

    jobs = [
        Job("test -e /run/systemd/system", Name("/etc/cron.d/scrub.service")),
        Job("x", Name("/y")),
    ]
    shown = render(Records(jobs, Job), color=False, width=30, terminal=True)
    assert list(shown) == [
        "Command         File",
        "test -e /run/   /etc/cron.d/",
        "systemd/system  scrub.service",
        "x               /y",
    ]
    whole = render(Records(jobs, Job), color=False, width=30, terminal=False)
    assert len(list(whole)) == 3


def test_an_empty_table_shows_nothing() -> None:
    assert list(render(Records([], Row), color=False, width=80, terminal=True)) == []


def test_lines_quote_names_on_a_terminal_only() -> None:
    assert lines(Layout.LINES, "name") == ["plain", "'日本 x'"]
    assert lines(Layout.LINES, "name", terminal=False) == ["plain", "日本 x"]


def test_details_show_times_to_the_nanosecond_and_inner_rows_as_a_table() -> None:
    text = lines(Layout.DETAILS)
    assert "Modified: 2001-09-09 01:46:40.000000005Z (1000000000000000005 ns)" in text
    assert text[-3:] == ["Inner:", "  Place  Size", "  /a     1.0M"]


def test_grid_reads_downwards_and_fits() -> None:
    rows = [Row(Name(f"name{i}"), Size(0), Mode(0), Timestamp(0), None) for i in range(10)]
    records = Records(rows, Row, ("name",), Layout.GRID)
    wide = list(render(records, color=False, width=40, terminal=True))
    assert wide[0].split() == ["name0", "name2", "name4", "name6", "name8"]
    assert all(len(line) <= 40 for line in wide)
    assert len(list(render(records, color=False, width=5, terminal=True))) == 10


def test_colour_is_only_ours() -> None:
    [_, first, _] = render(Records(ROWS, Row), color=True, width=200, terminal=True)
    assert "\x1b" not in first
    [_, _, second] = render(
        Records(ROWS, Row, ("name", "note")), color=True, width=200, terminal=True
    )
    assert "\x1b[1m" not in second


def test_sizes_and_times() -> None:
    assert [human_size(n) for n in (0, 999, 1024, 1536, 10 * 2**20, 2**60)] == [
        "0", "999", "1.0K", "1.5K", "10M", "1.0E",
    ]  # fmt: skip
    assert utc(-1) == "1969-12-31 23:59:59Z"
    assert utc_exact(1) == "1970-01-01 00:00:00.000000001Z"
    assert utc(2**63 - 1).endswith("Z")
