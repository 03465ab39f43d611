import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pyte
import pytest

from tests.e2e.terminal import Terminal

_HEAD = """\
import os, subprocess, sys, threading, time
from pathlib import Path
from guestshell.errors import HostError
from guestshell.shell import recording
from guestshell.shell.recording import Recording
cast = Path(sys.argv[1])
"""


def child(directory: Path, script: str) -> list[str]:
    """Give the arguments of a Python that runs a script; `cast` is its recording."""
    path = directory / "child.py"
    path.write_text(_HEAD + textwrap.dedent(script))
    return [str(path), str(directory / "session.cast")]


def shown(directory: Path, script: str) -> Terminal:
    """Run a script in a terminal to its end."""
    with Terminal(*child(directory, script), program=sys.executable) as terminal:
        assert terminal.wait_exit() == 0, terminal.everything
        return terminal


def parsed(directory: Path) -> tuple[dict[str, Any], list[tuple[float, str, str]]]:
    """Give the header and events of a recording, once they are found to be valid."""
    data = (directory / "session.cast").read_bytes()
    assert data.endswith(b"\n")
    header, *events = [json.loads(line) for line in data.splitlines()]
    assert header["version"] == 2
    times = [time for time, _, _ in events]
    assert times == sorted(times)
    assert all(time >= 0 and kind in ("o", "r") and text for time, kind, text in events)
    return header, events


def output(directory: Path) -> str:
    return "".join(text for _, kind, text in parsed(directory)[1] if kind == "o")


def replayed(directory: Path) -> str:
    """Give the screen that a player ends with."""
    header, events = parsed(directory)
    screen = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(screen)
    for _, kind, text in events:
        if kind == "o":
            stream.feed(text)
        else:
            columns, lines = map(int, text.split("x"))
            screen.resize(lines, columns)
    return "\n".join(line.rstrip() for line in screen.display).rstrip()


def test_what_is_shown_is_recorded_and_nothing_is_left(tmp_path: Path) -> None:
    terminal = shown(
        tmp_path,
        r"""
        before = sorted(os.listdir("/proc/self/fd"))
        record = Recording(cast)
        with record:
            print("plain \x1b[1;31mred\x1b[0m, wide 日本, odd \x1b[5Gover", flush=True)
            for byte in "é…😀\n".encode():
                os.write(1, bytes([byte]))
                time.sleep(0.02)
            os.write(1, b"broken \xff\xfe utf-8\n")
            print("an error", file=sys.stderr)
            subprocess.run(["sh", "-c", "echo from a child; echo and its error >&2"], check=True)
            sys.stdout.write("not flushed")
        record.stop()
        left = sorted(os.listdir("/proc/self/fd")) == before, threading.active_count()
        print("", record.failure, *left, "after", flush=True)
        """,
    )
    after = " True 1 after"
    assert terminal.text == f"{replayed(tmp_path)} {after}"
    seen = terminal.seen.replace(b"\r\r\n", b"\r\n").decode(errors="replace")
    assert seen == f"{output(tmp_path)} {after}\r\n"
    assert "é…😀\r\nbroken \ufffd\ufffd utf-8" in output(tmp_path)
    assert "an error\r\nfrom a child\r\nand its error\r\nnot flushed" in output(tmp_path)
    header, _ = parsed(tmp_path)
    assert (header["width"], header["height"]) == (100, 30)
    assert header["env"]["TERM"] == "xterm-256color"
    assert abs(header["timestamp"] - (tmp_path / "session.cast").stat().st_mtime) < 60
    assert (tmp_path / "session.cast").stat().st_mode & 0o777 == 0o600


def test_a_resize_is_followed_told_and_recorded(tmp_path: Path) -> None:
    script = r"""
        import signal
        sizes = []
        signal.signal(signal.SIGWINCH, lambda *_: sizes.append(tuple(os.get_terminal_size())))
        with Recording(cast):
            print("ready", flush=True)
            while (60, 40) not in sizes:
                time.sleep(0.01)
            print("-" * os.get_terminal_size().columns + "told", flush=True)
        """
    with Terminal(*child(tmp_path, script), program=sys.executable) as terminal:
        terminal.wait_for("ready")
        terminal.resize(60, 40)
        terminal.wait_for("told")
        assert terminal.wait_exit() == 0
        assert terminal.text == replayed(tmp_path)
    _, events = parsed(tmp_path)
    assert [text for _, kind, text in events if kind == "r"] == ["60x40"]


def test_what_cannot_be_recorded_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    terminal = shown(
        tmp_path,
        r"""
        before = sorted(os.listdir("/proc/self/fd"))
        def refused(path):
            try:
                Recording(path).start()
            except HostError as error:
                print(error, flush=True)
        os.chdir(cast.parent)
        refused(Path("there"))
        refused(Path("missing/file"))
        recording._create = lambda path: os.open("/dev/full", os.O_WRONLY)
        refused(Path("new"))
        print(sorted(os.listdir("/proc/self/fd")) == before, threading.active_count(), flush=True)
        """,
    )
    assert terminal.text.splitlines() == [
        "there: exists already (name a file that does not exist yet)",
        "missing/file: no such file or directory",
        "new: no space left on device",
        "True 1",
    ]
    assert (tmp_path / "there").read_text() == "old"


def test_without_a_terminal_there_is_nothing_to_record(tmp_path: Path) -> None:
    script = r"""
        try:
            Recording(cast).start()
        except HostError as error:
            print(error)
        print(cast.exists())
        """
    done = subprocess.run(
        [sys.executable, *child(tmp_path, script)], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == (
        "there is no terminal to record (standard output must go to one)\nFalse\n"
    )


def test_a_full_disk_ends_the_recording_and_not_the_session(tmp_path: Path) -> None:
    terminal = shown(
        tmp_path,
        r"""
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        os.chdir(cast.parent)
        record = Recording(Path(cast.name))
        with record:
            print("kept", flush=True)
            time.sleep(0.1)
            for number in range(40):
                print("line", number, "x" * 80, flush=True)
            time.sleep(0.1)
            print("still shown:", record.failure, flush=True)
        print("end", flush=True)
        """,
    )
    assert "still shown: session.cast: file too large\nend" in terminal.text
    assert all(f"line {number} x" in terminal.everything for number in range(40))
    assert output(tmp_path).startswith("kept\r\n")
    assert "still shown" not in output(tmp_path)


def test_a_child_that_writes_on_does_not_hold_the_end_up(tmp_path: Path) -> None:
    script = r"""
        with Recording(cast):
            child = subprocess.Popen(["yes"], stderr=subprocess.DEVNULL)
            time.sleep(0.1)
        print("ended", child.wait(), flush=True)
        """
    with Terminal(*child(tmp_path, script), program=sys.executable) as terminal:
        terminal.wait_for("ended 1", 30)
        assert terminal.wait_exit() == 0
    assert output(tmp_path).startswith("y\r\ny\r\n")


@pytest.mark.skipif(shutil.which("less") is None, reason="needs less")
def test_a_pager_with_standard_input_for_its_errors_takes_keys(tmp_path: Path) -> None:
    script = r"""
        with Recording(cast):
            less = subprocess.Popen(["less"], stdin=subprocess.PIPE, stderr=sys.stdin, text=True)
            less.communicate("".join(f"row {number}\n" for number in range(200)))
            print("left", flush=True)
        """
    with Terminal(*child(tmp_path, script), program=sys.executable) as terminal:
        terminal.wait_for("row 20", 10)
        terminal.type("G")
        terminal.wait_for("row 199", 10)
        terminal.type("q")
        terminal.wait_for("left", 10)
        assert terminal.wait_exit() == 0
    assert "row 199" in output(tmp_path)


def test_a_prompt_made_before_lives_through_it(tmp_path: Path) -> None:
    script = r"""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.output import create_output
        columns = lambda: f"{session.output.get_size().columns} columns"
        session = PromptSession(
            "> ", bottom_toolbar=columns, output=create_output(always_prefer_tty=True)
        )
        record = Recording(cast)
        while (line := session.prompt()) != "leave":
            print(f"<{line}>", flush=True)
            {"record": record.start, "rest": record.stop}.get(line, lambda: None)()
        """
    with Terminal(*child(tmp_path, script), program=sys.executable) as terminal:
        for line in ("one", "record", "two"):
            terminal.wait_for("100 columns", 10)
            terminal.run(line)
            terminal.wait_for(f"<{line}>", 10)
        terminal.resize(70, 20)
        terminal.wait_for("70 columns", 10)
        for line in ("three", "rest", "four"):
            terminal.run(line)
            terminal.wait_for(f"<{line}>", 10)
            terminal.wait_for("70 columns", 10)
        terminal.run("leave")
        assert terminal.wait_exit() == 0
        assert "CPR" not in terminal.everything
    text = output(tmp_path)
    assert "<two>" in text and "<three>" in text and "<rest>" in text
    assert "<one>" not in text and "<four>" not in text
    assert "70x20" in [text for _, kind, text in parsed(tmp_path)[1] if kind == "r"]
