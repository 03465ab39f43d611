"""What a person sees who types as people do."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.appliance


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("home")), "PAGER": "less"}


@pytest.fixture(scope="module")
def terminal(demo: Path, home: dict[str, str]) -> Iterator[Terminal]:
    # what is known of an image from before starts no appliance: test_known.py
    with Terminal("interactive", "--no-index", str(demo), environment=home) as opened:
        opened.wait_for("guestctl>")
        yield opened


@pytest.fixture
def ready(terminal: Terminal) -> Terminal:
    """The prompt with an empty line, once the system is found."""
    terminal.press("ctrl-u")
    terminal.wait_for("appliance ready", 90)
    terminal.run("clear")
    terminal.settle()
    return terminal


def test_the_prompt_is_there_before_the_appliance(terminal: Terminal, demo: Path) -> None:
    assert f"Loaded {demo.name}" in terminal.text
    terminal.type("cat /etc/host")
    terminal.wait_for("guestctl> cat /etc/host")
    terminal.wait_for("cat [OPTIONS] FILE...")
    terminal.press("ctrl-u")
    assert "appliance starting" in terminal.settle()


def test_ctrl_c_in_a_launch_gives_the_prompt_back(terminal: Terminal) -> None:
    terminal.run("inspect")
    terminal.wait_for("starting the appliance")
    terminal.press("ctrl-c")
    text = terminal.wait_for("Interrupted", 5)
    assert "Traceback" not in text
    terminal.run("pwd")
    terminal.wait_for("\n/\n", 5)


def test_the_system_is_announced_without_garbling_what_is_typed(terminal: Terminal) -> None:
    terminal.type("cat /etc/hostname")
    terminal.wait_for("Found Debian GNU/Linux 12 (bookworm), x86_64, web01", 90)
    last = [line for line in terminal.settle().splitlines() if line.startswith("guestctl>")][-1]
    assert last == "guestctl> cat /etc/hostname"
    terminal.press("enter")
    terminal.wait_for("\nweb01\n")


def test_tab_completes_a_path(ready: Terminal) -> None:
    ready.type("cat /etc/hostn")
    ready.press("tab")
    ready.wait_for("guestctl> cat /etc/hostname")
    ready.settle()
    ready.press("enter")
    ready.wait_for("\nweb01\n")


def test_tab_quotes_a_name_with_a_space(ready: Terminal) -> None:
    ready.type("cat /srv/names/wi")
    ready.press("tab")
    ready.wait_for("guestctl> cat '/srv/names/with space.txt'")
    ready.settle()
    ready.press("enter")
    ready.wait_for("\na name with a space\n")


def test_tab_completes_a_name_that_is_no_utf8(ready: Terminal) -> None:
    ready.type("cat /srv/names/caf")
    ready.press("tab")
    ready.wait_for(r"cat $'/srv/names/caf\xe9'")
    ready.settle()
    ready.press("enter")
    ready.wait_for("a name in Latin-1")


def test_enter_on_a_candidate_takes_it_and_does_not_run_it(ready: Terminal) -> None:
    ready.type("ls /home/")
    ready.press("tab")
    ready.wait_for("alice/")
    ready.press("tab")
    ready.wait_for("guestctl> ls /home/alice/")
    ready.press("enter")
    text = ready.settle()
    assert "guestctl> ls /home/alice/" in text
    assert "notes.txt" not in text
    ready.press("enter")
    ready.wait_for("notes.txt")


def test_tab_completes_commands_options_and_choices(ready: Terminal) -> None:
    ready.type("packa")
    ready.press("tab")
    ready.wait_for("guestctl> packages")
    ready.press("ctrl-u")
    ready.type("hash --alg")
    ready.press("tab")
    ready.wait_for("guestctl> hash --algorithm")
    ready.type("sha5")
    ready.press("tab")
    ready.wait_for("guestctl> hash --algorithm sha512")
    ready.press("ctrl-u")


def test_nothing_of_a_name_reaches_the_terminal_raw(ready: Terminal) -> None:
    before = len(ready.seen)
    ready.run("ls /srv/names")
    ready.wait_for(r"$'\x1b[31mred\x1b[0m'")
    ready.run("find /srv/names")
    ready.wait_for(r"$'/srv/names/two\nlines'")
    ready.type("cat /srv/names/")
    ready.press("tab")
    ready.settle(1.0)
    ready.press("ctrl-u")
    after = ready.seen[before:]
    assert b"\x1b[31mred" not in after
    assert "\u202e".encode() not in after


def test_mistakes_get_one_line_with_the_way_out(ready: Terminal) -> None:
    for line, answer in {
        "cat /etc/hostnme": "no such file or directory (did you mean /etc/hostname?)",
        "ct /etc/hostname": "ct: no such command (did you mean cat?)",
        "ls --lon /etc": "ls: no such option: --lon (did you mean --long?)",
        "cat /etc": "cat: /etc: is a directory (ls /etc)",
        "cd /etc/passwd": "cd: /etc/passwd: is a file, not a directory",
        "cat /srv/loop": "cat: /srv/loop: too many levels of symbolic links",
        "cat 'open": "column 5: ' is never closed",
        "ls & pwd": "column 4: & means nothing here",
        "cat": "cat: missing argument 'FILE...'",
        "cat /usr/bin/bash": "/usr/bin/bash is binary: ELF 64-bit LSB",
    }.items():
        ready.run(line)
        ready.wait_for(answer, 10)
    assert "Traceback" not in ready.text


def test_help(ready: Terminal) -> None:
    ready.run("help")
    ready.wait_for("Available commands")
    ready.type("q")
    ready.settle()
    ready.press("ctrl-u")
    ready.run("clear")
    ready.run("pwd -h")
    ready.wait_for("Show the current directory.")
    ready.run("cd /etc")
    ready.wait_for("guestctl:/etc>")
    ready.run("cd -")
    ready.wait_for("guestctl> ")


def test_less_opens_at_once_and_ctrl_c_stays_in_it(ready: Terminal) -> None:
    ready.run("less /var/log/syslog")
    ready.wait_for("web01 systemd[1]: Started Daily apt")
    ready.wait_for(":")
    ready.press("ctrl-c")
    ready.settle()
    ready.type("q")
    ready.settle()
    ready.run("pwd")
    ready.wait_for("\n/\n")
    assert "Traceback" not in ready.text


def test_ctrl_c_in_a_save_leaves_nothing(ready: Terminal, tmp_path: Path) -> None:
    ready.run(f"save /var/log/huge.log {tmp_path}/big")
    ready.wait_for("Saving /var/log/huge.log", 10)
    ready.settle(1.0)
    ready.press("ctrl-c")
    ready.wait_for("Interrupted", 5)
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in ready.text


def test_a_killed_appliance_comes_back(ready: Terminal) -> None:
    children = subprocess.run(
        ["pgrep", "-P", str(ready.child.pid), "qemu"], capture_output=True, text=True, check=True
    )
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    ready.run("cat /etc/hostname")
    ready.wait_for("\nweb01\n", 90)
    ready.wait_for("The appliance stopped; starting a new one")
    assert "libguestfs" not in ready.text
    assert "Traceback" not in ready.text


def test_a_resize_keeps_the_line(ready: Terminal) -> None:
    ready.type("cat /etc/hostname")
    ready.wait_for("guestctl> cat /etc/hostname")
    ready.resize(60, 20)
    ready.settle()
    ready.press("enter")
    ready.wait_for("\nweb01\n")
    ready.resize(100, 30)


def test_ctrl_d_leaves(terminal: Terminal) -> None:
    terminal.press("ctrl-u")
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 0


def test_history_lives_on(demo: Path, home: dict[str, str]) -> None:
    history = Path(home["XDG_STATE_HOME"]) / "guestctl" / "history"
    assert history.stat().st_mode & 0o777 == 0o600
    with Terminal("interactive", str(demo), environment=home) as second:
        second.wait_for("guestctl>")
        second.press("up")
        second.wait_for("guestctl> cat /etc/hostname")
        second.press("ctrl-u")
        second.press("ctrl-r")
        second.type("with sp")
        second.wait_for("'/srv/names/with space.txt'")
        second.press("ctrl-c")
        second.type(" pwd # with a space before it")
        second.press("enter")
        second.wait_for("\n/\n")
        second.run("exit")
        assert second.wait_exit() == 0
    assert "with a space before it" not in history.read_text()


def test_ctrl_c_in_a_long_find(debian: Path) -> None:
    with Terminal("interactive", "--no-history", str(debian)) as terminal:
        terminal.wait_for("guestctl>")
        terminal.run("find / -size +1c -name '*.nothing'")
        terminal.settle(1.0)
        terminal.wait_gone("starting the appliance", 90)
        terminal.wait_gone("looking for the system", 30)
        terminal.settle(0.7)
        started = time.monotonic()
        terminal.press("ctrl-c")
        terminal.wait_for("Interrupted", 5)
        assert time.monotonic() - started < 2
        terminal.run("cat /etc/hostname")
        terminal.wait_for("\nbookworm-lvm\n", 10)
        terminal.run("find /etc -name 'host*'")
        terminal.wait_for("\n/etc/hostname\n", 20)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"COLUMNS": "30"}])
def test_plain_and_narrow_terminals(demo: Path, environment: dict[str, str]) -> None:
    columns = int(environment.get("COLUMNS", "80"))
    with Terminal(
        "interactive", "--no-history", str(demo), environment=environment, columns=columns
    ) as terminal:
        terminal.wait_for("guestctl>")
        terminal.type("help pwd")
        terminal.settle()
        terminal.press("enter")
        terminal.wait_for("Show the current directory.")
        if columns == 80:
            for color in (b"\x1b[31m", b"\x1b[32m", b"\x1b[1;34m", b";34m"):
                assert color not in terminal.seen
        terminal.type("exit")
        terminal.settle()
        terminal.press("enter")
        assert terminal.wait_exit() == 0
