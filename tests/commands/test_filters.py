"""Every filter: on generated rows without a guest, and on those of the teaching image."""

import collections
import dataclasses
import itertools
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guestshell import Guest
from guestshell.commands.context import Context
from guestshell.commands.declaration import FILTERS
from guestshell.commands.piped import Piped
from guestshell.demo import story
from guestshell.errors import ExitCode, GuestShellError, HostError, UsageError
from guestshell.output.encoded import encoded
from guestshell.output.formats import plain_of
from guestshell.output.results import Blob, Records, Result, Text
from guestshell.values import Name, Size, decode_name
from tests.conftest import Console
from tests.output.rows import ODD, THINGS, Counted, Thing, texts

appliance = pytest.mark.appliance


@dataclass(frozen=True)
class Pair:
    """A row to sort."""

    key: str
    size: Size
    note: int | None


pairs = st.lists(
    st.builds(
        Pair,
        key=st.sampled_from(["a", "b", "B", "é", "\udce9", ""]),
        size=st.integers(0, 4).map(Size),
        note=st.none() | st.integers(-2, 2),
    ),
    max_size=12,
)


class _Unprotected:
    """A guest without an image that a filter could overwrite."""

    def protect(self, target: Path) -> None: ...


def ran(line: str, result: Result) -> Result:
    """Run a filter on a result; its words are those between blanks."""
    name, *words = line.split()
    return FILTERS[name].run(words, Piped(Context(cast(Guest, _Unprotected())), result))


def rows_of(line: str, rows: Iterable[Any], row_type: type = Pair) -> list[Any]:
    result = ran(line, Records(rows, row_type))
    assert isinstance(result, Records)
    return list(result.rows)


def blob(*blocks: bytes) -> Blob:
    return Blob(blocks, "/x", lambda: "data")


def text_of(line: str, *blocks: bytes) -> bytes:
    return b"".join(encoded(ran(line, blob(*blocks)), "table"))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut bytes into blocks; some may be empty."""
    edges = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [b"", *(data[start:end] for start, end in itertools.pairwise(edges))]


# -- without a guest -----------------------------------------------------------------------------


@given(
    pairs, st.lists(st.sampled_from(["key", "size", "note"]), min_size=1, unique=True), st.data()
)
def test_sort_sorts_as_python_does(
    rows: list[Pair], fields: list[str], data: st.DataObject
) -> None:
    signs = [data.draw(st.sampled_from(["", "-"])) for _ in fields]
    expected = rows
    for field, sign in reversed(list(zip(fields, signs, strict=True))):
        with_value = [row for row in expected if getattr(row, field) is not None]
        without = [row for row in expected if getattr(row, field) is None]
        ordered = sorted(with_value, key=lambda row: getattr(row, field), reverse=bool(sign))
        expected = ordered + without
    words = " ".join(sign + field for sign, field in zip(signs, fields, strict=True))
    assert rows_of(f"sort {words}", rows) == expected


@given(pairs)
def test_unique_keeps_the_first_of_each(rows: list[Pair]) -> None:
    assert rows_of("unique", rows) == list(dict.fromkeys(rows))
    firsts = {(row.key, row.note): row for row in reversed(rows)}
    found = rows_of("unique key note", rows)
    assert found == sorted(firsts.values(), key=found.index)
    assert len(found) == len(firsts)


@given(pairs)
def test_sort_and_unique_together_are_a_sorted_set(rows: list[Pair]) -> None:
    keys = [row.key for row in rows_of("unique key", rows_of("sort key", rows))]
    assert keys == sorted({row.key for row in rows})


@given(pairs, st.integers(0, 15))
def test_first_skip_and_last_cut_as_slices_do(rows: list[Pair], number: int) -> None:
    assert rows_of(f"first {number}", rows) == rows[:number]
    assert rows_of(f"skip {number}", rows) == rows[number:]
    assert rows_of(f"last {number}", rows) == (rows[-number:] if number else [])


@given(pairs)
def test_group_counts_and_adds_up(rows: list[Pair]) -> None:
    found = rows_of("group key", rows)
    counts = collections.Counter(row.key for row in rows)
    assert {row.key: row.count for row in found} == counts
    for row in found:
        assert row.size == sum(other.size for other in rows if other.key == row.key)
    assert [row.count for row in found] == sorted(counts.values(), reverse=True)
    both = rows_of("group key note", rows)
    assert sum(row.count for row in both) == len(rows)
    assert len({(row.key, row.note) for row in both}) == len(both)


@given(st.lists(st.sampled_from(THINGS), max_size=5))
def test_flatten_makes_a_row_of_each_value(rows: list[Thing]) -> None:
    by_tag = rows_of("flatten tags", rows, Thing)
    assert [(row.name, row.tags) for row in by_tag] == [
        (row.name, tag) for row in rows for tag in row.tags
    ]
    by_part = rows_of("flatten parts", rows, Thing)
    assert [(row.name, row.size, row.place, row.parts_size) for row in by_part] == [
        (row.name, row.size, part.place, part.size) for row in rows for part in row.parts
    ]


def test_flatten_takes_the_first_field_that_holds_several() -> None:
    assert [row.tags for row in rows_of("flatten", [ODD], Thing)] == ["red", "blue"]


def test_select_renames_and_looks_inside() -> None:
    result = ran("select name, size as bytes part.place part.size as inner", Records(THINGS, Thing))
    assert isinstance(result, Records)
    assert [plain_of(result.type)(row) for row in result.rows] == [
        {"name": "plain", "bytes": 10485760, "part_place": None, "inner": None},
        {"name": r"$'caf\xe9'", "bytes": 0, "part_place": "/mnt", "inner": 3},
    ]


@given(pairs)
def test_count_counts_rows(rows: list[Pair]) -> None:
    [found] = rows_of("count", rows)
    assert found.count == len(rows)


@pytest.mark.parametrize(
    ("line", "pulled"),
    [("first 3", 3), ("first 0", 0), ("where size=1", 1), ("skip 4", 5), ("select key", 1),
     ("unique", 1), ("grep x", 1), ("grep -v y", 1)],
)  # fmt: skip
def test_no_more_rows_are_asked_for_than_needed(line: str, pulled: int) -> None:
    source = Counted(Pair(f"x{number}", Size(1), None) for number in itertools.count())
    result = ran(line, Records(source, Pair))
    assert source.pulled == 0, "nothing is found before somebody asks"
    assert isinstance(result, Records)
    rows = iter(result.rows)
    if line.startswith("first"):
        assert len(list(rows)) == pulled
    else:
        next(rows)
    assert source.pulled == pulled


def test_first_of_an_endless_text_ends() -> None:
    def blocks() -> Iterator[bytes]:
        for number in itertools.count():
            assert number < 3
            yield b"a line\n"

    result = ran("first 3", Blob(blocks(), "/x", lambda: "data"))
    assert list(encoded(result, "table")) == [b"a line\n"] * 3


_wc = shutil.which("wc")
_spaced = st.lists(
    st.sampled_from([b"a", b"bc", b" ", b"\n", b"\t", b"\r", b"\v", b"\f", b"~", b"word"]),
    max_size=30,
).map(b"".join)


@pytest.mark.skipif(_wc is None, reason="the host's wc is the oracle")
@given(_spaced, st.lists(st.integers(0, 60)))
@settings(deadline=None)
def test_wc_counts_as_wc_does(data: bytes, places: list[int]) -> None:
    done = subprocess.run(
        ["wc"], input=data, capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    result = ran("wc", blob(*cut(data, places)))
    assert isinstance(result, Records)
    [found] = result.rows
    assert [found.lines, found.words, found.bytes] == list(map(int, done.stdout.split()))


lines_of_bytes = st.lists(st.sampled_from([b"", b"a", b"b", b"ab", b"\xff", b"caf\xc3\xa9", b"\r"]))


@given(lines_of_bytes, st.lists(st.integers(0, 30)), st.booleans(), st.integers(0, 5))
@example([b"caf\xc3\xa9"], [4], False, 1)
def test_filters_of_text_work_on_lines_of_bytes(
    lines: list[bytes], places: list[int], newline: bool, number: int
) -> None:
    data = b"\n".join(lines) + (b"\n" if newline and lines else b"")
    whole = data.split(b"\n")[: None if data and not data.endswith(b"\n") else -1]
    blocks = cut(data, places)

    def joined(kept: Iterable[bytes]) -> bytes:
        return b"".join(line + b"\n" for line in kept)

    assert text_of("count", *blocks) == b"%d\n" % len(whole)
    assert text_of(f"first {number}", *blocks) == joined(whole[:number])
    assert text_of(f"skip {number}", *blocks) == joined(whole[number:])
    assert text_of(f"last {number}", *blocks) == joined(whole[-number:] if number else [])
    assert text_of("grep a", *blocks) == joined(line for line in whole if b"a" in line)
    assert text_of("grep -v a", *blocks) == joined(line for line in whole if b"a" not in line)
    assert text_of("sort", *blocks) == joined(sorted(whole))
    assert text_of("unique", *blocks) == joined(dict.fromkeys(whole))


def test_a_long_line_is_one_line() -> None:
    long = b"x" * 300_000 + b"needle"
    data = b"first\n" + long + b"\nlast\n"
    blocks = cut(data, range(0, len(data), 65_536))
    assert text_of("count", *blocks) == b"3\n"
    assert text_of("grep xneedle", *blocks) == long + b"\n"
    assert text_of("skip 1", *blocks) == long + b"\nlast\n"
    assert text_of("last 1", *blocks) == b"last\n"


def test_a_line_without_an_end_is_refused_rather_than_cut() -> None:
    endless = Blob(itertools.repeat(bytes(2**20)), "/x", lambda: "data")
    result = ran("first 1", endless)
    with pytest.raises(GuestShellError, match="a line is longer than 64 MiB"):
        list(encoded(result, "table"))


def test_grep_of_rows_looks_at_what_is_shown() -> None:
    rows = [Pair("one", Size(2048), None), Pair("\udce9two", Size(1), 7)]
    assert rows_of("grep 2.0K", rows) == rows[:1]
    assert rows_of("grep -F 2.0k -i", rows) == rows[:1]
    assert rows_of("grep -E ^(one|x)$", rows) == rows[:1]
    assert rows_of("grep -v one", rows) == rows[1:]
    assert rows_of("grep 7", rows) == rows[1:]
    few = ran("grep 2048", Records(rows, Pair, human_sizes=False))
    assert isinstance(few, Records)
    assert list(few.rows) == rows[:1]
    named = ran("grep 7", Records(rows, Pair, columns=("key",)))
    assert isinstance(named, Records)
    assert list(named.rows) == [], "the note is not shown"


jq_missing = pytest.mark.skipif(shutil.which("jq") is None, reason="the host's jq is the oracle")


def jq_of_host(line: str, rows: Iterable[Pair]) -> bytes:
    stream = "\n".join(json.dumps(plain_of(Pair)(row)) for row in rows)
    done = subprocess.run(
        ["jq", *line.split()], input=stream.encode(), capture_output=True, check=True
    )
    return done.stdout


JQ_ROWS = [Pair("a b", Size(10), None), Pair("é\n日本", Size(0), 3), Pair("\udce9", Size(1), -1)]


@jq_missing
@pytest.mark.parametrize(
    "program",
    [".", ".[]?", "{key,note}", ".size+1", "select(.note!=null)|.key", "keys", "..", "empty",
     '"\\(.key)\\n\\(.size)"'],
)  # fmt: skip
@pytest.mark.parametrize("options", ["", "-c ", "-r ", "-c -r "])
def test_jq_gives_what_jq_gives(program: str, options: str) -> None:
    result = ran(f"jq {options}{program}", Records(JQ_ROWS, Pair))
    assert b"".join(encoded(result, "table")) == jq_of_host(f"{options}{program}", JQ_ROWS)


@jq_missing
@pytest.mark.parametrize("options", ["", "-c "])
def test_jq_gives_text_that_a_terminal_may_show(options: str) -> None:
    rows = [Pair("\u202e\x7f\u2028\U000e0001", Size(1), None)]
    text = b"".join(encoded(ran(f"jq {options}.", Records(rows, Pair)), "table")).decode()
    assert jsons(text) == jsons(jq_of_host(f"{options}.", rows).decode())
    assert text.replace("\n", "").isprintable()


def jsons(text: str) -> list[Any]:
    decoder, values, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return values


def test_jq_reads_a_text_of_json() -> None:
    assert text_of("jq -c .a", b'{"a": 1}\n{"a"', b": [2]}") == b"1\n[2]\n"
    assert text_of("jq .", b"") == b""


@pytest.mark.parametrize(
    ("program", "data", "kind", "words"),
    [
        (".[", b"{}", UsageError, "the jq program is malformed: "),
        ("nosuch", b"{}", UsageError, "nosuch/0 is not defined"),
        (".a", b"{", GuestShellError, "jq: "),
        (".a", b"[1]", GuestShellError, "jq: Cannot index array with"),
    ],
)
def test_jq_says_what_is_wrong_in_one_line(
    program: str, data: bytes, kind: type[GuestShellError], words: str
) -> None:
    with pytest.raises(kind) as told:
        text_of(f"jq {program}", data)
    assert words in told.value.message
    assert "\n" not in told.value.message


ON_ROWS_ONLY = ["where size", "select size", "group size", "flatten size"]


@pytest.mark.parametrize("line", ON_ROWS_ONLY)
@pytest.mark.parametrize("result", [Text(["a"]), blob(b"a\n"), None])
def test_a_filter_of_rows_refuses_text(line: str, result: Result) -> None:
    with pytest.raises(UsageError) as told:
        ran(line, result)
    assert told.value.message == "there are no rows to work on, only text"
    assert (
        told.value.remedy == "grep, first, last, skip, count, sort, unique, wc and jq take text too"
    )


@pytest.mark.parametrize(
    "line", ["where nope=1", "sort nope", "sort -nope", "select key nope", "group nope",
             "flatten nope", "unique nope"]
)  # fmt: skip
def test_an_unknown_field_is_told_with_those_there_are(line: str) -> None:
    with pytest.raises(UsageError) as told:
        ran(line, Records([], Pair))
    assert "there is no field 'nope'" in told.value.message
    assert told.value.remedy.endswith("the fields are key, size, note")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("select key key", "there are two fields 'key'"),
        ("select key as", "a name for key is missing after as"),
        ("select key as 1st", "'1st' cannot name a field"),
        ("select key as class", "'class' cannot name a field"),
        ("select key as __dict__", "'__dict__' cannot name a field"),
        ("group key key", "each field can be grouped by once"),
        ("flatten", "no field of these rows holds several values"),
        ("flatten key", "key holds one value"),
        ("first -1", "no such option: -1"),
        ("first x", "'x' is not a valid integer"),
        ("grep [", "has a [ without its ]"),
        ("grep -E (", "is malformed"),
        ("sort", "a field to sort by is missing"),
        ("where", "missing argument 'expression"),
    ],
)
def test_what_cannot_be_done_is_told(line: str, words: str) -> None:
    with pytest.raises(UsageError) as told:
        ran(line, Records([], Pair))
    assert words in told.value.message.lower()


@given(st.lists(texts, max_size=4))
def test_rows_that_are_changed_keep_odd_names(names: list[str]) -> None:
    rows = [Pair(name, Size(0), None) for name in names]
    for line in ("sort size", "unique", "select key", "group key", "first 9"):
        found = rows_of(line, rows)
        assert sorted(row.key for row in found) == sorted(
            set(names) if line in ("unique", "group key") else names
        )


def test_results_stay_of_the_format_that_was_asked_for() -> None:
    rows = [Pair("a", Size(1), 2)]
    for line in ("where size=1", "sort key", "select key size", "first", "last", "skip 0", "unique",
                 "group key", "grep a"):  # fmt: skip
        result = ran(line, Records(rows, Pair, format="csv"))
        assert isinstance(result, Records)
        assert result.format == "csv", line


def test_the_type_of_a_filtered_row_knows_its_fields() -> None:
    result = ran("select key as name note", Records([], Pair))
    assert isinstance(result, Records)
    assert [field.name for field in dataclasses.fields(result.type)] == ["name", "note"]


# -- on the teaching image -----------------------------------------------------------------------

SOURCE = "find /etc /usr /srv /home /boot /var/log /lost+found"


def data(console: Console, line: str) -> Any:
    text = console.run(line)
    assert console.status is ExitCode.DONE, console.error
    return json.loads(text)


@pytest.fixture(scope="module")
def entries(demo_guest: Guest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data(Console(demo_guest), f"{SOURCE} -o json")
    assert len(found) > 50
    return found


Row = dict[str, Any]


@appliance
@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("size > 1K", lambda row: row["size"] > 1024),
        ("size >= 2G", lambda row: row["size"] >= 2**31),
        ("kind = file and size = 0", lambda row: row["kind"] == "file" and row["size"] == 0),
        ("mtime = 2026-03-14", lambda row: row["mtime"].startswith("2026-03-14")),
        ("mtime > 2026-03-13", lambda row: row["mtime"] > "2026-03-14"),
        ("mode >= 4000 and kind = file", lambda row: row["mode"][3] in "sS"),
        ("mode = 755", lambda row: row["mode"][1:] == "rwxr-xr-x"),
        ("not owner = root", lambda row: row["owner"] != "root"),
        ("owner in (alice, backup)", lambda row: row["owner"] in ("alice", "backup")),
        ("name =~ '^[a-h].*\\.'", lambda row: re.search(r"^[a-h].*\.", row["name"])),
        ("name !~ '[.]'", lambda row: "." not in row["name"]),
        ("target", lambda row: row["target"]),
        ("target =~ ^/", lambda row: (row["target"] or "").startswith("/")),
        ("links>1 and(uid=0 or gid=1000)", lambda row: row["links"] > 1
            and (row["uid"] == 0 or row["gid"] == 1000)),
        (r"name = $'caf\xe9'", lambda row: row["name"] == r"$'caf\xe9'"),
        ("path = '/srv/names/with space.txt'", lambda row: "with space" in row["path"]),
    ],
)  # fmt: skip
def test_where_keeps_what_python_keeps(
    console: Console, entries: list[Row], expression: str, fits: Callable[[Row], object]
) -> None:
    expected = [row for row in entries if fits(row)]
    assert data(console, f"{SOURCE} | where {expression} -o json") == expected
    assert 0 < len(expected) < len(entries), "the condition tells some rows from others"


def ordered(rows: Sequence[Row], *fields: str) -> list[Row]:
    found = list(rows)
    for field in reversed(fields):
        name = field.lstrip("-")
        found.sort(key=lambda row: row[name], reverse=field.startswith("-"))
    return found


@appliance
@pytest.mark.parametrize("fields", ["size", "-size", "kind -mtime", "owner group -inode", "-links"])
def test_sort_orders_what_python_orders(console: Console, entries: list[Row], fields: str) -> None:
    rows = data(console, f"{SOURCE} | sort {fields} -o json")
    assert rows == ordered(entries, *fields.split())
    assert rows != entries


@appliance
def test_stages_work_one_after_another(console: Console, entries: list[Row]) -> None:
    line = f"{SOURCE} | where kind = file | sort -size path | skip 1 | first 5 | select name size"
    files = [row for row in entries if row["kind"] == "file"]
    expected = [
        {"name": row["name"], "size": row["size"]} for row in ordered(files, "-size", "path")[1:6]
    ]
    assert data(console, f"{line} -o json") == expected


@appliance
def test_the_format_may_be_asked_for_at_any_stage(console: Console) -> None:
    last = console.run("find /etc | where kind = file | first 3 -o csv")
    assert console.run("find /etc -o csv | where kind = file | first 3") == last
    assert last.startswith("path,name,kind,")


@appliance
def test_first_last_and_skip(console: Console, entries: list[Row]) -> None:
    assert data(console, f"{SOURCE} | first -o json") == entries[:10]
    assert data(console, f"{SOURCE} | last -o json") == entries[-10:]
    assert data(console, f"{SOURCE} | skip -o json") == entries[1:]
    assert data(console, f"{SOURCE} | first 3 | last 1 -o json") == entries[2:3]
    lines = story.TEXTS["/etc/passwd"].splitlines()
    assert console.lines("cat /etc/passwd | first 2") == lines[:2]
    assert console.lines("cat /etc/passwd | last 2") == lines[-2:]
    assert console.lines("cat /etc/passwd | skip 6") == lines[6:]


@appliance
def test_first_ends_a_walk(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    guest = console.session.guest
    walk = guest.walk

    def watched(*arguments: Any, **options: Any) -> Iterator[Any]:
        for entry in walk(*arguments, **options):
            listed.append(entry.path)
            yield entry

    monkeypatch.setattr(guest, "walk", watched)
    assert console.lines("find / | first 3") == console.lines("find / | !head -n 3")
    assert len(listed) < 1000, "of over ten thousand"


@appliance
def test_count(console: Console, entries: list[Row]) -> None:
    assert console.run(f"{SOURCE} | count") == f"{len(entries)}\n"
    assert data(console, f"{SOURCE} | count -o json") == [{"count": len(entries)}]
    assert console.run("cat /var/log/auth.log | count") == "244\n"
    assert console.run("cat /usr/bin/bash | count") == "1\n", "a last line needs no end"


@appliance
def test_count_of_a_long_line(console: Console) -> None:
    assert console.run("tail -c 100000 /var/log/huge.log | count") == "2\n"


@appliance
@pytest.mark.parametrize("fields", ["kind", "owner kind", "mode"])
def test_group(console: Console, entries: list[Row], fields: str) -> None:
    names = fields.split()
    counts: collections.Counter[tuple[str, ...]] = collections.Counter()
    sums: collections.Counter[tuple[str, ...]] = collections.Counter()
    for row in entries:
        key = tuple(row[name] for name in names)
        counts[key] += 1
        sums[key] += row["size"]
    rows = data(console, f"{SOURCE} | group {fields} -o json")
    assert {tuple(row[name] for name in names): row["count"] for row in rows} == counts
    assert {tuple(row[name] for name in names): row["size"] for row in rows} == sums
    assert [row["count"] for row in rows] == sorted(counts.values(), reverse=True)


@appliance
def test_unique(console: Console, entries: list[Row]) -> None:
    rows = data(console, f"{SOURCE} | unique owner kind -o json")
    firsts = {(row["owner"], row["kind"]): row for row in reversed(entries)}
    assert sorted(rows, key=entries.index) == rows
    assert {(row["owner"], row["kind"]): row for row in rows} == firsts
    shells = [line.split(":")[6] for line in story.TEXTS["/etc/passwd"].splitlines()]
    assert data(console, "users | unique shell | select shell -o json") == [
        {"shell": shell} for shell in dict.fromkeys(shells)
    ]


@appliance
def test_flatten(console: Console) -> None:
    groups = data(console, "groups -o json")
    rows = data(console, "groups | flatten members -o json")
    assert rows == [
        {"name": group["name"], "gid": group["gid"], "members": member}
        for group in groups
        for member in group["members"]
    ]
    inspected = data(console, "inspect -o json")
    assert data(console, "inspect | flatten mounts -o json") == inspected[0]["mounts"]


@appliance
@pytest.mark.parametrize("options", ["-v", "-i", "-F", "-E", "-i -v"])
@pytest.mark.parametrize("pattern", ["ROOT", "bash$", "/bin/.*sh", "nologin"])
def test_grep_of_text_agrees_with_greps(console: Console, options: str, pattern: str) -> None:
    ours = console.bytes(f"cat /etc/passwd | grep {options} '{pattern}'")
    assert ours == console.bytes(f"cat /etc/passwd | !grep {options} '{pattern}'")


@appliance
def test_grep_of_rows(console: Console, entries: list[Row]) -> None:
    rows = data(console, f"{SOURCE} | grep -E '[.](log|conf)$' -o json")
    assert rows == [row for row in entries if re.search(r"[.](log|conf)$", row["path"])]
    assert rows


@appliance
@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/var/log/auth.log", "/etc/hostname", "/home/alice/notes.txt"]
)
def test_wc_agrees_with_wc_on_the_same_bytes(console: Console, path: str) -> None:
    [found] = data(console, f"cat {path} | wc -o json")
    expected = list(map(int, console.run(f"cat {path} | !wc").split()))
    assert [found["lines"], found["words"], found["bytes"]] == expected
    assert found["bytes"] == len(story.TEXTS[path].encode())


@appliance
def test_wc_of_rows_is_that_of_what_a_file_would_hold(console: Console, tmp_path: Path) -> None:
    for line in (SOURCE, f"{SOURCE} -o csv", f"{SOURCE} -o json", "ls -l /etc"):
        [found] = data(console, f"{line} | wc -o json")
        assert found["bytes"] == len(console.bytes(line)), line


@appliance
def test_save_writes_what_its_ending_says(console: Console, tmp_path: Path) -> None:
    for ending, form in [("json", "json"), ("jsonl", "jsonl"), ("csv", "csv"), ("yaml", "yaml"),
                         ("txt", "table"), ("other", "table")]:  # fmt: skip
        path = tmp_path / f"out.{ending}"
        [row] = data(console, f"ls -l /etc | save {path} -o json")
        content = path.read_bytes()
        assert content == console.bytes(f"ls -l /etc -o {form}"), ending
        assert (row["size"], row["host"]) == (len(content), str(path))
        digest = (
            console.run(f"!sha256sum {path}")
            or subprocess.run(
                ["sha256sum", path], capture_output=True, check=True, text=True
            ).stdout
        )
        assert row["sha256"] == digest.split()[0]


@appliance
@pytest.mark.parametrize("name", ["save", "tee"])
def test_nothing_is_overwritten_without_force(console: Console, tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"mine")
    console.run(f"cat /etc/hostname | {name} {path}")
    assert "exists already (--force overwrites it)" in console.error
    assert path.read_bytes() == b"mine"
    console.run(f"cat /etc/hostname | {name} --force {path}")
    assert path.read_bytes() == b"web01\n"


@appliance
@pytest.mark.parametrize(
    "source", ["cat /usr/bin/bash", "cat -n /etc/passwd", "ls -l /etc", "find /srv/names"]
)
def test_tee_passes_on_what_it_writes(console: Console, tmp_path: Path, source: str) -> None:
    whole = console.bytes(source)
    assert console.bytes(f"{source} | tee {tmp_path}/copy") == whole
    assert (tmp_path / "copy").read_bytes() == whole
    assert console.run(f"{source} | tee {tmp_path}/again | count") == console.run(
        f"{source} | count"
    )
    assert (tmp_path / "again").read_bytes() == whole


@appliance
def test_tee_in_two_formats_at_once(console: Console, tmp_path: Path) -> None:
    rows = data(
        console, f"ls /etc | tee {tmp_path}/a.jsonl | tee {tmp_path}/b.csv | first 2 -o json"
    )
    assert len(rows) == 2
    kept = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert kept[:2] == rows
    assert len(kept) < 10, "the file holds what went past"
    assert (tmp_path / "b.csv").read_text().startswith("path,name,")


@appliance
@pytest.mark.parametrize("name", ["save", "tee"])
def test_an_error_behind_leaves_no_file(console: Console, tmp_path: Path, name: str) -> None:
    console.run(f"ls /etc | jq '.size, error(\"broken\")' | {name} {tmp_path}/out")
    assert console.status is ExitCode.FAILED
    assert "jq: broken" in console.error
    assert list(tmp_path.iterdir()) == [], "complete, or not at all"


@appliance
def test_names_are_safe_through_every_stage(console: Console) -> None:
    expected = sorted(
        decode_name(path.encode("utf-8", "surrogateescape")).rpartition("/")[2]
        for path in story.TEXTS
        if path.startswith("/srv/names/")
    )
    text = console.run("ls -a /srv/names | where kind = file | sort name | select name -o json")
    assert text.replace("\n", "").isprintable()
    from guestshell.language.quoting import from_portable

    assert sorted(from_portable(row["name"]) for row in json.loads(text)) == expected
    raw = console.bytes("find /srv/names -type f | sort name")
    assert Name("/srv/names/caf\udce9").encode("utf-8", "surrogateescape") in raw


@appliance
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "ls /etc | where siez > 1",
            "where: column 17: there is no field 'siez' (did you mean size?"
            " the fields are path, name, kind, size",
        ),
        ("ls /etc | sort zzz", "sort: there is no field 'zzz' (the fields are path, name"),
        ("cat /etc/passwd | where size > 1", "where: there are no rows to work on, only text"),
        (
            "cat /etc/passwd | sort size",
            "sort: text has no fields to sort by (| !sort runs the host's)",
        ),
        ("ls /etc | where size >", "where: column 23: a value for size is missing"),
        ("ls /etc | where size > 1 kind", "where: column 26: 'kind' cannot follow here"),
        ("ls /etc | where (size > 1", "where: column 26: a ( has no )"),
        ("ls /etc | where size > x", "where: column 24: 'x' is not a size"),
        ("ls /etc | where mtime > noon", "where: column 25: 'noon' is neither a time nor an age"),
        ("ls /etc | where name =~ '['", "where: column 25: the expression '[' is malformed"),
        ("ls /etc | where and", "where: column 17: a field is missing"),
        ("ls /etc | grep '['", "grep: the pattern '[' has a [ without its ]"),
        ("ls /etc | jq '.['", "jq: the jq program is malformed"),
        ("ls /etc | frist", "did you mean first?"),
    ],
)
def test_bad_input_gets_one_line(console: Console, line: str, words: str) -> None:
    assert console.run(line) == ""
    assert console.status is ExitCode.USAGE
    assert words in console.error
    assert console.error.count("\n") == 1


def test_no_filter_writes_a_file_that_others_may_not_see(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.touch(0o600)
    result = ran(f"save --force {path}", Records([Pair("a", Size(1), None)], Pair))
    assert isinstance(result, Records)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "key,size,note\na,1,\n"
    with pytest.raises(HostError, match="--force"):
        ran(f"save {path}", blob(b"x"))
