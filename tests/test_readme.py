"""What the README and the guides show is what happens."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from guestshell.errors import ExitCode
from tests.conftest import Console
from tests.e2e.terminal import GUESTCTL

pytestmark = pytest.mark.appliance

ROOT = Path(__file__).parent.parent
FILES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{n}.md" for n in ("language", "first-ten-minutes")),
    *(ROOT / "docs/how-to" / f"{n}.md" for n in ("largest-files", "evidence-log", "scripts")),
]


def shown(file: Path) -> list[tuple[str, list[str]]]:
    """Give each line typed at the prompt with the lines of output shown below it."""
    found: list[tuple[str, list[str]]] = []
    in_session = False
    for line in file.read_text().splitlines():
        if not line.startswith("    "):
            in_session = False
        elif line.startswith("    guestctl> "):
            in_session = True
            found.append((line.removeprefix("    guestctl> "), []))
        elif in_session:
            found[-1][1].append(line[4:])
    return found


TYPED = [(line, output) for file in FILES for line, output in shown(file)]


@pytest.mark.parametrize(("line", "output"), TYPED, ids=[line for line, _ in TYPED])
def test_a_line_at_the_prompt(
    console: Console, line: str, output: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    console.session.by_hand = True
    place = str(tmp_path) if line.endswith(" /tmp") else "/tmp"  # where it saves to on this host
    found = console.lines(line.replace("/tmp", place))
    expected = [text.replace("/tmp", place) for text in output]
    if line == "inspect":  # how much is used differs by a block between builds
        assert found[:13] == expected[:13]
    elif expected:
        assert [*found, *console.error.splitlines()] == expected
    else:
        assert console.status is ExitCode.DONE, console.error


COMMANDS = [
    line
    for file in FILES
    for line in re.findall(r"^    \$ (.*disk\.img.*)$", file.read_text(), re.MULTILINE)
    if "interactive" not in line
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_line_of_bash(demo: Path, line: str, tmp_path: Path) -> None:
    (tmp_path / "disk.img").symlink_to(demo)
    (tmp_path / "first-look.guestctl").write_text("echo $case\n")
    path = f"{Path(GUESTCTL).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "GUESTCTL_CONFIG": "/dev/null"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = [file for file in tmp_path.iterdir() if file.suffix == ".csv" and file.stat().st_size]
    assert done.stdout or written
