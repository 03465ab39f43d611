"""That the evidence stays as it is, whatever is asked of whichever kind of image."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.terminal import GUESTCTL
from tests.images.build import run
from tests.test_hostile_terminal import every_line

pytestmark = pytest.mark.appliance


def _facts(path: Path) -> dict[str, object]:
    """Give what stat(2) and xattr(7) say; reading may move the time of the last access."""
    status = path.lstat()
    facts = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
    del facts["st_atime"], facts["st_atime_ns"]
    facts["xattrs"] = [(name, os.getxattr(path, name)) for name in os.listxattr(path)]
    if path.is_file():
        facts["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return facts


def _state(directory: Path) -> dict[str, object]:
    """Give the facts of a directory and of all in it, a line for each."""
    return {
        f"{path.name} {fact}": value
        for path in (directory, *sorted(directory.rglob("*")))
        for fact, value in _facts(path).items()
    }


def _evidence(demo: Path, kind: str, directory: Path) -> Path:
    """Make an image of a kind in a directory of its own, what it stands on beside it."""
    directory.mkdir()
    base = directory / "base.img"
    run("cp", "--sparse=always", str(demo), str(base))
    image = directory / f"disk.{kind}"
    match kind:
        case "img":
            base.rename(image)
        case "chain":
            middle = directory / "middle.qcow2"
            run(
                "qemu-img", "create", "-q", "-f", "qcow2", "-b", base.name, "-F", "raw", str(middle)
            )
            run(
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                "-b",
                middle.name,
                "-F",
                "qcow2",
                str(image),
            )
        case _:
            run("qemu-img", "convert", "-f", "raw", "-O", kind, str(base), str(image))
            base.unlink()
    for path in directory.iterdir():
        os.utime(path, ns=(10**18, 10**18 + 1))
        try:
            os.setxattr(path, "user.case", b"17")
        except OSError:  # not every file system has them
            continue
    os.utime(directory, ns=(10**18, 10**18 + 1))
    os.sync()  # blocks are counted once they are allocated
    return image


@pytest.mark.parametrize("kind", ["img", "qcow2", "chain", "vmdk", "vdi", "vpc", "vhdx"])
def test_no_command_changes_an_image(kind: str, demo: Path, tmp_path: Path) -> None:
    directory, out = tmp_path / "evidence", tmp_path / "out"
    image = _evidence(demo, kind, directory)
    before = _state(directory)
    every = [line for line in every_line(out) if " -o " not in line]
    one_a_command = list({line.split()[0]: line for line in every}.values())
    for options, lines in (
        ([], every if kind == "img" else one_a_command),
        *([(["--no-replay", "--no-index"], one_a_command)] if kind == "img" else []),
    ):
        done = subprocess.run(
            [GUESTCTL, "run", "--keep-going", "--verify", *options, str(image)],
            input="\n".join(["cat /etc/hostname", *lines]).encode("utf-8", "surrogateescape"),
            capture_output=True,
            env={**os.environ, "PAGER": "cat"},
            check=False,
        )
        assert done.stdout.startswith(b"web01\n"), done.stderr
        assert (
            f"{image} is unchanged, SHA-256 {hashlib.sha256(image.read_bytes()).hexdigest()}"
            in (done.stderr.decode("utf-8", "replace"))
        )
        after = _state(directory)
        assert {fact for fact in {*before, *after} if before.get(fact) != after.get(fact)} == set()
