"""What docs/scan.md shows is what happens."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import own_cache
from tests.e2e.terminal import GUESTCTL

pytestmark = pytest.mark.appliance

PAGE = Path(__file__).parent.parent.parent / "docs/scan.md"


def shown() -> list[tuple[str, list[str]]]:
    """Give each line of bash with the output shown below it, which may hold empty lines."""
    found: list[tuple[str, list[str]]] = []
    is_output = False
    for line in PAGE.read_text().splitlines():
        if line.startswith("    $ "):
            found.append((line.removeprefix("    $ "), []))
            is_output = True
        elif is_output and (line.startswith("    ") or not line):
            found[-1][1].append(line[4:])
        else:
            is_output = False
    return [(line, "\n".join(output).rstrip().splitlines()) for line, output in found]


@pytest.fixture(scope="module")
def place(demo: Path, debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("place")
    (root / "images").mkdir()
    (root / "images/web01.img").symlink_to(demo)
    (root / "images/build.img").symlink_to(debian)
    (root / "images/list.txt").write_text("not an image\n")
    (root / "notes.txt").write_text("not an image\n")
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_cache(tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize(("line", "output"), shown(), ids=[line for line, _ in shown()])
def test_a_line_of_bash(place: Path, cache: Path, line: str, output: list[str]) -> None:
    # what a person sees on a terminal is what -o table gives elsewhere
    asked = line if " -o " in line else line.replace("guestctl scan", "guestctl scan -o table")
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {asked}"],
        cwd=place,
        env={
            **os.environ,
            "PATH": f"{Path(GUESTCTL).parent}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(cache),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if "notes.txt" in line else 0), done.stderr
    if output:
        # JSON Lines come as images are done
        assert sorted(done.stdout.splitlines()) == sorted(output)
    if "accounts-$image" in line:
        assert "root:" in (place / "accounts-web01.img.txt").read_text()
        assert "root:" in (place / "accounts-build.img.txt").read_text()
    if "services.csv" in line:
        assert (place / "services.csv").read_text().startswith("image,name,")
