"""The programs of docs/python-lowlevel.md run, and type checkers accept them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from guestshell.engine.lean import store

PAGE = Path(__file__).parent.parent / "docs/python-lowlevel.md"


def programs() -> list[str]:
    """Give the indented blocks of the page, in order."""
    blocks = re.findall(r"(?:^    .*\n|^\n)+", PAGE.read_text(), re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in blocks if block.strip()]


@pytest.mark.appliance
def test_the_examples_run(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "disk.img").symlink_to(demo)
    monkeypatch.chdir(tmp_path)
    # five launches: the lean appliance, where it is built, saves a minute
    monkeypatch.setattr("guestshell.engine.owned._directory", lambda choice: store.chosen())
    known: dict[str, Any] = {}
    for program in programs():
        exec(compile(program, str(PAGE), "exec"), known)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["{'/dev/sda1': 'ext4'}", "b'web01\\n'"]
    assert "hostname r" in lines
    with demo.open("rb") as image:
        assert known["data"] == image.read(2**20)
    assert known["found"] == [{"/dev/sda1": "ext4"}] * 3


def test_the_examples_are_typed(tmp_path: Path) -> None:
    program = tmp_path / "examples.py"
    program.write_text("\n".join(programs()))
    for checker in (["mypy", "--strict"], ["pyright"]):
        done = subprocess.run(
            [sys.executable, "-m", *checker, program],
            cwd=PAGE.parent.parent,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout
