"""The wheel and the sdist: what is in them, and that the wheel works where nothing else is."""

import json
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import guestshell
from tests.packaging.build import ROOT, output_of


def test_twine_takes_both(sdist: Path, wheel: Path) -> None:
    output_of(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    kept = {
        str(file.relative_to(ROOT))
        for package in ("guestshell", "guestfs-stubs")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == kept


def test_the_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    output_of("tar", "-xf", sdist, "-C", tmp_path)
    [tree] = tmp_path.iterdir()
    again = tmp_path / "again"
    output_of(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", again, cwd=tree)
    [second] = again.iterdir()
    assert _digests(second) == _digests(wheel)


def _digests(wheel: Path) -> list[tuple[str, int]]:
    return sorted((member.filename, member.CRC) for member in zipfile.ZipFile(wheel).infolist())


@pytest.mark.appliance
def test_the_wheel_alone_is_enough(wheel: Path, demo: Path, tmp_path: Path) -> None:
    python = tmp_path / "venv/bin/python"
    output_of("/usr/bin/python3", "-m", "venv", tmp_path / "venv")
    output_of(python, "-m", "pip", "install", "--quiet", wheel)
    guestctl = tmp_path / "venv/bin/guestctl"
    # from elsewhere, so that nothing of the checkout is found
    version = output_of(guestctl, "--version", cwd=tmp_path)
    assert version == f"guestctl, version {guestshell.__version__}\n"
    output_of(guestctl, "doctor", cwd=tmp_path)
    assert output_of(guestctl, "cat", demo, "/etc/hostname", cwd=tmp_path) == "web01\n"
    rows = json.loads(output_of(guestctl, "users", demo, "-o", "json", cwd=tmp_path))
    assert "sysupd" in {row["name"] for row in rows}


def test_every_extra_is_in_all() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    united = {need for name in extras.keys() - {"all", "dev"} for need in extras[name]}
    assert set(extras["all"]) == united
