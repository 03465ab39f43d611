"""File systems that were not left cleanly: said, and shown with and without their journals."""

import shutil
from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.guest.devices import FileSystem
from guestshell.guest.ondisk.state import state_of
from guestshell.guest.ondisk.superblocks import probe
from tests.conftest import watch
from tests.images.build import MIB, TOOL_PATH, run
from tests.images.journals import NEW, OLD, unreplayed


def state(image: Path) -> str:
    """Give what is told of the one file system of an image."""
    with image.open("rb") as file:

        def read(offset: int, count: int) -> bytes:
            file.seek(offset)
            return file.read(count)

        return probe(read, image.stat().st_size)["STATE"]


def empty(image: Path, *maker: str) -> Path:
    if shutil.which(maker[0], path=TOOL_PATH) is None:
        pytest.skip(f"{maker[0]} is not installed")
    with image.open("wb") as file:
        file.truncate(128 * MIB)
    run(*maker, str(image))
    return image


def changed(image: Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


# -- the superblock ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected", "oracle"),
    [
        (0, "not unmounted", "not clean"),
        (1, "clean", "clean"),
        (2, "has errors", "not clean with errors"),
        (3, "has errors", "clean with errors"),
    ],
)
@pytest.mark.parametrize("kind", ["ext2", "ext4"])
def test_an_ext_says_how_it_was_left(
    kind: str, value: int, expected: str, oracle: str, tmp_path: Path
) -> None:
    image = empty(tmp_path / "ext.img", "mke2fs", "-q", "-t", kind)
    run("debugfs", "-w", "-R", f"ssv state {value}", str(image))
    told = dict(
        line.split(":", 1) for line in run("dumpe2fs", "-h", str(image)).splitlines() if ":" in line
    )
    assert told["Filesystem state"].strip() == oracle
    assert state(image) == expected


def test_a_journal_that_holds_changes_needs_recovery(tmp_path: Path) -> None:
    image = tmp_path / "ext4.img"
    unreplayed(image, tmp_path)
    assert "needs_recovery" in run("dumpe2fs", "-h", str(image))
    assert state(image) == "needs recovery"


@pytest.mark.parametrize(("size", "offset"), [("16", 37), ("32", 65)])
def test_a_fat_says_how_it_was_left(size: str, offset: int, tmp_path: Path) -> None:
    image = empty(tmp_path / "fat.img", "mkfs.vfat", "-F", size)
    assert state(image) == "clean"
    changed(image, offset, b"\x01")
    assert state(image) == "not unmounted"
    changed(image, offset, b"\x02")
    assert state(image) == "has errors"


def test_a_btrfs_with_a_tree_of_logs_needs_recovery(tmp_path: Path) -> None:
    image = empty(tmp_path / "btrfs.img", "mkfs.btrfs", "-q")
    assert state(image) == "clean"
    assert "log_root\t\t0" in run("btrfs", "inspect-internal", "dump-super", str(image))
    changed(image, 64 * 1024 + 96, b"\x01")
    assert state(image) == "needs recovery"


def test_what_is_cut_short_tells_nothing_and_harms_nothing() -> None:
    assert state_of("ext4", b"") == "not unmounted"
    assert state_of("xfs", b"XFSB") == ""


# -- what is seen --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dirty")
    unreplayed(directory / "disk.img", directory)
    return watch(directory / "disk.img")


@pytest.mark.appliance
@pytest.mark.parametrize(("replay", "content"), [(True, NEW), (False, OLD)])
def test_what_the_journal_holds_is_shown_or_not(dirty: Path, replay: bool, content: bytes) -> None:
    with Guest(dirty, replay=replay) as guest:
        assert guest.read_bytes("/file").startswith(content)
        [warning] = [text for text in guest.inspect().warnings if "recovery" in text]
        assert warning.startswith("/dev/sda needs recovery: what its journal holds is ")
        assert ("--no-replay" in warning) is replay
        [filesystem] = guest.filesystems()
        assert isinstance(filesystem, FileSystem)
        assert filesystem.state == "needs recovery"
        [mount] = guest.mounts()
        assert ("noload" in mount.options) is not replay
        assert not any("cannot be mounted" in text for text in guest.inspect().warnings)
