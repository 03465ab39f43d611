"""Signals: to be told to end is to leave in order; the others are lived through."""

import contextlib
import json
import os
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guestshell.evidence import verify
from tests.e2e.terminal import GUESTCTL, Terminal
from tests.test_temporary import emulators_in

pytestmark = pytest.mark.appliance

BOTH = pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"]
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go: nothing may be left there."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    yield directory
    assert emulators_in(directory) == []
    # libguestfs keeps there what it knows of QEMU
    assert [left.name for left in directory.iterdir() if left.name != ".guestfs-0"] == []


def until(met: Callable[[], bool], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def started(*arguments: str, before: tuple[str, ...] = ()) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*before, GUESTCTL, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[bytes]", *numbers: int) -> tuple[int, bytes, str]:
    """Send signals and give status, output and errors."""
    for number in numbers:
        process.send_signal(number)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err.decode()


# -- to be told to end ----------------------------------------------------------------


@BOTH
def test_at_the_prompt_the_terminal_is_given_back_and_the_log_ended(
    number: signal.Signals, status: int, demo: Path, place: Path, tmp_path: Path
) -> None:
    log = tmp_path / "evidence.jsonl"
    with Terminal("interactive", str(demo), "--log", str(log)) as terminal:
        cooked = termios.tcgetattr(terminal.child.child_fd)
        terminal.wait_for("appliance ready")
        terminal.run("cat /etc/hostname")
        terminal.wait_for("\nweb01\n")
        terminal.type("half a li")
        terminal.settle()
        assert termios.tcgetattr(terminal.child.child_fd) != cooked
        terminal.child.kill(number)
        assert terminal.wait_exit(30) == status
        assert termios.tcgetattr(terminal.child.child_fd) == cooked
        assert terminal.text.endswith(f"Ended by {number.name}")
        assert "Traceback" not in terminal.everything
    assert verify(log).complete


@BOTH
def test_in_a_launch(number: signal.Signals, status: int, demo: Path, place: Path) -> None:
    process = started("run", "-q", "--no-index", str(demo), "-c", "cat /etc/hostname")
    until(lambda: bool(emulators_in(place)), "no launch began")
    assert ended(process, number) == (status, b"", f"Ended by {number.name}\n")


def test_while_a_tree_is_saved(demo: Path, place: Path, tmp_path: Path) -> None:
    target, log = tmp_path / "target", tmp_path / "evidence.jsonl"
    target.mkdir()
    (target / "old").write_text("it stays\n")
    process = started(
        "run", "-q", str(demo), "--log", str(log),
        "-c", f"save -r /var/cache --force {target}/new",
    )  # fmt: skip
    until(lambda: any(target.glob(".guestctl-*.partial/*")), "nothing was saved")
    # a closing terminal and systemd send more than one
    status, out, err = ended(process, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP)
    assert out == b""
    assert (status, err) in ((129, "Ended by SIGHUP\n"), (143, "Ended by SIGTERM\n"))
    assert [file.name for file in target.iterdir()] == ["old"]
    assert verify(log).complete


def test_what_was_not_verified_is_said_to_be(demo: Path, place: Path, tmp_path: Path) -> None:
    log = tmp_path / "evidence.jsonl"
    process = started(
        "run", "-q", str(demo), "--verify", "--log", str(log), "-c", "cat /etc/hostname",
        "-c", "!sleep 60",
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"web01\n"
    status, _, err = ended(process, signal.SIGTERM)
    assert status == 143
    assert err == "warning: the images were not verified\nEnded by SIGTERM\n"
    assert verify(log).complete
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"interrupted"} <= {entry.get("verification") for entry in entries}


def test_a_program_in_the_pipe_ends_with_us(demo: Path, place: Path) -> None:
    for line in ("!sleep 61.5", "cat /etc/hostname | !sleep 61.5"):
        process = started("run", "-q", str(demo), "-c", line)
        sleeper: list[int] = []

        def sleeps(found: list[int] = sleeper, parent: int = process.pid) -> bool:
            found[:] = children_of(parent, "sleep")
            return bool(found)

        until(sleeps, "no program was started")
        assert ended(process, signal.SIGTERM)[0] == 143
        until(lambda found=sleeper: not alive(found[0]), "it outlives us", 5)  # type: ignore[misc]


def children_of(parent: int, name: str) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = status.read_text().rsplit(")", 1)
            if words[0].endswith(f"({name}") and int(words[1].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_a_pager_ends_with_us(demo: Path, place: Path) -> None:
    environment = {"PAGER": "sh -c 'cat; exec sleep 62.5'"}
    with Terminal("interactive", str(demo), lines=10, environment=environment) as terminal:
        terminal.wait_for("guestctl>")
        terminal.run("help ls")
        pagers: list[int] = []

        def pages() -> bool:
            terminal.settle(0.05)
            pagers[:] = children_of(terminal.child.pid, "sleep")
            return bool(pagers)

        until(pages, "no pager was started")
        terminal.child.kill(signal.SIGTERM)
        assert terminal.wait_exit(30) == 143
        until(lambda: not alive(pagers[0]), "the pager outlives us", 5)


def hung_up(terminal: Terminal) -> int:
    """Close the window and give how the program ended."""
    terminal.child.ptyproc.fileobj.close()
    _, status = os.waitpid(terminal.child.pid, 0)
    return os.waitstatus_to_exitcode(status)


def test_a_terminal_that_is_closed(demo: Path, place: Path, tmp_path: Path) -> None:
    log = tmp_path / "evidence.jsonl"
    terminal = Terminal("interactive", str(demo), "--log", str(log))
    terminal.wait_for("guestctl>")
    terminal.run("pwd")
    terminal.wait_for("\n/\n")
    assert hung_up(terminal) == 129
    assert verify(log).complete


@pytest.mark.parametrize("line", ["!yes", "cat /etc/hostname | !yes", "hash -r /"])
def test_a_terminal_that_is_closed_while_a_line_writes_to_it(
    line: str, demo: Path, place: Path
) -> None:
    terminal = Terminal("interactive", str(demo), environment={"PAGER": ""})
    terminal.wait_for("guestctl>")
    terminal.run(line)
    terminal.settle(0.5)
    assert hung_up(terminal) == 129


def test_what_nohup_started_outlives_the_terminal(demo: Path, place: Path) -> None:
    process = started("run", "-q", str(demo), "-c", "!sleep 1", "-c", "pwd", before=("nohup",))
    until(lambda: bool(children_of(process.pid, "sleep")), "it did not begin")
    status, out, err = ended(process, signal.SIGHUP)
    assert (status, out) == (0, b"/\n")
    assert "Ended" not in err


def test_a_scan_ends_with_its_workers(demo: Path, place: Path) -> None:
    process = started("scan", "--no-index", "--jobs", "1", "-c", "hash -r /", str(demo))
    until(lambda: bool(emulators_in(place)), "no worker started an appliance")
    status, out, err = ended(process, signal.SIGTERM)
    assert (status, out) == (143, b"")
    assert err == "Ended by SIGTERM\n"


# -- what is lived through ----------------------------------------------------------------


@pytest.fixture(scope="module")
def terminal(demo: Path) -> Iterator[Terminal]:
    with Terminal("interactive", str(demo)) as made:
        made.wait_for("appliance ready")
        yield made


def answers(terminal: Terminal, word: str) -> None:
    terminal.run(f"echo {word}")
    terminal.wait_for(f"\n{word}\n", 20)
    assert "Traceback" not in terminal.everything


def test_a_pipe_without_reader_is_no_end(terminal: Terminal) -> None:
    terminal.child.kill(signal.SIGPIPE)
    answers(terminal, "lives")


def test_a_storm_of_sizes(terminal: Terminal) -> None:
    for busy in (False, True):
        if busy:
            terminal.run("hash -r /etc")
        for step in range(60):
            terminal.resize(20 + step % 90, 3 + step % 40)
            if step % 20 == 0:
                terminal.settle(0.05)
        terminal.resize(100, 30)
        terminal.settle()
        answers(terminal, f"storm-{busy}")


def test_to_be_stopped_and_to_go_on(demo: Path, place: Path) -> None:
    shell = {"PS1": "shell$ ", "HISTFILE": ""}
    with Terminal("--norc", "-i", program="/bin/bash", environment=shell) as terminal:
        terminal.wait_for("shell$")
        terminal.run(f"{GUESTCTL} interactive {demo}")
        terminal.wait_for("appliance ready")
        [pid] = children_of(terminal.child.pid, "guestctl")
        terminal.type("echo whole-")
        terminal.settle()
        os.kill(pid, signal.SIGTSTP)
        terminal.wait_for("Stopped")
        terminal.run("echo the-shell-is-here")
        terminal.wait_for("\nthe-shell-is-here")
        terminal.run("fg")
        terminal.wait_for("guestctl> echo whole-")  # drawn anew
        terminal.type("line\r")
        terminal.wait_for("\nwhole-line\n")
        terminal.run("!sleep 1.5")

        def sleeps() -> bool:
            terminal.settle(0.05)
            return bool(children_of(pid, "sleep"))

        until(sleeps, "no program was started")
        before = terminal.text.count("shell$")
        terminal.press("ctrl-z")
        until(lambda: terminal.settle(0.05).count("shell$") > before, "the shell never came")
        terminal.run("fg")
        answers(terminal, "still-answers")
        before = terminal.text.count("shell$")
        terminal.press("ctrl-d")
        until(lambda: terminal.settle(0.05).count("shell$") > before, "it never ended")
        terminal.run("echo status-$?")
        terminal.wait_for("\nstatus-0")
