import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.accounts.history_formats import (
    Parser,
    Typed,
    parse_fish,
    parse_lines,
    parse_powershell,
    parse_psql,
    parse_zsh,
)
from guestshell.guest.facts.accounts.shell_history import read_shell_history
from guestshell.values import Timestamp, encode_name
from tests.guest.facts.host_tree import make_tree

AT = 1_773_455_000


def at(seconds: int) -> Timestamp:
    return Timestamp((AT + seconds) * 10**9)


def run(*words: str, **environment: str) -> bytes:
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} here")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment}
    done = subprocess.run(words, env=environment, capture_output=True, check=True)
    return done.stdout


def test_bash_reads_the_same(tmp_path: Path) -> None:
    data = f'#{AT}\nls -l\n#{AT + 3}\n#{AT + 5}\necho "a  b" # x\n#{AT + 9}\n#no time\n'.encode()
    (tmp_path / "h").write_bytes(data)
    script = f"set -o history; history -c; history -r {tmp_path}/h; HISTTIMEFORMAT='%s '; history"
    lines = run("bash", "--norc", "-c", script).decode().splitlines()
    asked = [(int(line.split()[1]), line.split(" ", 5)[-1]) for line in lines]
    typed = list(parse_lines(data))
    assert [(t.time and t.time // 10**9, t.command) for t in typed] == [
        (AT, "ls -l"), (AT + 5, 'echo "a  b" # x'), (AT + 9, "#no time"),
    ]  # fmt: skip
    assert [time for time, _ in asked] == [t.time // 10**9 for t in typed if t.time]
    assert all(line.endswith(t.command) for line, t in zip(lines, typed, strict=True))


def test_zsh_writes_so(tmp_path: Path) -> None:
    commands = [
        "echo plain", "echo café ã 日本語", "for i in 1 2\ndo echo $i\ndone", "echo back\\",
        "echo back \\ ", "x \udc83\udca2 end", ": 12:0;fake",
    ]  # fmt: skip
    for number, command in enumerate(commands):
        (tmp_path / f"c{number}").write_bytes(encode_name(command))
    script = (
        f"cd {tmp_path}; HISTFILE=h HISTSIZE=99 SAVEHIST=99; setopt extendedhistory; "
        'for f in c*; do print -rs -- "$(<$f)"; done; fc -W'
    )
    run("zsh", "-f", "-i", "-c", script, HOME=str(tmp_path), TERM="dumb")
    typed = list(parse_zsh((tmp_path / "h").read_bytes()))
    assert [t.command for t in typed] == commands
    assert [t.line for t in typed] == [1, 2, 3, 6, 7, 8, 9]
    assert all(t.time and t.time > at(0) for t in typed)


def test_fish_reads_the_same(tmp_path: Path) -> None:
    data = (
        f"- cmd: echo one\\\\ntwo\n  when: {AT}\n"
        f"- cmd: for i in 1\\necho $i\\nend\n  when: {AT + 1}\n"
        f"  paths:\n    - b\n- cmd: echo café\n  when: {AT + 2}\n"
    ).encode()
    (tmp_path / "fish").mkdir()
    (tmp_path / "fish/fish_history").write_bytes(data)
    place = str(tmp_path)
    output = run(
        "fish", "-c", "history search --reverse --null --show-time='%s '",
        HOME=place, XDG_DATA_HOME=place,
    )  # fmt: skip
    asked = output.decode().rstrip("\0\n").split("\0")
    typed = list(parse_fish(data))
    assert [f"{t.time // 10**9} {t.command}" for t in typed if t.time] == asked
    assert [t.line for t in typed] == [1, 3, 7]


def texts(parse: Parser, data: bytes) -> list[tuple[int, str]]:
    return [(typed.line, typed.command) for typed in parse(data)]


def test_other_formats() -> None:
    assert list(parse_lines(f"#+{AT}\nls\nls\n".encode())) == [
        Typed(2, "ls", at(0)), Typed(3, "ls"),
    ]  # fmt: skip
    editline = b"_HiStOrY_V2_\nselect\\0401;\nshow\\040caf\\303\\251;\n"
    assert texts(parse_lines, editline) == [(2, "select 1;"), (3, "show café;")]
    assert texts(parse_lines, b"\x81\x01ls -l\n\0\0for i\ndone\n\0") == [
        (1, "ls -l"),
        (2, "for i\ndone"),
    ]
    assert texts(parse_psql, b"select 1;\nselect\x01 2;\n") == [
        (1, "select 1;"),
        (2, "select\n 2;"),
    ]
    powershell = b"\xef\xbb\xbfGet-Date\r\nGet-Item `\r\n  x\r\nexit"
    assert texts(parse_powershell, powershell) == [
        (1, "Get-Date"),
        (2, "Get-Item \n  x"),
        (4, "exit"),
    ]
    assert texts(parse_zsh, b"plain\n: 1:0;cut\\") == [(1, "plain"), (2, "cut")]
    assert texts(parse_lines, b"\0\0\0ls\0\n\n\0\n \nid") == [(1, "ls"), (5, "id")]
    assert texts(parse_fish, b"- cmd: a\n  when: x\njunk\n- cmd: \n") == [(1, "a"), (4, "")]


PASSWD = """root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/alice:/bin/bash
www:x:33:33::/var/www:/bin/false
"""


def test_every_home_is_read(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": PASSWD,
            "/root/.bash_history": f"#{AT}\nid\n",
            "/root/.bash_history-01234.tmp": "left over\n",
            "/root/.lesshst": "not a shell's\n",
            "/home/alice/.zsh_history": f": {AT}:0;ls\n",
            "/home/alice/.local/share/fish/fish_history": f"- cmd: pwd\n  when: {AT}\n",
            "/home/alice/.psql_history": "\\d\n",
            "/home/alice/.python_history": "1 + 1\n",
            "/var/www/.bash_history": "whoami\ncaf\udce9\n",
            "/home/gone/.ash_history": "uname\n",
        },
    )
    rows = list(read_shell_history(tree))
    gone = str((tmp_path / "home/gone").stat().st_uid)
    assert [(row.user, row.program, row.time, row.command) for row in rows] == [
        ("root", "bash", at(0), "id"),
        ("root", "bash", None, "left over"),
        ("alice", "psql", None, "\\d"),
        ("alice", "python", None, "1 + 1"),
        ("alice", "zsh", at(0), "ls"),
        ("alice", "fish", at(0), "pwd"),
        ("www", "bash", None, "whoami"),
        ("www", "bash", None, "caf\udce9"),
        (gone, "ash", None, "uname"),
    ]
    assert (rows[0].file, rows[0].line) == ("/root/.bash_history", 2)
    assert list(read_shell_history(tree, "alice")) == list(read_shell_history(tree, "1000"))
    assert len(list(read_shell_history(tree, "alice"))) == 4
    assert tree.warnings == []


def test_a_history_kept_nowhere_is_said(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": PASSWD,
            "/root/.bash_history": "-> /dev/null",
            "/root/.zsh_history": "-> .zsh_history",
            "/root/.sh_history": "-> .real",
            "/root/.real": "ls\n",
        },
    )
    assert [row.command for row in read_shell_history(tree)] == ["ls"]
    assert tree.warnings == [
        "/root/.bash_history: leads to /dev/null, so nothing was kept",
        "/root/.zsh_history: too many levels of symbolic links",
    ]


@given(st.binary(max_size=300), st.sampled_from([b"", b"_HiStOrY_V2_\n", b"\x81\x01"]))
def test_no_bytes_make_the_parsers_fail(data: bytes, start: bytes) -> None:
    for parse in (parse_lines, parse_zsh, parse_fish, parse_psql, parse_powershell):
        lines = [typed.line for typed in parse(start + data)]
        assert lines == sorted(lines)
