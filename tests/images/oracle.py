"""What virt-inspector says of the images that the tests open, asked once for each."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from guestshell.engine.binding import library_version
from tests.images.build import cached, guestfish_environment

_TOGETHER = 2
"""Appliances at a time: more take longer than one after the other."""


def _run(images: Sequence[Path], target: Path) -> None:
    drives = [word for image in images for word in ("-a", str(image))]
    done = subprocess.run(
        # Debian's appliance lacks what librpm needs to list the packages of an rpm database
        ["virt-inspector", "--no-icon", "--no-applications", "--format=raw", *drives],
        capture_output=True,
        env={**os.environ, **guestfish_environment(), "LC_ALL": "C"},
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    target.write_bytes(done.stdout)


def _virt_inspector(images: Sequence[Path]) -> list[ElementTree.Element]:
    first = images[0].stem.split("-")[0]
    recipe = " ".join([library_version(), *(image.name for image in images)])
    target = cached(f"{first}{len(images)}.xml", recipe, lambda file: _run(images, file))
    return ElementTree.parse(target).getroot().findall("operatingsystem")


def virt_inspector(
    groups: Mapping[str, Sequence[Path]],
) -> dict[str, list[ElementTree.Element]]:
    """Give virt-inspector's operatingsystem elements for each group of disks."""
    with ThreadPoolExecutor(_TOGETHER) as pool:
        return dict(zip(groups, pool.map(_virt_inspector, groups.values()), strict=True))
