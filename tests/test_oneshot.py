"""Commands of the program: one question to an image, as bash asks it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from guestshell import Guest
from guestshell.cli import program
from guestshell.commands import COMMANDS
from guestshell.demo import story
from guestshell.language.lexer import lex
from guestshell.oneshot import one_shots
from tests.conftest import Console
from tests.e2e.terminal import GUESTCTL
from tests.test_cli import guestctl

pytestmark = pytest.mark.appliance

EXAMPLES = [
    example
    for name in sorted(one_shots())
    for example in COMMANDS[name].examples
    if not any(token.is_operator for token in lex(example))
    and name != "save"
    and "-rl" not in example  # reads a sparse file of 2 GiB
]


@pytest.fixture
def shared_guest(demo_guest: Guest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have every opening give the guest that is open already: a launch each would take long."""

    class Shared:
        def __new__(cls, *images: Path, **options: object) -> Guest:  # type: ignore[misc]
            return demo_guest

    monkeypatch.setattr("guestshell.guest.guest.Guest", Shared)
    monkeypatch.setattr(demo_guest, "close", lambda: None)
    monkeypatch.setenv("GUESTCTL_CONFIG", "/dev/null")
    yield


def ask(*arguments: str) -> tuple[bytes, str, int]:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(program, list(arguments))
    return result.stdout_bytes, result.stderr, result.exit_code


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_one_shot_gives_the_bytes_of_the_line(
    shared_guest: None, console: Console, demo: Path, example: str
) -> None:
    name, *arguments = [token.value for token in lex(example)]
    if "{" in example or "*" in example:
        arguments = example.replace("'", "").split()[1:]
    shown = console.bytes(example)
    assert ask(name, str(demo), *arguments) == (shown, console.error, console.status)


def test_options_may_stand_before_the_image(shared_guest: None, demo: Path) -> None:
    before = ask("ls", "-l", str(demo), "/etc")
    assert before == ask("ls", str(demo), "/etc", "-l")
    assert before == ask("ls", "--memory", "800", "-l", "--verbose", str(demo), "--", "/etc")
    assert before[2] == 0
    assert (
        ask("cat", str(demo), "--", "/srv/names/-rf")[0] == story.TEXTS["/srv/names/-rf"].encode()
    )


def test_wildcards_in_quotes_are_the_guests(
    shared_guest: None, console: Console, demo: Path
) -> None:
    assert ask("cat", str(demo), "/etc/host*")[0] == console.bytes("cat /etc/host*")
    assert ask("ls", str(demo), "-d", "/{etc,home}")[0] == b"/etc\n/home\n"
    # a name that is there is itself, whatever is in it
    assert ask("cat", str(demo), "/srv/names/[bold]")[2] == 0
    _, error, status = ask("cat", str(demo), "/etc/*.nothing")
    assert status == 1
    assert "nothing has a name that fits" in error


def test_bad_usage_is_one_line(demo: Path, tmp_path: Path) -> None:
    for arguments, status, words in [
        (["ls"], 2, "missing argument"),
        (["ls", str(demo), "--revers"], 2, "did you mean --reverse?"),
        (["ls", str(demo), "-o", "xml"], 2, "xml"),
        (["inspct", str(demo)], 2, "did you mean inspect?"),
        (["cd", str(demo), "/"], 2, "has no command 'cd'"),
        ([str(demo)], 2, "guestctl interactive"),
        (["cat", str(tmp_path / "nothing.img"), "/x"], 1, "no such file"),
        (["cat", str(tmp_path), "/x"], 1, "is a directory"),
        (["schema", "nothing"], 2, "no such command"),
        (["schema", "cat"], 2, "gives no rows"),
        (["config", "-o", "xml"], 2, "--output"),
        (["verify-log", str(tmp_path / "nothing")], 1, "nothing"),
        (["run", str(demo), "-c", "pwd", "-f", "x"], 2, "exclude each other"),
        (["run", str(demo), "-f", str(tmp_path / "nothing")], 1, "no such file"),
        (["run", str(demo), "--set", "x"], 2, "is not NAME=VALUE"),
    ]:
        done = guestctl(*arguments)
        text = done.stderr.decode()
        assert done.returncode == status, text
        assert words in text
        assert text.count("\n") == 1, text
        assert "Traceback" not in text


def test_a_one_shot_into_jq_and_out_of_a_script(demo: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{GUESTCTL} ls {demo} /etc -o json | jq -r '.[].name' | head -n 1"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "adjtime\n"
    assert done.stderr == ""
    script = tmp_path / "look"
    script.write_text(
        "#!/usr/bin/env -S guestctl run -q -f\n"
        "# where it lives\ninspect | select os.hostname -o jsonl\n-cat /nope\n"
        "echo $case; cat /etc/hostname > $case/name\nfind / -type f |\n  count\n"
    )
    done = subprocess.run(
        [GUESTCTL, "run", "-q", "-f", script, demo, "--set", f"case={tmp_path}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert json.loads(lines[0]) == {"os_hostname": "web01"}
    assert lines[1] == str(tmp_path)
    assert int(lines[2]) > 100
    assert (tmp_path / "name").read_text() == story.TEXTS["/etc/hostname"]
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{script}:4: cat: /nope: no such file or directory")


def test_a_script_recalls_its_own_lines(demo: Path) -> None:
    done = guestctl("run", "-q", str(demo), "-c", "echo hi", "-c", "!!", "-c", "!! | count")
    assert done.stdout == b"hi\nhi\n1\n", done.stderr


@pytest.mark.parametrize("arguments", [["help"], ["config"], ["schema", "ls"], ["--help"]])
def test_a_full_standard_output_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [GUESTCTL, *arguments], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "standard output: no space left on device"
    assert b"Traceback" not in done.stderr


def test_run_stops_or_keeps_going(demo: Path) -> None:
    lines = ("-c", "cat /nope", "-c", "pwd")
    stopped = guestctl("run", "-q", str(demo), *lines)
    assert (stopped.returncode, stopped.stdout) == (1, b"")
    went = guestctl("run", "-q", "--keep-going", str(demo), *lines)
    assert (went.returncode, went.stdout) == (1, b"/\n")


def test_the_log_of_a_run_is_verified(demo: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    for _ in range(2):
        done = guestctl("cat", str(demo), "/etc/hostname", "--log", str(log))
        assert done.returncode == 0, done.stderr
    done = guestctl("verify-log", str(log))
    assert (done.returncode, done.stdout) == (0, f"{log}: 6 entries, unbroken\n".encode())
    streams = [json.loads(line).get("streams") for line in log.read_text().splitlines()]
    assert streams[1] == streams[4]
    assert streams[1][0]["path"] == "/etc/hostname"
    log.write_bytes(log.read_bytes().replace(b"hostname", b"hostnome", 1))
    done = guestctl("verify-log", str(log))
    assert done.returncode == 1
    assert f"{log}: line " in done.stderr.decode()


@pytest.mark.parametrize("name", sorted(one_shots()))
def test_no_argument_of_a_command_takes_the_name_of_an_option_of_its_opening(name: str) -> None:
    parameters = [parameter.name for parameter in one_shots()[name].params]
    assert len(parameters) == len(set(parameters))
