"""What makes the prompt comfortable: completion of fields, recall, editor, paste, recording."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.appliance


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("comforts")


@pytest.fixture(scope="module")
def terminal(demo: Path, place: Path) -> Iterator[Terminal]:
    config = place / "config.toml"
    config.write_text(
        'prompt = "ev{path}> "\nstartup = ["set case 17"]\n[alias]\nbig = "where size > 1K"\n'
    )
    editor = place / "editor"
    editor.write_text("#!/bin/sh\nprintf 'echo from the editor' > \"$1\"\n")
    editor.chmod(0o755)
    environment = {
        "GUESTCTL_CONFIG": str(config),
        "XDG_STATE_HOME": str(place),
        "EDITOR": str(editor),
        "PAGER": "less",
    }
    with Terminal("interactive", str(demo), environment=environment) as opened:
        opened.wait_for("appliance ready", 90)
        yield opened


@pytest.fixture
def ready(terminal: Terminal) -> Terminal:
    terminal.press("ctrl-u")
    terminal.run("clear")
    terminal.settle()
    return terminal


def last_prompt(terminal: Terminal) -> str:
    return [line for line in terminal.settle().splitlines() if line.startswith("ev")][-1]


def test_the_configuration_holds(ready: Terminal) -> None:
    ready.run("echo case $case")
    ready.wait_for("\ncase 17\n")
    ready.run("ls -d /var/log/*log | big | count")
    ready.wait_for("\n4\n")


def test_fields_complete_after_where_without_a_run(ready: Terminal) -> None:
    ready.type("packages | select name size as bytes | sort -by")
    ready.press("tab")
    ready.wait_for("| sort -bytes")
    ready.press("ctrl-u")
    ready.type("ls / | where mti")
    ready.press("tab")
    ready.wait_for("ls / | where mtime")
    ready.settle()
    ready.type("> 1d a")
    ready.press("tab")
    ready.wait_for("where mtime > 1d and")
    ready.press("ctrl-u")


def test_the_history_is_recalled_and_kept_expanded(ready: Terminal) -> None:
    ready.run("echo one")
    ready.wait_for("\none\n")
    ready.run("!!")
    ready.wait_for("\necho one\none\n")
    ready.press("up")
    assert last_prompt(ready) == "ev> echo one"
    ready.press("ctrl-u")
    ready.run("history 1")
    ready.wait_for("history 1\n")


def test_a_reference_to_the_history_is_resolved_once(ready: Terminal) -> None:
    for word in ("alpha", "beta", "gamma"):
        ready.run(f"echo {word}")
        ready.wait_for(f"\n{word}\n")
    ready.run("!-2 | count")
    ready.wait_for("\necho beta | count\n1\n")
    ready.press("up")
    assert last_prompt(ready) == "ev> echo beta | count"
    ready.press("ctrl-u")


def test_a_program_that_stands_alone_has_the_terminal(ready: Terminal) -> None:
    ready.run("!sh -c 'read answer; echo got $answer'")
    ready.settle(1.0)
    ready.type("typed by hand")
    ready.wait_for("\ntyped by hand")
    ready.press("enter")
    ready.wait_for("\ngot typed by hand\n")
    assert "sh…" not in ready.everything


def test_source_leaves_no_spinner_behind(ready: Terminal, place: Path) -> None:
    (place / "script").write_text("!sleep 1\necho sourced\n")
    ready.run(f"source {place}/script")
    ready.wait_for("\nsourced\n")
    ready.settle(1.0)
    assert "source…" not in ready.text
    assert last_prompt(ready) == "ev>"


def test_f1_explains_the_word_under_the_cursor(ready: Terminal) -> None:
    ready.type("ls / | where")
    ready.child.send("\x1bOP")
    ready.wait_for("Keep the rows for which a condition holds.")
    ready.type("q")
    ready.wait_for("ls / | where")
    ready.press("ctrl-u")


def test_the_editor_opens_on_the_line(ready: Terminal) -> None:
    ready.type("echo draft")
    ready.child.send("\x18\x05")
    ready.wait_for("echo from the editor")
    ready.press("enter")
    ready.wait_for("\nfrom the editor\n")


def test_a_paste_of_several_lines_asks_first(ready: Terminal) -> None:
    ready.child.send("\x1b[200~echo first\necho second\x1b[201~")
    ready.settle()
    ready.press("enter")
    ready.wait_for("Run these 2 lines? [y/N]")
    ready.type("n")
    ready.press("enter")
    assert "\nfirst\n" not in ready.settle()
    ready.child.send("\x1b[200~echo first\necho second\x1b[201~")
    ready.settle()
    ready.press("enter")
    ready.wait_for("Run these 2 lines? [y/N]")
    ready.type("y")
    ready.press("enter")
    ready.wait_for("\nfirst\n")
    ready.wait_for("\nsecond\n")


def test_vi_keys(ready: Terminal) -> None:
    ready.run("set editing vi")
    ready.type("echo abc")
    ready.child.send("\x1b")
    time.sleep(0.7)
    ready.child.send("0x")
    ready.wait_for("ev> cho abc")
    time.sleep(0.7)
    ready.child.send("ddi")
    time.sleep(0.3)
    ready.run("set editing emacs")
    ready.settle()


def test_what_a_program_of_the_host_writes_is_made_safe(ready: Terminal) -> None:
    ready.run("ls /srv/names | !cat")
    ready.wait_for("\\x1b[31mred")
    assert b"\x1b[31mred" not in ready.seen
    ready.run("cat /srv/names/* | sha256sum")
    ready.wait_for("  -\n")


def test_ctrl_c_ends_a_pipe_and_gives_the_prompt_back(ready: Terminal) -> None:
    ready.run("cat /var/log/huge.log | sleep 60")
    time.sleep(1)
    ready.press("ctrl-c")
    ready.wait_for("Interrupted", 5)
    ready.run("watch -n 0.2 echo ticking $?")
    ready.wait_for("\nticking 0")
    time.sleep(0.3)
    ready.press("ctrl-c")
    ready.run("echo done $?")
    ready.wait_for("\ndone ")


def test_the_pager_of_a_recording_takes_its_keys(ready: Terminal, place: Path) -> None:
    cast = place / "lesson.cast"
    ready.run(f"record {cast}")
    ready.run("help")
    ready.wait_for("q leaves, h helps")
    ready.type("q")
    ready.run("echo recorded")
    ready.wait_for("\nrecorded\n")
    ready.run("record stop")
    ready.settle()
    header, *events = [json.loads(line) for line in cast.read_text().splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, 100, 30)
    screen = pyte.Screen(100, 30)
    pyte.Stream(screen).feed("".join(text for _, kind, text in events if kind == "o"))
    assert "recorded" in [line.rstrip() for line in screen.display]
    ready.run("echo after")
    ready.wait_for("\nafter\n")
    assert "after" not in cast.read_text()


def test_settings_are_kept(ready: Terminal, place: Path) -> None:
    ready.run("alias --save logs 'cd /var/log'")
    ready.run("set --save output table")
    ready.run("logs")
    ready.wait_for("ev:/var/log>")
    ready.run("cd")
    kept = (place / "config.toml").read_text()
    assert 'logs = "cd /var/log"' in kept
    assert kept.startswith('prompt = "ev{path}> "\n')
