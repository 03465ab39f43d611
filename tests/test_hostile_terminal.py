"""What an attacker's names and texts can do to the terminal that shows them: nothing."""

import os
import re
import subprocess
import threading
import unicodedata
from pathlib import Path

import pytest

from guestshell.commands import COMMANDS
from guestshell.output.formats import FORMATS
from tests.conftest import watch
from tests.e2e.terminal import GUESTCTL, Terminal
from tests.images.hostile import TITLE, hostile_image

pytestmark = pytest.mark.appliance

PATHS = ("/hostile", "/hostile/*", "/hostile/dir*")

LINES: dict[str, tuple[str, ...]] = {
    "alias": ("alias",),
    "autoruns": ("autoruns",),
    "cat": (
        "cat /hostile/*",
        "cat --color /hostile/*",
        "cat -n /hostile/markup*",
        "cat /etc/passwd",
    ),
    "cd": ("cd /hostile/dir*", "pwd", "ls -la", "cd *", "pwd", "cat nothing", "cd /"),
    "clear": (),
    "du": ("du /hostile", "du -a /hostile", "du -s /hostile/*"),
    "echo": (r'echo "\x1b]0;EVIL\x07" /hostile/*',),
    "events": ("events",),
    "exit": (),
    "file": ("file /hostile/*EVIL*",),
    "find": ("find /", "find /hostile -type f", "find / -name '*EVIL*'"),
    "grep": (
        "grep -rn EVIL /",
        "grep -rl EVIL /",
        "grep -n EVIL /hostile/*",
        "grep EVIL /etc/passwd",
    ),
    "hash": ("hash /hostile/*", "hash -r /hostile"),
    "head": ("head /hostile/LLL*", "head -c 40 /hostile/LLL*"),
    "help": ("help", "help ls"),
    "hexdump": ("hexdump /hostile/LLL*",),
    "history": ("history",),
    "index": ("index",),
    "less": ("less /etc/passwd",),
    "log": (),
    "logs": ("logs", "logs -u EVIL"),
    "ls": ("ls /hostile", "ls -la /hostile", "ls -la /hostile/*", "ls -d /hostile/*"),
    "modules": ("modules", "modules --installed"),
    "mount": ("mount /dev/evil /hostile/dir*",),
    "packages": ("packages", "packages --verify", "packages --file /usr/bin/E*"),
    "quit": (),
    "record": (),
    "registry": ("registry",),
    "save": ("save -r /hostile {out}", "save /hostile/* {out}"),
    "schema": (),
    "set": ("set",),
    "source": (),
    "stat": ("stat /hostile/*", "stat /etc/passwd"),
    "strings": ("strings /hostile/LLL*", "strings /etc/passwd"),
    "tail": ("tail /hostile/LLL*", "tail -n 3 /hostile/LLL*"),
    "time": ("time ls /hostile",),
    "tree": ("tree /hostile", "tree /etc"),
    "umount": ("umount /hostile/dir*",),
    "unalias": ("unalias nothing",),
    "unset": ("unset nothing",),
    "watch": (),
}
"""What is asked of a command; of any other its name alone is the line."""


def every_line(out: Path) -> list[str]:
    lines = []
    for name, declared in sorted(COMMANDS.items()):
        for line in LINES.get(name, (name,)):
            text = line.format(out=out) if "{out}" in line else line
            lines.append(text)
            if declared.row_type is not None and name != "save":
                lines += [f"{text} -o {form}" for form in FORMATS]
    return [*lines, "ls /hostile/*nothing*", "ls '/hostile/\x1b]0;EVIL\x07'", "cat /hostile | nope"]


def shown(arguments: list[str], lines: list[str]) -> tuple[bytes, bytes]:
    """Give what a program writes to a terminal, and what to standard error beside it."""
    ours, its = os.openpty()
    found: list[bytes] = []

    def read() -> None:
        try:
            while block := os.read(ours, 65536):
                found.append(block)
        except OSError:  # the terminal's other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    done = subprocess.run(
        arguments,
        input="\n".join(lines).encode("utf-8", "surrogateescape"),
        stdout=its,
        stderr=subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1", "PAGER": "cat", "TERM": "xterm", "LESS": ""},
        check=False,
    )
    os.close(its)
    reader.join(10)
    os.close(ours)
    assert b"Traceback" not in done.stderr, done.stderr
    return b"".join(found), done.stderr


def harmful(output: bytes) -> list[str]:
    """Give what must not reach a terminal, each with what stands around it."""
    text = output.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return [
        f"{character!r} in {text[max(at - 40, 0) : at + 20]!r}"
        for at, character in enumerate(text)
        if character not in "\n\t"
        and (unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    ]


@pytest.fixture(scope="module")
def image() -> Path:
    return watch(hostile_image())


def test_every_command_is_asked() -> None:
    assert LINES.keys() <= COMMANDS.keys() | {"schema"}


def test_what_must_not_be_shown_would_be_found() -> None:
    assert harmful(b"ok \xe6\xbc\xa2\r\n\tfine") == []
    for bad in (
        b"\x1b",
        b"\r",
        b"\x07",
        b"\x7f",
        b"\xc2\x9b",
        b"\xff",
        b"\xe2\x80\xae",
        b"\xed\xa0\x80",
    ):
        assert harmful(b"x" + bad + b"x"), bad


@pytest.mark.parametrize("index", [False, True])
def test_no_command_lets_any_of_it_through(image: Path, tmp_path: Path, index: bool) -> None:
    options = [] if index else ["--no-index"]
    lines = every_line(tmp_path)
    output, errors = shown([GUESTCTL, "run", "--keep-going", *options, str(image)], lines)
    assert output.count(b"EVIL") > 1000
    assert harmful(output) == []
    assert harmful(errors) == []
    assert not re.search(rb"unexpected [A-Z]\w+:", errors), errors


def test_neither_do_the_prompt_the_menu_nor_the_history(image: Path) -> None:
    with Terminal("interactive", "--no-index", str(image), columns=120, lines=40) as terminal:
        terminal.wait_for("Found", 60)
        for keys in ("ls /hostile/\t\t", "cat /hostile/dir\t", "stat /hostile/link\t"):
            terminal.type(keys)
            terminal.settle(1.0)
            terminal.press("ctrl-c")
        terminal.type("cd /hostile/dir*\r")
        terminal.wait_for(":/hostile/dir")
        terminal.type("ls\r")
        terminal.settle(1.0)
        terminal.press("ctrl-r")
        terminal.type("hostile")
        terminal.settle(1.0)
        terminal.press("ctrl-c")
        terminal.type("users\r")
        terminal.settle(2.0)
        seen = terminal.seen
        assert terminal._screen.title == ""
    assert b"EVIL" in seen
    assert TITLE not in seen
    for piece in (b"\x1b[0;5m", b"\x1b]52", b"\x1b]8", b"\x1b[66;66r", b"\x1bPq", b"\x9b31m"):
        assert piece not in seen
    for character in "\u202e\u2066\u200b\ufeff\u2028":
        assert character.encode() not in seen
