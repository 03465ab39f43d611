"""Which images may be in one appliance, and how a guest there sees its own drive."""

import shutil
from pathlib import Path

import pytest

from guestshell.engine.shared import device_of, most_drives, renamed
from guestshell.guest.image import open_image
from guestshell.guest.ondisk.marks import standing
from guestshell.scan import share
from guestshell.scan.report import Target
from guestshell.scan.share import batches
from tests.images.build import MIB, run
from tests.images.lean import disks
from tests.images.volumes import volume_images


def copied(image: Path, directory: Path) -> Path:
    copy = directory / f"copy-of-{image.name}"
    run("cp", "--sparse=always", str(image), str(copy))
    return copy


def grouped(*images: Path) -> list[list[str]]:
    targets = [Target(number, str(image)) for number, image in enumerate(images)]
    return [[Path(target.name).name for target in batch] for batch in batches(targets, None)]


def test_devices_are_named_as_linux_does() -> None:
    names = [device_of(place) for place in (0, 25, 26, 27, 701, 702)]
    assert names == ["/dev/" + name for name in ("sda", "sdz", "sdaa", "sdab", "sdzz", "sdaaa")]


def test_only_the_own_disk_is_renamed() -> None:
    def own(text: str) -> str:
        return renamed(text, "/dev/sdb", "/dev/sda")

    assert own("/dev/sdb3") == "/dev/sda3"
    assert own("btrfsvol:/dev/sdb2/root") == "btrfsvol:/dev/sda2/root"
    assert own("bad superblock on /dev/sdb1, missing codepage") == (
        "bad superblock on /dev/sda1, missing codepage"
    )
    for other in ("/dev/sdbb1", "/dev/sda1", "/dev/sdb_1", "/dev/sdb1x", "/dev/vg/sdb1", "sdb"):
        assert own(other) == other
    assert renamed("/dev/sda1", "/dev/sda", "/dev/sdab") == "/dev/sdab1"


def test_an_appliance_takes_many_drives() -> None:
    assert most_drives() > 26


@pytest.mark.appliance
def test_copies_go_apart(debian: Path, demo: Path, tmp_path: Path) -> None:
    fedora, opensuse, rocky = volume_images()
    for image in (debian, fedora, opensuse, rocky):  # LVM, Btrfs, Btrfs, LVM
        copy = copied(image, tmp_path)
        assert grouped(demo, image, copy) == [[demo.name, image.name], [copy.name]]
        copy.unlink()
    together = [demo, debian, fedora, opensuse, rocky]
    assert grouped(*together) == [[image.name for image in together]]
    # ext4 may stand twice
    copy = copied(demo, tmp_path)
    assert grouped(demo, copy) == [[demo.name, copy.name]]


@pytest.mark.appliance
def test_parts_of_something_larger_are_looked_at_alone(tmp_path: Path) -> None:
    made = disks()
    text = tmp_path / "text"
    text.write_text("no image\n")
    missing = tmp_path / "missing"
    alone = [made["md1"], made["md2"], made["parts"], text, missing]  # NTFS is among the parts
    assert grouped(made["lvm"], *alone, made["luks"]) == [
        [made["lvm"].name, made["luks"].name],
        *([image.name] for image in alone),
    ]


def test_one_name_of_two_groups_is_enough(tmp_path: Path, debian: Path) -> None:
    found = standing(open_image(debian))
    assert found is not None
    assert "group vg0" in found.marks
    assert found.volumes == ("/dev/vg0/root", "/dev/vg0/swap")


def test_no_more_than_an_appliance_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share, "most_drives", lambda: 3)
    images = [tmp_path / f"{number}.img" for number in range(7)]
    with images[0].open("wb") as file:
        file.truncate(4 * MIB)
    run("mke2fs", "-q", "-t", "ext4", str(images[0]))
    for image in images[1:]:
        shutil.copy(images[0], image)
    assert [len(batch) for batch in grouped(*images)] == [3, 3, 1]
