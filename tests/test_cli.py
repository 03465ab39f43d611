"""The program as a script meets it: lines on standard input, exit codes, bad input."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from guestshell.demo import story
from tests.e2e.terminal import GUESTCTL


def guestctl(
    *arguments: str, lines: str | bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [GUESTCTL, *arguments],
        input=lines.encode() if isinstance(lines, str) else lines,
        capture_output=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )


def one_line(done: subprocess.CompletedProcess[bytes], status: int) -> str:
    """Give the only line on standard error of a run that failed so."""
    text = done.stderr.decode()
    assert done.returncode == status, text
    assert done.stdout == b""
    assert text.count("\n") == 1, text
    assert "libguestfs:" not in text
    return text


def test_the_roadmaps_example(demo: Path) -> None:
    script = "inspect\ncat /etc/hostname\nhelp\n"
    done = guestctl("interactive", str(demo), lines=script)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == "OS: Debian GNU/Linux 12 (bookworm)"
    assert "web01" in lines
    assert "Available commands" in lines
    assert b"\x1b" not in done.stdout
    assert done.stderr.decode().splitlines() == [
        f"Loaded {demo.name}",
        "Found Debian GNU/Linux 12 (bookworm), x86_64, web01",
    ]


def test_a_script_stops_at_its_first_error(demo: Path) -> None:
    script = b"cat /srv/names/$'caf\\xe9'\n\n# a comment\ncat /usr/bin/bash\ncat /nope\npwd\n"
    done = guestctl("interactive", str(demo), lines=script)
    assert done.returncode == 1
    data, _ = story.PROGRAMS["/usr/bin/bash"]
    assert done.stdout == b"a name in Latin-1, which is no UTF-8\n" + data
    assert b"cat: /nope: no such file or directory" in done.stderr


def test_a_line_that_cannot_be_understood_is_status_2(demo: Path) -> None:
    done = guestctl("interactive", str(demo), lines="pwd --nope\npwd\n")
    assert done.returncode == 2
    assert done.stdout == b""


def test_a_reader_that_leaves_is_no_error(demo: Path) -> None:
    command = (
        f"printf 'help\\n%.0s' $(seq 2000) | {GUESTCTL} interactive {demo} 2>/dev/null | head -n 1"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "Available commands\n"


def test_bad_images(tmp_path: Path) -> None:
    text = tmp_path / "notes.img"
    text.write_text("hello\n" * 200)
    (tmp_path / "empty.img").touch()
    for image, words in {
        tmp_path / "missing.img": "no such file",
        tmp_path: "is a directory",
        tmp_path / "empty.img": "is empty",
        text: "is a text file",
    }.items():
        message = one_line(guestctl("interactive", str(image)), 1)
        assert words in message
        assert str(image) in message


def test_verbose_shows_the_trace(tmp_path: Path) -> None:
    done = guestctl("interactive", "--verbose", str(tmp_path / "missing.img"))
    assert b"Traceback" in done.stderr
    assert done.returncode == 1


def test_usage() -> None:
    assert guestctl("interactive").returncode == 2
    assert guestctl("nonsense").returncode == 2
    done = guestctl("--help")
    assert done.returncode == 0
    for word in (b"interactive", b"demo", b"doctor"):
        assert word in done.stdout


def test_an_emulator_that_is_missing(demo: Path) -> None:
    done = guestctl(
        "interactive", "--no-index", str(demo), lines="ls\n",
        environment={"LIBGUESTFS_HV": "/nonexistent"},
    )  # fmt: skip
    assert done.returncode == 3
    assert b"qemu" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_python_without_binding(demo: Path, tmp_path: Path) -> None:
    # what a Python of another version sees: no guestfs on its path, none built for it
    code = (
        "import sys; sys.modules['guestfs'] = None\n"
        "from guestshell.engine import binding\n"
        "binding.distribution_directories = lambda: []\n"
        f"sys.argv = ['guestctl', 'interactive', '--no-index', {str(demo)!r}]\n"
        "from guestshell.cli import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"ls\n", capture_output=True, check=False
    )
    assert done.returncode == 3
    assert b"finds no libguestfs binding" in done.stderr
    assert b"Traceback" not in done.stderr


def test_doctor() -> None:
    done = guestctl("doctor")
    assert done.returncode == 0, done.stdout
    words = done.stdout.decode()
    for check in ("binding", "libguestfs", "qemu", "supermin", "kernel", "accelerator", "backend",
                  "memory", "cache directory", "state directory"):  # fmt: skip
        assert check in words


@pytest.mark.appliance
def test_doctor_launches() -> None:
    done = guestctl("doctor", "--launch")
    assert done.returncode == 0, done.stdout
    assert b"/dev/sda is there" in done.stdout


def test_doctor_fails_where_the_shell_could_not_work() -> None:
    done = guestctl("doctor", environment={"LIBGUESTFS_HV": "/nonexistent"})
    assert done.returncode == 3
    assert b"missing" in done.stdout
    assert b"install the QEMU system emulator" in done.stdout


def test_the_demo_is_built_without_root_or_appliance(tmp_path: Path) -> None:
    done = guestctl("demo", "--build-only", environment={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    image = Path(done.stdout.decode().strip())
    table = subprocess.run(
        ["sfdisk", "--json", str(image)],
        capture_output=True,
        check=True,
        env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
    )
    assert len(json.loads(table.stdout)["partitiontable"]["partitions"]) == 1


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a directory belongs")
    done = guestctl("demo", "--build-only", environment={"XDG_CACHE_HOME": str(blocked)})
    assert "not a directory" in one_line(done, 1)
