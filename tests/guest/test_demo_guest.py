"""Guest on the teaching image: what went in must come out, byte for byte."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from guestshell import Guest, GuestError, HostError, NoSuchPath, PathError
from guestshell.demo import story
from guestshell.errors import ImageError
from guestshell.values import encode_name

pytestmark = pytest.mark.appliance


def test_inspection(demo_guest: Guest) -> None:
    inspection = demo_guest.inspect()
    assert inspection.os is not None
    assert inspection.os.name == "Debian GNU/Linux 12 (bookworm)"
    assert inspection.os.hostname == "web01"
    assert inspection.os.architecture == "x86_64"
    assert inspection.os.package_manager == "apt"
    assert inspection.os.init == "systemd"
    assert inspection.os.time_zone == "Europe/Berlin"
    assert inspection.kernels == ("6.1.0-37-amd64",)
    assert [(mount.directory, mount.device) for mount in inspection.mounts] == [("/", "/dev/sda1")]
    assert inspection.warnings == ()
    assert inspection.headline == "Debian GNU/Linux 12 (bookworm), x86_64, web01"


def test_every_file_holds_what_was_written(demo_guest: Guest) -> None:
    for path, text in story.TEXTS.items():
        assert demo_guest.read_bytes(path) == encode_name(text), path
    for path, data in story.DATA.items():
        assert demo_guest.read_bytes(path) == data, path


def test_listing_holds_every_name(demo_guest: Guest) -> None:
    expected = {path.rsplit("/", 1)[1] for path in story.TEXTS if path.startswith("/srv/names/")}
    assert {entry.name for entry in demo_guest.ls("/srv/names")} == expected
    assert len(demo_guest.ls(story.MANY)) == story.MANY_COUNT


def test_entries_agree_with_debugfs(demo_guest: Guest, demo: Path) -> None:
    entry = demo_guest.entry("/usr/lib/.cache/kworker")
    command = ["debugfs", "-R", "stat /usr/lib/.cache/kworker", f"{demo}?offset=1048576"]
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    oracle = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert f"Inode: {entry.inode} " in oracle.stdout
    assert f"Size: {entry.size}" in oracle.stdout
    assert "Mode:  04755" in oracle.stdout
    assert entry.mode & 0o7777 == 0o4755
    assert (entry.owner, entry.group) == ("root", "root")
    assert entry.mtime == story.TIMES[entry.path] * 10**9
    assert entry.ctime == story.CHANGES[entry.path] * 10**9


def test_owners_have_the_guests_names(demo_guest: Guest) -> None:
    assert demo_guest.entry("/home/alice/notes.txt").owner == "alice"
    users = {str(user.name): user for user in demo_guest.users()}
    assert users["sysupd"].password == "none"
    assert users["root"].password == "locked"
    assert users["alice"].password == "set"
    assert demo_guest.entry("/").owner == "root"
    assert "alice" in next(g for g in demo_guest.groups() if g.name == "sudo").members


def test_symlinks_stay_in_the_guest(demo_guest: Guest) -> None:
    assert demo_guest.entry("/srv/absolute").target == "/etc/hostname"
    assert demo_guest.read_text("/srv/absolute") == "web01\n"
    assert demo_guest.resolve("/srv/../etc/os-release") == "/usr/lib/os-release"
    with pytest.raises(PathError, match="symbolic links"):
        demo_guest.read_bytes("/srv/loop")


def test_stat_tells_attributes(demo_guest: Guest) -> None:
    stat = demo_guest.stat("/etc/shadow")
    assert stat.selinux == story.SELINUX["/etc/shadow"]
    assert stat.permissions == "0640"
    assert stat.mtime == stat.ctime == story.TIMES["/etc/shadow"] * 10**9
    assert stat.kind == "file"


def test_what_is_not_a_file_is_never_read(demo_guest: Guest) -> None:
    with pytest.raises(PathError, match="is a directory"):
        demo_guest.read_bytes("/etc")
    with pytest.raises(PathError, match="is a fifo"):
        demo_guest.read_bytes("/run/initctl")
    with pytest.raises(NoSuchPath, match="/nope: no such file or directory"):
        demo_guest.read_bytes("/nope")
    with pytest.raises(PathError, match="not a directory"):
        demo_guest.ls("/etc/passwd")


def test_a_sparse_file_is_read_from_its_end_at_once(demo_guest: Guest) -> None:
    path, size, end = story.SPARSE
    with demo_guest.open(path) as file:
        assert file.seek(0, os.SEEK_END) == size
        file.seek(-len(end), os.SEEK_END)
        assert file.read() == end
        file.seek(10)
        assert file.read(4) == bytes(4)
        assert file.tell() == 14
        with pytest.raises(ValueError, match="negative"):
            file.seek(-1)
    assert b"".join(demo_guest.blocks(path, size - len(end))) == end
    assert b"".join(demo_guest.blocks(path, 5, 3)) == bytes(3)


def test_hash(demo_guest: Guest) -> None:
    data = story.TEXTS["/etc/passwd"].encode()
    assert demo_guest.hash("/etc/passwd") == hashlib.sha256(data).hexdigest()
    assert demo_guest.hash("/etc/passwd", "md5") == hashlib.md5(data).hexdigest()


def test_walk_meets_everything_once(demo_guest: Guest) -> None:
    found = [entry.path for entry in demo_guest.walk("/")]
    assert len(found) == len(set(found))
    assert set(story.TEXTS) <= set(found)
    assert {path for path, _ in demo_guest.walk_names("/")} == set(found)


def test_packages(demo_guest: Guest) -> None:
    names = [package.name for package in demo_guest.packages()]
    assert "openssh-server" in names
    assert "telnetd" not in names


def test_suggestions(demo_guest: Guest) -> None:
    assert demo_guest.suggest("/etc/hostnme") == "/etc/hostname"
    assert demo_guest.suggest("/ect/hostname") == "/etc/hostname"
    assert demo_guest.suggest("/zzzzzz") is None


def test_storage(demo_guest: Guest, demo: Path) -> None:
    [disk] = demo_guest.disks()
    assert (disk.device, disk.table, disk.format) == ("/dev/sda", "mbr", "raw")
    assert disk.size == demo.stat().st_size
    [partition] = demo_guest.partitions()
    assert (partition.start, partition.size, partition.type) == (2**20, 96 * 2**20, "0x83")
    [file_system] = demo_guest.filesystems()
    assert (file_system.type, file_system.label, file_system.mounted) == ("ext4", "web01", "/")
    [usage] = demo_guest.usage()
    assert 0 < usage.used < usage.size


# -- save ------------------------------------------------------------------------------------------


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_save_a_file(demo_guest: Guest, target: Path) -> None:
    advanced: list[int] = []
    [saved] = demo_guest.save("/srv/absolute", target, advance=advanced.append)
    file = target / "absolute"
    assert file.read_text() == "web01\n"
    assert file.stat().st_mtime_ns == story.INSTALLED * 10**9
    assert saved.sha256 == hashlib.sha256(b"web01\n").hexdigest()
    assert (saved.size, sum(advanced)) == (6, 6)


def test_save_never_overwrites_unasked(demo_guest: Guest, target: Path) -> None:
    (target / "hostname").write_text("mine")
    with pytest.raises(HostError, match="exists already"):
        list(demo_guest.save("/etc/hostname", target))
    (target / "link").symlink_to(target / "elsewhere")
    with pytest.raises(HostError, match="exists already"):
        list(demo_guest.save("/etc/hostname", target / "link"))
    assert (target / "hostname").read_text() == "mine"
    list(demo_guest.save("/etc/hostname", target, force=True))
    assert (target / "hostname").read_text() == "web01\n"


def test_save_a_tree(demo_guest: Guest, target: Path) -> None:
    with pytest.raises(PathError, match="is a directory"):
        list(demo_guest.save("/srv", target))
    rows = {str(row.path): row for row in demo_guest.save("/srv", target, recursive=True)}
    assert rows["/srv/absolute"].skipped == "is a symlink that leads out"
    assert not os.path.lexists(target / "srv" / "absolute")
    for path, text in story.TEXTS.items():
        if path.startswith("/srv/"):
            saved = os.fsencode(target) + encode_name(path)
            with open(saved, "rb") as file:  # noqa: PTH123  the name is bytes
                assert file.read() == encode_name(text)
    fifo = {str(row.path): row for row in demo_guest.save("/run", target, recursive=True)}
    assert fifo["/run/initctl"].skipped == "is a fifo"
    again = list(demo_guest.save("/srv", target, recursive=True, force=True))
    assert len(again) == len(rows)


def test_save_on_a_full_disk_leaves_nothing(demo_guest: Guest) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with pytest.raises(HostError):
        list(demo_guest.save("/etc/hostname", Path("/proc/guestctl-test")))


def test_save_reports_a_full_disk_in_one_line(
    demo_guest: Guest, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(HostError, match="no space left on the host"):
        list(demo_guest.save("/etc/hostname", target))
    with pytest.raises(HostError, match="no space left on the host"):
        list(demo_guest.save("/etc", target, recursive=True))
    assert list(target.iterdir()) == []


# -- other images ----------------------------------------------------------------------------------


def test_a_disk_without_system_is_mounted_by_device(data_disk: Path) -> None:
    with Guest(data_disk) as guest:
        inspection = guest.inspect()
        assert inspection.os is None
        assert inspection.headline == "no operating system, 2 file systems mounted"
        assert [entry.name for entry in guest.ls("/")] == ["sda1", "sda2"]
        assert guest.read_text("/sda2/only-on-2") == "data\n"
        # over 4 MiB of names, which one message of the protocol cannot carry
        names = guest.names("/sda1/long")
        assert len(names) == 20_000
        assert {dirent.kind for dirent in names} == {"r"}
        assert len(guest.ls("/sda1/long")) == 20_000
        guest.unmount("/sda2")
        with pytest.raises(GuestError, match="nothing is mounted there"):
            guest.unmount("/sda2")
        guest.unmount("/dev/sda1")
        with pytest.raises(GuestError, match="nothing is mounted"):
            guest.ls("/")
        guest.mount("/dev/sda2")
        assert [entry.name for entry in guest.ls("/")] == ["lost+found", "only-on-2"]
        with pytest.raises(GuestError, match="no such device"):
            guest.mount("/dev/sdz1")


def test_several_images_are_one_guests_disks(demo: Path, blank_disk: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "demo.qcow2"
    command = [
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        str(demo),
        "-F",
        "raw",
        str(overlay),
    ]
    subprocess.run(command, check=True)
    with Guest(overlay, blank_disk) as guest:
        assert [disk.format for disk in guest.disks()] == ["qcow2", "raw"]
        assert guest.read_text("/etc/hostname") == "web01\n"
        assert guest.inspect().warnings == ()
        kinds = {row.device: row.type for row in guest.filesystems()}
        assert kinds == {"/dev/sda1": "ext4", "/dev/sdb": "unknown"}


def test_what_the_guest_wrote_is_never_taken_for_an_image_format(
    demo: Path, tmp_path: Path
) -> None:
    # a disk whose first bytes are a qcow2 header that names a host file
    inner, outer = tmp_path / "inner.qcow2", tmp_path / "outer.qcow2"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(demo), "-F", "raw", str(inner)]
    subprocess.run(command, check=True)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", inner, outer], check=True)
    for image, image_format in ((outer, "qcow2"), (inner, "raw")):
        with Guest(image, image_format=image_format) as guest:
            assert guest.partitions() == []
            size = guest.appliance.call(lambda handle: handle.device_size("/dev/sda"))
            assert size < demo.stat().st_size
            assert guest.inspect().os is None


def test_a_blank_disk_opens_with_the_device_commands(blank_disk: Path) -> None:
    with Guest(blank_disk) as guest:
        assert guest.inspect().os is None
        assert guest.mounts() == []
        with pytest.raises(GuestError, match="nothing is mounted"):
            guest.ls("/")


def test_an_image_that_is_none_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        Guest(tmp_path / "missing.img")
    with pytest.raises(TypeError):
        Guest()
