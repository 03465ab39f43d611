"""The lean appliance: that it can do all that the stock one can, and steps back when it cannot."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from guestshell.cli import program
from guestshell.doctor import examine
from guestshell.engine import boot, machine
from guestshell.engine.boot import Drive
from guestshell.engine.lean import build, store
from guestshell.engine.lean.initrd import lean_initrd, pack, unpack
from guestshell.engine.lean.kernel import unpacked
from guestshell.engine.lean.source import copy_sparse
from guestshell.engine.machine import Accelerator
from guestshell.errors import ApplianceError, HostError
from tests.conftest import CACHE
from tests.engine.launching import launch
from tests.images.build import MIB
from tests.images.lean import KEY, disks


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, in which nothing is built."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for variable in (store.CHOICE, "LIBGUESTFS_PATH", "LIBGUESTFS_BACKEND"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def lean() -> Path:
    """A real lean appliance, built again only when one for this host would be another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(CACHE))
        return build.build(lambda stage: None)


@pytest.fixture
def placed(home: Path, lean: Path) -> Path:
    """The real one in the cache of this test, where it may be spoilt."""
    place = store.home() / lean.name
    place.mkdir(parents=True)
    for file in lean.iterdir():
        (place / file.name).symlink_to(file)
    return place


class Fake:
    """Stands in for what takes a minute: counts how often something is really built."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.error: Exception | None = None
        monkeypatch.setattr(build, "_fill", self.fill)

    def fill(self, directory: Path, progress: Callable[[str], None]) -> set[str]:
        self.count += 1
        time.sleep(0.2)
        (directory / "root").write_bytes(b"half of it")
        if self.error is not None:
            raise self.error
        return {"lvm2"}


@pytest.fixture
def fake(home: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return Fake(monkeypatch)


# -- what it can do: one launch with every kind of member, and the network -------------------


@pytest.fixture(scope="module")
def running(lean: Path) -> Iterator[Any]:
    drives = [Drive(str(disk), "raw") for disk in disks().values()]
    raw = boot.new_handle(drives, machine.choose_accelerator(), None, lean)
    raw.set_network(True)
    boot.start(raw)
    yield raw
    raw.close()


def where(raw: Any, device: str, name: str = "/where") -> str:
    raw.mount_ro(device, "/")
    try:
        return str(raw.read_file(name).decode())
    finally:
        raw.umount_all()


@pytest.mark.appliance
def test_logical_volumes_are_active_from_the_start(running: Any) -> None:
    assert running.lvs() == ["/dev/group/volume"]
    assert where(running, "/dev/group/volume") == "lvm"


@pytest.mark.appliance
def test_raid_arrays_are_assembled_from_the_start(running: Any) -> None:
    [array] = running.list_md_devices()
    assert where(running, array) == "md"


@pytest.mark.appliance
def test_luks_opens(running: Any) -> None:
    device = f"/dev/sd{chr(ord('a') + list(disks()).index('luks'))}"
    running.cryptsetup_open(device, KEY, "opened", readonly=True)
    assert where(running, "/dev/mapper/opened") == "luks"
    running.cryptsetup_close("/dev/mapper/opened")


@pytest.mark.appliance
@pytest.mark.parametrize(("number", "kind"), [(1, "btrfs"), (2, "ntfs"), (3, "vfat")])
def test_file_systems_of_partitions_mount(running: Any, number: int, kind: str) -> None:
    device = f"/dev/sde{number}"
    assert running.vfs_type(device) == kind
    assert where(running, device) == kind


@pytest.mark.appliance
@pytest.mark.parametrize("kind", ["iso", "squashfs"])
def test_file_systems_of_whole_disks_mount(running: Any, kind: str) -> None:
    if kind not in disks():
        pytest.skip(f"no tool of this host makes {kind}")
    device = f"/dev/sd{chr(ord('a') + list(disks()).index(kind))}"
    assert where(running, device).startswith(kind)


@pytest.mark.appliance
def test_xfs_is_in_the_kernel(running: Any) -> None:
    assert running.filesystem_available("xfs")


@pytest.mark.appliance
def test_windows_dynamic_disks_are_looked_for(running: Any) -> None:
    # nothing on this host makes such a disk: that its tool answers and was run is what can be seen
    assert running.feature_available(["ldm"])
    assert running.ldmtool_scan() == []
    assert running.debug("sh", ["ls /run/lean"]).split() == ["ldm", "lvm", "md"]


@pytest.mark.appliance
def test_a_network_is_had_on_demand(running: Any) -> None:
    addresses = running.debug("sh", ["ip -4 -o addr"])
    assert "127.0.0.1" in addresses
    assert "169.254." in addresses or "10.0.2." in addresses


@pytest.mark.appliance
def test_it_can_do_what_the_stock_one_can(running: Any, lean: Path) -> None:
    manifest = store.manifest_of(lean)
    assert manifest is not None
    assert {"lvm2", "ldm", "luks", "mdadm", "btrfs"} <= set(manifest.features)
    assert all(
        running.feature_available([name])
        for name in manifest.features
        if not name.startswith("file system ")
    )


# -- when it is used, and when not -----------------------------------------------------------


def test_one_that_was_never_built_is_not_used(home: Path) -> None:
    assert store.chosen() is None
    assert store.standing().why == "not built"


def test_a_cache_that_is_somebody_elses_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sudo that keeps HOME leaves such a directory; looking for a file in it raises."""
    monkeypatch.setenv("XDG_CACHE_HOME", f"/tmp/{'x' * 300}")  # raises for root too
    assert store.chosen() is None


def test_one_that_fits_is_used(fake: Fake) -> None:
    place = build.build(lambda stage: None)
    assert store.chosen() == place
    assert place.stat().st_mode & 0o777 == 0o700
    assert store.home().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LIBGUESTFS_PATH", "/opt/appliance"),
        ("LIBGUESTFS_BACKEND", "libvirt"),
        (store.CHOICE, "stock"),
    ],
)
def test_the_environment_wins(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    build.build(lambda stage: None)
    monkeypatch.setenv(variable, value)
    assert store.chosen() is None
    if variable != store.CHOICE:
        with pytest.raises(ApplianceError, match=variable):
            build.build(lambda stage: None)
    assert variable in store.standing().why


def test_the_program_builds_tells_and_drops(fake: Fake) -> None:
    def said(*words: str) -> str:
        result = CliRunner().invoke(program, ["appliance", *words])
        assert result.exit_code == 0, result.output
        return result.output

    assert said("status").splitlines() == ["stock: not built", "guestctl appliance build"]
    assert "built for this libguestfs" in said("build")
    assert said("status").startswith("lean: built for this libguestfs and kernel")
    assert said("drop").endswith("MiB freed\n")
    assert said("drop") == "there is none\n"


def test_the_doctor_tells_of_it(fake: Fake) -> None:
    def verdict() -> str:
        return next(f.verdict for f in examine(launch=False) if f.check == "appliance")

    assert verdict() == "note"
    build.build(lambda stage: None)
    assert verdict() == "ok"


def test_a_new_kernel_makes_it_stale(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    old = build.build(lambda stage: None)
    monkeypatch.setattr(store, "kernels", list)
    assert store.chosen() is None
    assert store.standing().why == "built before a change of the kernel"
    assert build.build(lambda stage: None) != old
    assert not old.exists()


def test_two_builds_at_once_make_one(fake: Fake) -> None:
    places: list[Path] = []
    threads = [
        threading.Thread(target=lambda: places.append(build.build(lambda stage: None)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fake.count == 1
    assert len(set(places)) == 1


def test_dropping_leaves_nothing(fake: Fake) -> None:
    build.build(lambda stage: None)
    assert store.drop() > 0
    assert not store.home().exists()
    assert store.drop() == 0
    assert store.chosen() is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(28, "No space left on device"), HostError),
        (RuntimeError("mount: it is not there\nand more"), ApplianceError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_build_that_fails_leaves_nothing(
    fake: Fake, error: Exception, expected: type[Exception]
) -> None:
    fake.error = error
    with pytest.raises(expected) as caught:
        build.build(lambda stage: None)
    assert list(store.home().iterdir()) == []
    assert "\n" not in str(caught.value)
    assert store.chosen() is None


def test_a_full_disk_is_said_before_anything_is_copied(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(HostError, match="0 MiB free") as caught:
        build._check_space(home, 2**30)
    assert "XDG_CACHE_HOME" in caught.value.remedy


@pytest.mark.appliance
def test_a_broken_one_gives_way_to_the_stock_one_and_is_remembered(
    placed: Path, blank_disk: Path
) -> None:
    assert store.chosen() == placed
    initrd = placed / "initrd"
    half = initrd.read_bytes()[:1000]
    initrd.unlink()
    initrd.write_bytes(half)
    launched, notices = launch(Drive(str(blank_disk), "raw"))
    assert launched.handle.list_devices() == ["/dev/sda"]
    launched.handle.raw.close()
    assert notices == [
        "The appliance did not start; trying once more.",
        "The lean appliance does not start; starting the stock one, which is slower.",
    ]
    assert store.chosen() is None
    assert store.standing().why.startswith("did not start: ")


def test_one_that_failed_once_is_tried_again(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    place = build.build(lambda stage: None)
    tried: list[Path | None] = []
    launched = object()

    def launch_once(*arguments: object) -> object:
        appliance = arguments[4] if len(arguments) > 4 else None
        assert appliance is None or isinstance(appliance, Path)
        tried.append(appliance)
        if len(tried) == 1:
            raise ApplianceError("it locked up")
        return launched

    monkeypatch.setattr(boot, "_launch_once", launch_once)
    answer, notices = launch()
    assert answer is launched
    assert tried == [place, place]
    assert notices == ["The appliance did not start; trying once more."]
    assert not store.has_failed(place)


def test_emulated_it_has_as_many_processors_as_it_is_said(blank_disk: Path) -> None:
    emulated = boot.bare_handle(Accelerator(kvm=False, reason=""))
    assert emulated.get_smp() == 1
    emulated.close()
    quicker = boot.bare_handle(Accelerator(kvm=False, reason=""), processors=2)
    assert quicker.get_smp() == min(2, os.cpu_count() or 1)
    quicker.close()
    virtual = boot.bare_handle(Accelerator(kvm=True, reason=""))
    assert virtual.get_smp() == min(2, os.cpu_count() or 1)
    virtual.close()


def test_what_fails_with_both_is_not_blamed_on_it(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = build.build(lambda stage: None)

    def launch_once(*_arguments: object, **_options: object) -> None:
        raise ApplianceError("it is the disk")

    monkeypatch.setattr(boot, "_launch_once", launch_once)
    with pytest.raises(ApplianceError, match="it is the disk"):
        launch()
    assert not store.has_failed(place)


# -- what it is made of ----------------------------------------------------------------------


def test_the_initrd_keeps_what_the_root_needs_in_an_order_that_loads() -> None:
    stock = pack(
        [
            ("init", 0o100755, b"\x7fELF"),
            ("sd_mod.ko", 0o100644, b"\0depends=scsi-mod\0"),
            ("scsi_mod.ko", 0o100644, b"\0depends=\0"),
            ("ext4.ko", 0o100644, b"\0depends=\0softdep=pre: crc32c\0"),
            ("crc32c_generic.ko", 0o100644, b"\0alias=crc32c\0"),
            ("ata_piix.ko", 0o100644, b"\0depends=scsi_mod\0"),
            (
                "modules",
                0o100644,
                b"ata_piix.ko\nsd_mod.ko\nscsi_mod.ko\next4.ko\ncrc32c_generic.ko\n",
            ),
        ]
    )
    members = dict(unpack(lean_initrd(stock)))
    loaded = members["modules"].decode().split()
    assert loaded == ["scsi_mod.ko", "sd_mod.ko", "crc32c_generic.ko", "ext4.ko"]
    assert set(members) == {"init", "modules", *loaded}
    assert members["init"] == b"\x7fELF"


@pytest.mark.parametrize("archive", [b"", b"\x1f\x8b compressed", pack([("init", 0o755, b"x")])])
def test_an_initrd_of_another_make_is_refused(archive: bytes) -> None:
    with pytest.raises(ApplianceError, match="initrd of the stock appliance"):
        lean_initrd(archive)


@pytest.mark.parametrize("image", [b"", b"\x7fELF" * 200, bytes(0x202) + b"HdrS" + bytes(600)])
def test_a_kernel_of_another_kind_stays_as_it_is(image: bytes) -> None:
    assert unpacked(image) is None


def test_holes_stay_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.seek(64 * MIB)
        file.write(b"data")
        file.truncate(128 * MIB)
    with target.open("wb") as file:
        file.truncate(128 * MIB)
    copy_sparse(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks * 512 < MIB


def test_an_unreadable_manifest_is_no_manifest(tmp_path: Path) -> None:
    assert store.manifest_of(tmp_path) is None
    (tmp_path / "manifest.json").write_text(json.dumps({"other": 1}))
    assert store.manifest_of(tmp_path) is None
