"""Pipelines as they are typed, on the teaching image."""

import contextlib
import csv
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.commands.context import Leave
from guestshell.demo import story
from guestshell.errors import ExitCode
from guestshell.language.quoting import from_portable
from guestshell.values import encode_name
from tests.conftest import Console

pytestmark = pytest.mark.appliance


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_filters_and_programs_follow_each_other(console: Console) -> None:
    assert (
        console.lines("cat /etc/passwd | !sort | first 1")
        == sorted(story.TEXTS["/etc/passwd"].splitlines())[:1]
    )
    assert console.lines("cat /etc/passwd | cut -d: -f1 | sort | tail -n 1 | grep -v x")
    assert console.run("!printf 'b\\na\\n' | sort field") == ""
    assert "text has no fields to sort by (| !sort runs the host's)" in console.error
    assert console.run("!printf 'b\\na\\n' | !sort") == "a\nb\n"
    assert console.run("ls /etc | sort -size | select name | first 1 -o jsonl | jq -r .name")


def test_binary_passes_untouched(console: Console) -> None:
    data, _ = story.PROGRAMS["/usr/bin/bash"]
    digest = hashlib.sha256(data).hexdigest()
    assert console.run("cat --raw /usr/bin/bash | sha256sum") == f"{digest}  -\n"
    console.run("cat /usr/bin/bash > bash; cat /usr/bin/bash >> bash")
    assert Path("bash").read_bytes() == data * 2


def test_early_exit_stops_the_walk(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0
    original = Guest.walk_names

    def counted(self: Guest, *arguments: object, **options: object):  # type: ignore[no-untyped-def]
        nonlocal seen
        for row in original(self, *arguments, **options):  # type: ignore[arg-type]
            seen += 1
            yield row

    monkeypatch.setattr(Guest, "walk_names", counted)
    assert console.run("find / | head -n 1") == "/\n"
    assert int(console.status) == ExitCode.DONE
    everything = int(console.run("find / | !wc -l"))
    assert seen < 2 * everything
    seen = 0
    assert console.lines("find / | first 2") == ["/", "/bin"]
    assert seen <= 2


def test_statuses(console: Console) -> None:
    console.run("cat /etc/hostname | !grep -q nothing")
    assert int(console.status) == ExitCode.FAILED
    assert console.error == "grep ended with status 1\n"
    console.session.by_hand = True
    assert console.run("!sh -c 'exit 7'; echo $?") == "7\n"
    assert console.run("cat /nope; echo $?") == "1\n"
    assert console.run("cat --nope; echo $?") == "2\n"
    assert console.run("cat /nope | !wc -l") == "0\n"
    assert int(console.status) == ExitCode.FAILED, "a stage before the last failed"


def test_a_script_line_stops_at_an_error_unless_it_may_fail(console: Console) -> None:
    assert console.run("cat /nope; pwd") == ""
    assert int(console.status) == ExitCode.FAILED
    assert console.run("-cat /nope; pwd") == "/\n"
    assert int(console.status) == ExitCode.DONE
    assert "no such file" in console.error


def test_redirects(console: Console) -> None:
    console.run("ls -l /etc > etc.csv")
    rows = list(csv.DictReader(Path("etc.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == console.lines("ls /etc")
    console.run("ls /etc > etc.csv")
    assert int(console.status) == ExitCode.FAILED
    assert "exists already (>| overwrites it, >> appends to it)" in console.error
    console.run("ls /home >| etc.csv")
    console.run("ls /etc >> etc.csv")
    rows = list(csv.DictReader(Path("etc.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == console.lines("ls /home") + console.lines("ls /etc")
    console.run("ls /etc -o json > etc.csv2")
    assert [row["name"] for row in json.loads(Path("etc.csv2").read_text())] == console.lines(
        "ls /etc"
    )
    for ending, text in {
        ".txt": "hosts\n",
        ".jsonl": '"name": "hosts"',
        ".yaml": "name: hosts",
    }.items():
        console.run(f"ls /etc > x{ending}")
        assert text in Path(f"x{ending}").read_text()
    console.run("ls /etc >> etc.json")
    assert int(console.status) == ExitCode.USAGE
    assert "cannot be appended to" in console.error
    assert not Path("etc.json").exists()
    console.run("cat /nope > nothing")
    assert not Path("nothing").exists() or Path("nothing").read_bytes() == b""
    console.run("cat /etc/hostname > /dev/full")
    assert "no space left" in console.error
    assert sorted(p.name for p in Path().iterdir() if p.name.startswith(".")) == []


def test_nothing_typed_writes_into_the_guest(console: Console) -> None:
    console.run("pwd > etc/hostname")
    assert "this host has no such directory" in console.error
    assert console.run("cat /etc/hostname") == story.TEXTS["/etc/hostname"]


def test_find_gives_whole_rows_where_more_than_paths_is_wanted(console: Console) -> None:
    console.run("find /var -type f | sort -size | first 10 > largest.csv")
    rows = list(csv.DictReader(Path("largest.csv").read_text().splitlines()))
    sizes = [int(row["size"]) for row in rows]
    assert rows[0]["path"] == "/var/log/huge.log"
    assert sizes == sorted(sizes, reverse=True)
    assert json.loads(console.run("find /etc/hostname -o json"))[0]["size"] == len(
        story.TEXTS["/etc/hostname"]
    )


def test_the_default_format_is_a_setting(console: Console) -> None:
    console.session.settings.set("output", "jsonl")
    assert json.loads(console.run("ls -d /etc"))["kind"] == "directory"
    assert json.loads(console.run("ls -d /etc | !cat"))["kind"] == "directory"
    assert json.loads(console.run("find /etc/hostname"))["size"] > 0
    assert console.run("ls -d /etc -o table") == "/etc\n"


# -- wildcards ---------------------------------------------------------------------------------


GLOBS = [
    "/etc/*", "/etc/*.d", "/etc/h*", "/home/*/*", "/home/*/.*", "/e[st]c/host?", "/etc/[!a-m]*",
    "/{etc,home}/{alice,hosts,hostname}", "/srv/names/*", "/bin/*", "/var/*/../log/*", "/*/s*/*",
    "/etc/./h*", "/srv/names/'with space.txt'", "/srv/n*/with\\ *",
]  # fmt: skip


@pytest.mark.parametrize("pattern", GLOBS)
def test_wildcards_are_bashs(console: Console, staged: Path, pattern: str) -> None:
    # bash keeps what comes of braces though nothing has that name
    command = (
        f'shopt -s nullglob; for f in .{pattern}; do [ -e "$f" ] && printf \'%s\\0\' "$f"; done'
    )
    if "{" in pattern:
        command = command.replace(".{", "./{")
    done = subprocess.run(["bash", "-c", command], cwd=staged, capture_output=True, check=False)
    names = {os.path.normpath(name[1:]) for name in done.stdout.split(b"\0") if name}
    expected = {name for name in names if name.rpartition(b"/")[2] not in (b".", b"..")}
    rows = map(json.loads, console.lines(f"-ls -d {pattern} -o jsonl"))
    found = {encode_name(os.path.normpath(from_portable(row["path"]))) for row in rows}
    assert found - {b"/lost+found"} == expected
    assert found


def test_wildcards_only_in_paths_of_the_guest(console: Console) -> None:
    console.run("cd /etc")
    assert console.run("echo *.conf {a,b}") == "*.conf {a,b}\n"
    assert console.lines("find /etc -name host*") == ["/etc/hostname", "/etc/hosts"]
    assert console.lines("ls -d host*") == ["/etc/hostname", "/etc/hosts"]
    assert console.lines("grep -l web01 host*") == ["/etc/hostname", "/etc/hosts"]
    assert console.run("cat 'host*'") == ""
    assert "'/etc/host*': no such file" in console.error
    console.run("cat nothing*")
    assert int(console.status) == ExitCode.FAILED
    assert "nothing has a name that fits" in console.error
    console.run("cd host*")
    assert int(console.status) == ExitCode.USAGE
    assert console.lines("ls -d /**/hosts") == ["/etc/hosts"]
    console.run("cd /srv/names")
    assert console.run("cat *rf") == story.TEXTS["/srv/names/-rf"]


# -- what a session keeps --------------------------------------------------------------------------


def test_variables_and_aliases(console: Console) -> None:
    console.run("set place /etc; set word host")
    assert console.run("cat $place/${word}name") == story.TEXTS["/etc/hostname"]
    assert console.run("echo '$place' \"$place\" \\$place") == "$place /etc $place\n"
    console.run("alias big 'where size > 1K'; alias etc 'ls -l /etc'")
    assert console.run("etc | big | count") == console.run("ls -l /etc | where size > 1K | count")
    console.run("alias ls 'ls -d'")
    assert console.run("ls /etc") == "/etc\n", "an alias may name the command it stands for"
    assert console.run(r"\ls /etc | first 1") == "adjtime\n"
    console.run("alias a b; alias b a; a")
    assert "no such command" in console.error


def test_source(console: Console) -> None:
    Path("script").write_text(
        "# look\npwd\n-cat /nope\ncat /etc/hostname \\\n  /etc/hostname\ncat /nope\npwd\n"
    )
    assert console.run("source script") == "/\n" + 2 * story.TEXTS["/etc/hostname"]
    assert int(console.status) == ExitCode.FAILED
    assert "script:3: cat: /nope: no such file" in console.error
    assert "script:6: cat: /nope: no such file" in console.error
    Path("loop").write_text("source loop\n")
    console.run("source loop")
    assert "nested too deeply" in console.error
    assert console.error.count("\n") == 1


def test_history_is_recalled(console: Console) -> None:
    console.session.context.history = lambda: ["ls -d /etc", "pwd", "cat /etc/hostname"]
    assert console.run("!2") == "/\n"
    assert console.error == "pwd\n"
    assert console.run("!!") == story.TEXTS["/etc/hostname"]
    assert console.run("!ls") == "/etc\n"
    assert console.run("!-3 | count") == "1\n"


def test_time_and_watch(console: Console) -> None:
    assert console.run("time ls -d /etc | count") == "1\n"
    assert console.error.endswith(" s\n")
    assert console.lines("watch -n 0.1 -c 3 ls -d /etc | count") == ["1", "1", "1"]
    console.run("time")
    assert int(console.status) == ExitCode.USAGE
    console.run("time cat /nope")
    assert int(console.status) == ExitCode.FAILED
    assert console.run("time watch -n 0.1 -c 1 pwd") == "/\n"


def test_an_evidence_log(console: Console, demo: Path) -> None:
    console.run("log start log.jsonl")
    console.run("cat /etc/hostname > out; head -c 3 /etc/passwd | !cat")
    console.run("save /etc/hosts saved")
    console.run("cat /nope")
    console.run("log stop")
    console.run("pwd")
    header, *lines = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
    assert header["images"][0]["path"] == str(demo.resolve())
    assert header["images"][0]["size"] == demo.stat().st_size
    assert set(header["versions"]) == {"guestctl", "libguestfs", "python", "host"}
    typed = [line["line"] for line in lines if line["type"] == "line"]
    assert typed[:2] == [
        "log start log.jsonl",
        "cat /etc/hostname > out; head -c 3 /etc/passwd | !cat",
    ]
    hostname, passwd = lines[1]["streams"]
    text = story.TEXTS["/etc/hostname"].encode()
    assert hostname == {
        "offset": 0,
        "path": "/etc/hostname", "size": len(text), "complete": True,
        "sha256": hashlib.sha256(text).hexdigest(),
    }  # fmt: skip
    assert passwd["size"] == 3
    assert lines[2]["streams"][0]["path"] == "/etc/hosts"
    assert lines[3]["status"] == 1
    assert lines[3]["cwd"] == "/"


@pytest.mark.parametrize(
    "line",
    [
        "pwd >| {image}",
        "pwd >> {image}",
        "pwd >> link.img",
        "pwd >| link.img",
        "pwd | save --force {image}",
        "pwd | tee --force {image}",
        "save --force /etc/hostname {image}",
        "save --force /etc/hostname link.img",
        "log start {image}",
    ],
)
def test_nothing_typed_overwrites_the_image(console: Console, demo: Path, line: str) -> None:
    before = (demo.stat().st_size, demo.stat().st_mtime_ns, demo.stat().st_ino)
    Path("link.img").symlink_to(demo)
    console.run(line.format(image=demo))
    assert int(console.status) == ExitCode.FAILED, console.error
    assert "is the image that is open" in console.error
    assert (demo.stat().st_size, demo.stat().st_mtime_ns, demo.stat().st_ino) == before


def test_help_goes_through_the_pipe(console: Console) -> None:
    assert "--reverse" in console.run("ls --help | grep reverse")
    assert console.lines("ls --help | count") == console.lines("help ls | count")


def test_aliases_stand_wherever_a_command_does(console: Console) -> None:
    console.run("alias ll='ls -d'; alias big='where size >= 0'")
    assert console.run("ll /etc; ll /home") == "/etc\n/home\n"
    assert console.run("time ll /etc | big | count") == "1\n"
    assert console.run("set case=/etc; ll $case") == "/etc\n"


def test_a_line_may_stand_behind_time(console: Console) -> None:
    console.run("time !true")
    assert int(console.status) == ExitCode.DONE
    assert console.run("time echo hi > out; !true") == ""
    assert Path("out").read_text() == "hi\n"


def test_a_program_behind_a_stage_without_output_reads_nothing(console: Console) -> None:
    assert console.run("cd /etc | !cat") == ""
    assert int(console.status) == ExitCode.DONE


def test_a_program_that_leaves_a_child_behind_does_not_hold_the_line(console: Console) -> None:
    started = time.monotonic()
    assert console.run("pwd | !sh -c 'sleep 5 & cat'") == "/\n"
    assert time.monotonic() - started < 3


def test_source_keeps_going_and_says_how_it_ended(console: Console) -> None:
    Path("script").write_text("cat /nope\necho second\n")
    console.session.keeps_going = True
    assert console.run("source script") == "second\n"
    assert int(console.status) == ExitCode.FAILED
    console.session.keeps_going = False
    console.session.by_hand = True
    Path("script").write_text("cat /nope; echo behind\n")
    assert console.run("source script") == "", "a script stops, also when a person reads it"
    assert console.run("cat /nope; echo behind") == "behind\n"
    console.run("source nothing")
    assert console.error == "source: nothing: no such file or directory\n"


def test_an_incomplete_file_is_none(console: Console) -> None:
    console.run("cat /etc/hostname /nope > out")
    assert int(console.status) == ExitCode.FAILED
    assert not Path("out").exists()
    console.run("cat /etc/hostname /nope | tee out")
    assert not Path("out").exists()
    console.run("find / | tee rows.json | first 2")
    assert "a JSON document cannot end early" in console.error
    assert not Path("rows.json").exists()
    console.run("ls / | tee rows.json | count")
    assert json.loads(Path("rows.json").read_text())
    console.run("find / -name zzz >> rows.yaml; ls -d /etc >> rows.yaml")
    assert Path("rows.yaml").read_text().startswith("- path: /etc\n")
    console.run("df > df.csv; ls / >> df.csv")
    assert "has other columns" in console.error


def test_each_finisher_runs_whatever_another_does(console: Console) -> None:
    console.run("ls / | tee t1 | !sh -c 'cat; touch t1' | tee t2")
    assert "t1: exists by now" in console.error
    assert [path.name for path in Path().glob(".guestctl*")] == []


def test_a_format_for_text_is_refused(console: Console) -> None:
    console.run("cat /etc/passwd | first 1 -o json")
    assert "-o is for rows" in console.error
    console.run("set output=json")
    assert console.run("set suggest no") == ""


def test_numbers_below_zero_and_fields_of_a_letter(console: Console) -> None:
    assert int(console.run("users | where uid > -1 | count")) > 5
    assert console.run("ls / | select name as s | sort -s | first 1") == "S\nvar\n"


def test_a_slash_behind_a_wildcard_asks_for_directories(console: Console) -> None:
    assert "/etc/hosts" not in console.lines("ls -d /etc/*/")
    assert console.lines("ls -d /e*/") == ["/etc"]
    assert console.lines("ls -d /**/**/hosts") == ["/etc/hosts"]


def test_what_was_read_out_is_what_the_log_says(console: Console) -> None:
    console.session.context.history = lambda: ["head -c 3 /etc/passwd"]
    console.run("log start log.jsonl")
    for line in ("head -n 1 /etc/passwd", "tail -c 5 /etc/passwd", "!!", "grep '' /etc/hostname",
                 "cat /nope", "hexdump -n 4 /etc/passwd", "exit"):  # fmt: skip
        with contextlib.suppress(Leave):
            console.run(line)
    console.run("log stop")
    entries = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
    by_line = {entry["line"]: entry for entry in entries if entry["type"] == "line"}
    text = story.TEXTS["/etc/passwd"].encode()
    [first] = by_line["head -n 1 /etc/passwd"]["streams"]
    assert (first["offset"], first["size"], first["complete"]) == (0, text.index(b"\n") + 1, False)
    [last] = by_line["tail -c 5 /etc/passwd"]["streams"]
    assert (last["offset"], last["size"]) == (len(text) - 5, 5)
    assert last["sha256"] == hashlib.sha256(text[-5:]).hexdigest()
    assert by_line["!!"]["executed"] == "head -c 3 /etc/passwd"
    assert by_line["grep '' /etc/hostname"]["streams"][0]["complete"] is True
    assert by_line["cat /nope"]["streams"] == []
    assert by_line["hexdump -n 4 /etc/passwd"]["streams"][0]["size"] == 4
    assert by_line["exit"]["status"] == 0


def test_a_log_of_very_many_streams(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guestshell.line_log._STREAMS_AN_ENTRY", 2)
    console.run("log start log.jsonl; cat /etc/host* /etc/passwd > out; log stop")
    console.run("log start log2.jsonl")
    console.run("cat /etc/hostname /etc/hosts /etc/passwd > out2")
    console.run("log stop")
    entries = [json.loads(line) for line in Path("log2.jsonl").read_text().splitlines()]
    mine = [entry for entry in entries if entry.get("line", "").startswith("cat")]
    assert [len(entry["streams"]) for entry in mine] == [2, 1]
