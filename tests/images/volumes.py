"""Systems on Btrfs subvolumes and logical volumes, which only an appliance can make."""

import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.images.build import cached, guestfish
from tests.images.disks import LVM, Part, disk, uuid
from tests.images.rpm import make_rpm_root, missing_tools
from tests.images.systems import RECIPE, os_release, tree


def _fedora_tree(root: Path) -> Path:
    release = os_release(
        NAME="Fedora Linux", ID="fedora", VERSION_ID="39",
        PRETTY_NAME="Fedora Linux 39 (Server Edition)",
    )  # fmt: skip
    fstab = (
        f"UUID={uuid(21)} / btrfs subvol=root,compress=zstd:1 0 0\n"
        f"UUID={uuid(22)} /boot ext4 defaults 1 2\n"
        f"UUID={uuid(21)} /home btrfs subvol=home,compress=zstd:1 0 0\n"
    )
    files = {
        "etc/fedora-release": "Fedora release 39 (Thirty Nine)\n",
        "etc/redhat-release": "-> fedora-release",
        "etc/hostname": "fedora.example.com\n",
        "usr/bin/dnf": "-> dnf-3",
        "usr/bin/dnf-3": "#!/usr/bin/python3\n",
    }
    system = tree(root, release, fstab, files)
    if not missing_tools():
        make_rpm_root(system)
    return system


def _opensuse_tree(root: Path) -> Path:
    release = os_release(
        NAME="openSUSE Leap", ID="opensuse-leap", VERSION_ID="15.5",
        PRETTY_NAME="openSUSE Leap 15.5",
    )  # fmt: skip
    fstab = "".join(
        f"UUID={uuid(23)} {place} btrfs {options} 0 0\n"
        for place, options in (
            ("/", "defaults"),
            ("/var", "subvol=/@/var"),
            ("/home", "subvol=/@/home"),
            ("/.snapshots", "subvol=/@/.snapshots"),
        )
    )
    system = tree(root, release, fstab, {"etc/hostname": "leap\n"}, merged=False)
    (system / ".snapshots").mkdir()
    return system


def _rocky_tree(root: Path) -> Path:
    release = os_release(
        NAME="Rocky Linux", ID="rocky", VERSION_ID="9.2", PRETTY_NAME="Rocky Linux 9.2 (Blue Onyx)"
    )
    fstab = (
        "/dev/mapper/rl_host-root / ext4 defaults 0 0\n"
        f"UUID={uuid(24)} /boot ext4 defaults 0 0\n"
        "/dev/mapper/rl_host-home /home ext4 defaults 0 0\n"
        "/dev/mapper/rl_host-swap none swap defaults 0 0\n"
    )
    files = {
        "etc/rocky-release": "Rocky Linux release 9.2 (Blue Onyx)\n",
        "etc/redhat-release": "Rocky Linux release 9.2 (Blue Onyx)\n",
        "etc/hostname": "rocky.example.com\n",
    }
    return tree(root, release, fstab, files)


_SCRIPT = """run
mount /dev/sda2 /
btrfs-subvolume-create /root
btrfs-subvolume-create /home
umount /
mount btrfsvol:/dev/sda2/root /
tar-in {fedora} /
umount /
mount /dev/sdb1 /
btrfs-subvolume-create /@
btrfs-subvolume-create /@/var
btrfs-subvolume-create /@/home
btrfs-subvolume-create /@/.snapshots
mkdir /@/.snapshots/1
btrfs-subvolume-create /@/.snapshots/1/snapshot
tar-in {opensuse} /@/.snapshots/1/snapshot
btrfs-subvolume-set-default {default} /
mkdir /@/.snapshots/2
btrfs-subvolume-snapshot /@/.snapshots/1/snapshot /@/.snapshots/2/snapshot ro:true
umount /
pvcreate /dev/sdc2
vgcreate rl_host /dev/sdc2
lvcreate root rl_host 32
lvcreate home rl_host 16
lvcreate swap rl_host 8
mkfs ext4 /dev/rl_host/root label:rockyroot
mkfs ext4 /dev/rl_host/home label:rockyhome
mkswap /dev/rl_host/swap
mount /dev/rl_host/root /
tar-in {rocky} /
umount /
"""

_FIRST_SUBVOLUME = 256
"""The number of the first subvolume that somebody makes, btrfs-subvolume(8)."""


def _tar(root: Path, target: Path) -> Path:
    def owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        return member

    with tarfile.open(target, "w") as tar:
        tar.add(root, ".", filter=owned_by_root)
    return target


def _build_together(images: Sequence[Path], trees: Sequence[Path]) -> None:
    fedora, opensuse, rocky = images
    disk(fedora, "gpt", [Part(16, "ext4", uuid=uuid(22), label="fboot"),
                         Part(256, "btrfs", uuid=uuid(21), label="fedora")])  # fmt: skip
    disk(opensuse, "gpt", [Part(256, "btrfs", uuid=uuid(23), label="leap")])
    disk(rocky, "dos", [Part(16, "ext4", uuid=uuid(24), label="rockyboot"),
                        Part(80, type=LVM)])  # fmt: skip
    tars = [_tar(root, root.with_suffix(".tar")) for root in trees]
    script = _SCRIPT.format(
        fedora=tars[0], opensuse=tars[1], rocky=tars[2], default=_FIRST_SUBVOLUME + 4
    )
    drives = [word for image in images for word in ("-a", str(image))]
    guestfish(script, "--format=raw", *drives)


def volume_images() -> tuple[Path, Path, Path]:
    """Give the Fedora, the openSUSE and the Rocky, made in one appliance."""
    names = ("fedora", "opensuse", "rocky")
    made: dict[str, Path] = {}

    def build(image: Path) -> None:
        if not made:
            with tempfile.TemporaryDirectory() as directory:
                base = Path(directory)
                trees = [
                    _fedora_tree(base / "fedora"),
                    _opensuse_tree(base / "opensuse"),
                    _rocky_tree(base / "rocky"),
                ]
                images = [image.with_name(f"{name}.building") for name in names]
                _build_together(images, trees)
            made.update(zip(names, images, strict=True))
        shutil.move(made[image.name.split("-")[0]], image)

    first, second, third = (
        cached(f"{name}.img", f"{RECIPE} {_SCRIPT} {name} {missing_tools()}", build)
        for name in names
    )
    for leftover in made.values():
        leftover.unlink(missing_ok=True)
    return first, second, third
