"""Rows for programs: from the prompt's language, as data frames, in a notebook."""

from dataclasses import dataclass

import polars
import pyarrow
import pytest

from guestshell import Guest, NoSuchPath, Rows, UsageError
from guestshell.values import Mode, Name, Percent, Size, Timestamp


@dataclass(frozen=True)
class Inner:
    place: Name
    size: Size | None


@dataclass(frozen=True)
class Row:
    name: Name
    size: Size | None
    mode: Mode
    changed: Timestamp | None
    good: bool | None
    use: Percent | None
    members: tuple[Name, ...]
    inner: Inner | None
    inners: tuple[Inner, ...]


ROWS = Rows(
    [
        Row(Name("a"), Size(2**62), Mode(0o104755), Timestamp(1_700_000_000_000_000_001), True,
            Percent(0.5), (Name("x"), Name("y")), Inner(Name("/p"), Size(1)),
            (Inner(Name("/q"), None),)),
        Row(Name("\udcff<b>"), None, Mode(0o40755), None, None, None, (), None, ()),
    ],
    Row,
)  # fmt: skip


def test_pandas_has_a_column_a_field_by_what_it_means() -> None:
    frame = ROWS.to_pandas()
    assert list(frame.columns) == list(Row.__dataclass_fields__)
    assert frame["size"][0] == 2**62
    assert frame["changed"][0].value == 1_700_000_000_000_000_001
    assert str(frame["changed"].dtype) == "datetime64[ns, UTC]"
    assert frame["mode"].tolist() == ["-rwsr-xr-x", "drwxr-xr-x"]
    assert frame["members"][0] == ["x", "y"]
    assert frame["inner"][0] == {"place": "/p", "size": 1}
    assert frame[["size", "changed", "good", "use"]].isna().loc[1].all()
    assert frame["name"][1] == "$'\\xff<b>'"


def test_arrow_and_polars_say_the_same() -> None:
    table = ROWS.to_arrow()
    assert table.schema.field("changed").type == pyarrow.timestamp("ns", "UTC")
    assert table.schema.field("inners").type.value_type.field("size").type == pyarrow.int64()
    frame = ROWS.to_polars()
    assert frame.schema["changed"] == polars.Datetime("ns", "UTC")
    assert table.to_pylist() == frame.to_arrow().to_pylist()
    assert frame["size"].to_list() == [2**62, None]


def test_what_64_bits_do_not_hold_is_missing() -> None:
    @dataclass(frozen=True)
    class Late:
        changed: Timestamp
        size: Size

    rows = Rows([Late(Timestamp(2**63), Size(2**64))], Late)
    assert rows.to_pandas().isna().all(axis=None)
    assert rows.to_arrow().to_pylist() == rows.to_polars().to_dicts() == [
        {"changed": None, "size": None}
    ]  # fmt: skip


@pytest.mark.parametrize("empty", [Rows([], Row)])
def test_no_rows_still_have_columns(empty: Rows[Row]) -> None:
    columns = list(Row.__dataclass_fields__)
    assert list(empty.to_pandas().columns) == empty.to_arrow().column_names == columns
    assert empty.to_polars().columns == columns


def test_a_part_of_rows_is_rows() -> None:
    assert ROWS[0].name == "a"
    assert ROWS[1:].to_pandas()["name"].tolist() == ["$'\\xff<b>'"]


def test_a_notebook_shows_text_of_the_guest_as_text() -> None:
    shown = ROWS._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown
    many = Rows([ROWS[0]] * 150, Row)._repr_html_()
    assert many.count("<tr>") == 101
    assert "50 more rows" in many


@pytest.mark.appliance
def test_a_line_of_the_prompt_gives_rows_with_every_field(demo_guest: Guest) -> None:
    rows = demo_guest.rows("find /etc -name passwd")
    assert [row.path for row in rows] == ["/etc/passwd"]
    assert rows[0].size == demo_guest.size("/etc/passwd")
    assert rows.to_pandas()["mtime"][0].year == 2026
    users = demo_guest.rows("users | where uid = 0 | select name, uid")
    assert users.to_dicts() == [{"name": "root", "uid": 0}, {"name": "sysupd", "uid": 0}]
    assert users.warnings == ("/var/log/wtmp: 1 blank record, as what hides logins leaves behind",)
    assert "sysupd" in users._repr_html_()


@pytest.mark.appliance
def test_what_failed_of_several_is_kept_beside_the_rows(demo_guest: Guest) -> None:
    rows = demo_guest.rows("ls /etc/hostname /nowhere")
    assert [row.name for row in rows] == ["hostname"]
    assert [str(error) for error in rows.failures] == ["/nowhere: no such file or directory"]


@pytest.mark.appliance
def test_what_failed_is_raised_where_there_is_nothing_else(demo_guest: Guest) -> None:
    with pytest.raises(NoSuchPath, match="/nowhere"):
        demo_guest.rows("ls /nowhere")


@pytest.mark.appliance
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not one command"),
        ("ls; ls", "not one command"),
        ("ls |", "column"),
        ("nosuch", "no such command"),
        ("ls > /tmp/x", "writes a file"),
        ("ls | !sort", "no filter"),
        ("!ls", "for the prompt"),
        ("set output json", "for the prompt"),
        ("time ls", "for the prompt"),
        ("cat /etc/passwd", "gives no rows"),
        ("ls | where nosuch = 1", "no field"),
    ],
)
def test_a_line_without_rows_is_refused(demo_guest: Guest, line: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        demo_guest.rows(line)


@pytest.mark.appliance
def test_a_guest_and_its_inspection_are_shown(demo_guest: Guest) -> None:
    inspection = demo_guest.inspect()
    assert inspection.os is not None
    assert inspection.os.version == "12.11"
    assert "<td" in inspection._repr_html_()
    assert "Debian GNU/Linux 12" in inspection._repr_html_()
    assert "web01.img</b>: Debian" in demo_guest._repr_html_()


def test_showing_a_guest_boots_nothing(demo: "object") -> None:
    with Guest(str(demo)) as guest:
        assert guest._repr_html_() == "<p><b>web01.img</b></p>"
        assert guest.appliance.pid is None
