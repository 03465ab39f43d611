"""A real Debian on GPT and LVM against the tar that it was made of."""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.engine.handle import Handle
from guestshell.guest.finding import open_layout
from guestshell.guest.inspect_os import FIELDS
from guestshell.guest.mounts import MountTable
from guestshell.values import decode_name
from tests.conftest import Console
from tests.images.build import run
from tests.images.debian import FSTAB, HOSTNAME

pytestmark = pytest.mark.appliance

CHANGED = {"/etc/fstab", "/etc/hostname"}
"""Written after the tar was unpacked."""

ADDED = {"/boot/lost+found", "/lost+found"}

KINDS = {
    tarfile.REGTYPE: "file", tarfile.LNKTYPE: "file", tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink", tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device", tarfile.FIFOTYPE: "fifo",
}  # fmt: skip


@pytest.fixture(scope="module")
def tar(debian_contents: Path) -> Iterator[tarfile.TarFile]:
    with tarfile.open(debian_contents, encoding="utf-8", errors="surrogateescape") as opened:
        yield opened


@pytest.fixture(scope="module")
def members(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    return {"/" + m.name.removeprefix("./").rstrip("/"): m for m in tar if m.name.strip("./")}


@pytest.fixture
def shell(debian_guest: Guest) -> Console:
    return Console(debian_guest)


def test_inspect(shell: Console) -> None:
    lines = shell.lines("inspect")
    assert lines[0] == "OS: Debian GNU/Linux 12 (bookworm)"
    assert "Hostname: bookworm-lvm" in lines
    assert "Init: systemd" in lines
    assert any(line.split() == ["/boot", "/dev/sda2", "ext4", "ro"] for line in lines)
    assert any(line.split() == ["/", "/dev/vg0/root", "ext4", "ro"] for line in lines)
    assert not any("warning" in line.lower() for line in lines)


def test_every_file_is_there_with_its_kind_size_owner_and_mode(
    debian_guest: Guest, members: dict[str, tarfile.TarInfo]
) -> None:
    found = {entry.path: entry for entry in debian_guest.walk("/")}
    assert set(found) - ADDED == set(members) | (CHANGED - set(members))
    wrong = []
    for path, member in members.items():
        entry = found[decode_name(path.encode("utf-8", "surrogateescape"))]
        same = (
            entry.kind == KINDS[member.type] and entry.uid == member.uid and entry.gid == member.gid
        )
        if member.issym():
            same = same and entry.target == member.linkname
        else:
            same = same and entry.mode & 0o7777 == member.mode
        if member.isreg() and path not in CHANGED:
            same = same and entry.size == member.size and entry.mtime // 10**9 == int(member.mtime)
        if not same:
            wrong.append(path)
    assert wrong == []


def test_contents_below_etc_are_the_same(
    debian_guest: Guest, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]
) -> None:
    compared = 0
    for path, member in members.items():
        if path.startswith("/etc/") and member.isreg() and path not in CHANGED:
            source = tar.extractfile(member)
            assert source is not None
            assert debian_guest.read_bytes(path) == source.read(), path
            compared += 1
    assert compared > 50


def test_a_large_program_has_the_same_digest(
    debian_guest: Guest, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]
) -> None:
    path = max((p for p, m in members.items() if m.isreg()), key=lambda p: members[p].size)
    source = tar.extractfile(members[path])
    assert source is not None
    assert debian_guest.hash(path) == hashlib.sha256(source.read()).hexdigest()


def test_ls(shell: Console, members: dict[str, tarfile.TarInfo]) -> None:
    expected = {p.rsplit("/", 1)[1] for p in members if p.rsplit("/", 1)[0] == "/etc"} | {
        "fstab", "hostname",
    }  # fmt: skip
    listed = {line.split()[7] for line in shell.lines("ls -la /etc")[1:]}
    assert listed == expected


def test_cat(shell: Console) -> None:
    assert shell.run("cat /etc/hostname") == HOSTNAME
    assert shell.run("cat /etc/fstab") == FSTAB


def test_find(shell: Console, members: dict[str, tarfile.TarInfo]) -> None:
    expected = sorted(path for path in members if path.endswith(".conf"))
    assert sorted(shell.lines("find / -name '*.conf'")) == expected
    setuid = sorted(p for p, m in members.items() if m.isreg() and m.mode & 0o4000)
    assert sorted(shell.lines("find / -type f -perm -4000")) == setuid


def test_packages(shell: Console, debian_guest: Guest, tmp_path: Path) -> None:
    assert [line.split()[0] for line in shell.lines("packages 'openssh*'")[1:]] == [
        "openssh-client"
    ]
    ours = {(package.name, package.version) for package in debian_guest.packages()}
    (tmp_path / "status").write_bytes(debian_guest.read_bytes("/var/lib/dpkg/status"))
    form = "--showformat=${Package} ${Version}\\n"
    listed = run("dpkg-query", "--admindir", str(tmp_path), "--show", form)
    assert ours == {tuple(line.split()) for line in listed.splitlines()}


@pytest.mark.parametrize("image", ["debian_guest", "demo_guest"])
def test_the_cheap_way_agrees_with_inspect_os(image: str, request: pytest.FixtureRequest) -> None:
    guest: Guest = request.getfixturevalue(image)
    system = guest.inspect().os
    assert system is not None
    assert not guest.layout().asked, "this image must be settled without inspect_os"

    def ask(handle: Handle) -> tuple[dict[str, str], dict[str, str]]:
        [root] = handle.inspect_os()
        assert root == system.root
        names = [name for name in FIELDS if not name.startswith("windows")]
        fields = {name: handle.inspected(name, root) for name in names}
        mounts = handle.inspected_mounts(root)
        open_layout(handle, MountTable())
        return fields, mounts

    fields, mounts = guest.appliance.call(ask)
    assert fields == {
        "type": system.type,
        "distro": system.distribution,
        "product_name": system.product,
        "product_variant": system.variant or "unknown",
        "osinfo": system.osinfo,
        "major_version": system.version.split(".")[0],
        "minor_version": system.version.split(".")[1],
        "hostname": system.hostname,
        "arch": system.architecture,
        "package_management": system.package_manager,
        "package_format": system.package_format,
    }
    assert mounts == {mount.directory: mount.device for mount in guest.mounts()}
