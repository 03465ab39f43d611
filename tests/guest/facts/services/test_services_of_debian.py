"""The services of a real Debian, read through the appliance, as systemctl gives them offline."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.guest.facts.services.sources import read_services

pytestmark = pytest.mark.appliance


@pytest.mark.skipif(not shutil.which("systemctl"), reason="systemctl is the oracle")
def test_units_are_those_of_systemctl(
    debian_guest: Guest, debian_contents: Path, tmp_path: Path
) -> None:
    places = ("./etc/systemd", "./usr/lib/systemd/system", "./lib")
    with tarfile.open(debian_contents) as tar:
        wanted = [member for member in tar if member.name.startswith(places)]
        tar.extraction_filter = lambda member, path: member  # links to /dev/null are wanted
        tar.extractall(tmp_path, wanted)
    listed = subprocess.run(
        ["systemctl", f"--root={tmp_path}", "list-unit-files", "--no-legend", "--full", "-q"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected = dict(line.split()[:2] for line in listed.stdout.splitlines())
    warnings: list[str] = []
    found = {
        str(row.name): row.state
        for row in read_services(debian_guest.files(warnings.append))
        if row.manager == "systemd" and row.kind != "generator"
    }
    found.pop("getty@tty1.service", None)  # an instance, which systemctl leaves out
    assert len(expected) > 100
    assert found == expected and warnings == []
