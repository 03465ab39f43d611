"""Small images that look like what the installers of the families leave behind."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from guestshell.demo import story
from tests.images.build import cached
from tests.images.disks import ESP, FREEBSD, SWAP, Part, disk, uuid

RECIPE = "systems 3"
"""Changes whenever what is built here, or of these trees, does."""


def os_release(**values: str) -> str:
    return "".join(f'{key}="{value}"\n' for key, value in values.items())


def tree(
    root: Path, release: str, fstab: str, files: Mapping[str, str | bytes], *, merged: bool = True
) -> Path:
    """Lay out a small Linux. With `merged` /bin and its like are links into /usr."""
    for name in ("boot", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "sbin"):
        (root / "usr" / name).mkdir()
        if merged:
            (root / name).symlink_to(f"usr/{name}")
        else:
            (root / name).mkdir()
    contents: dict[str, str | bytes] = {
        "etc/fstab": fstab,
        "etc/hosts": "127.0.0.1 localhost\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/group": "root:x:0:\n",
        "usr/lib/os-release": release,
        "bin/bash": story.program(),
        "bin/sh": "-> bash",
        "bin/ls": story.program(),
        "etc/os-release": "-> ../usr/lib/os-release",
        **files,
    }
    for name, content in contents.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if isinstance(content, str) and content.startswith("-> "):
            place.symlink_to(content[3:])
        else:
            place.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


# -- each family -------------------------------------------------------------------------------


def ubuntu(root: Path) -> list[Part]:
    release = os_release(
        PRETTY_NAME="Ubuntu 22.04.4 LTS", NAME="Ubuntu", VERSION_ID="22.04", ID="ubuntu",
        ID_LIKE="debian",
    )  # fmt: skip
    lsb = os_release(
        DISTRIB_ID="Ubuntu", DISTRIB_RELEASE="22.04", DISTRIB_CODENAME="jammy",
        DISTRIB_DESCRIPTION="Ubuntu 22.04.4 LTS",
    )  # fmt: skip
    fstab = (
        "# /etc/fstab: static file system information.\n"
        f"/dev/disk/by-uuid/{uuid(1)} / ext4 defaults 0 1\n"
        "/dev/disk/by-uuid/0011-2233 /boot/efi vfat defaults 0 1\n"
        "/swap.img none swap sw 0 0\n"
    )
    files = {
        "etc/lsb-release": lsb,
        "etc/debian_version": "bookworm/sid\n",
        "etc/hostname": "jammy\n",
        "boot/efi/.keep": "",
    }
    system = tree(root, release, fstab, files)
    return [
        Part(34, "vfat", uuid="0011-2233", label="ESP", type=ESP),
        Part(24, "ext4", system, uuid(1), "ubuntu-root"),
    ]


def centos(root: Path) -> list[Part]:
    release = os_release(
        NAME="CentOS Linux", VERSION="7 (Core)", ID="centos", VERSION_ID="7",
        PRETTY_NAME="CentOS Linux 7 (Core)",
    )  # fmt: skip
    files = {
        "etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n",
        "etc/redhat-release": "-> centos-release",
        "etc/sysconfig/network": "NETWORKING=yes\nHOSTNAME=centos.example.com\n",
    }
    return [Part(24, "ext4", tree(root, release, "LABEL=centos / ext4 defaults 0 0\n", files),
                 uuid(2), "centos")]  # fmt: skip


def arch(root: Path) -> list[Part]:
    release = os_release(NAME="Arch Linux", PRETTY_NAME="Arch Linux", ID="arch", BUILD_ID="rolling")
    fstab = (
        f"# /dev/vda1\nUUID={uuid(3)}\t/\text4\trw,relatime\t0 1\n"
        f"UUID={uuid(4)} none swap defaults 0 0\n"
    )
    files = {
        "etc/arch-release": "",
        "etc/hostname": "arch\n",
        "var/lib/pacman/local/ALPM_DB_VERSION": "9\n",
    }
    return [
        Part(24, "ext4", tree(root, release, fstab, files), uuid(3), "arch"),
        Part(8, "swap", uuid=uuid(4), label="archswap", type=SWAP),
    ]


def alpine(root: Path) -> list[Part]:
    release = os_release(
        NAME="Alpine Linux", ID="alpine", VERSION_ID="3.18.4", PRETTY_NAME="Alpine Linux v3.18"
    )
    fstab = f"UUID={uuid(5)}\t/\text4\trw 0 1\nUUID={uuid(6)}\t/boot\text4\trw 0 2\n"
    files: dict[str, str | bytes] = {
        "etc/alpine-release": "3.18.4\n",
        "etc/hostname": "alpine\n",
        "bin/busybox": story.program(),
        "bin/bash": "-> /bin/busybox",
        "bin/sh": "-> /bin/busybox",
        "bin/ls": "-> /bin/busybox",
        "sbin/init": "-> /bin/busybox",
    }
    system = tree(root, release, fstab, files, merged=False)
    (system / "bin/bash").unlink()
    return [
        Part(8, "ext4", uuid=uuid(6), label="alpineboot"),
        Part(24, "ext4", system, uuid(5), "alpine"),
    ]


def gentoo(root: Path) -> list[Part]:
    release = os_release(NAME="Gentoo", ID="gentoo", PRETTY_NAME="Gentoo Linux", VERSION_ID="2.14")
    fstab = f"UUID={uuid(7)} / ext4 noatime 0 1\nUUID={uuid(8)} /boot ext4 noauto,noatime 1 2\n"
    files: dict[str, str | bytes] = {
        "etc/gentoo-release": "Gentoo Base System release 2.14\n",
        "etc/conf.d/hostname": '# the name\nhostname="gentoo"\n',
        "sbin/openrc": story.program(),
    }
    return [
        Part(8, "ext4", uuid=uuid(8), label="gentooboot"),
        Part(24, "ext4", tree(root, release, fstab, files), uuid(7), "gentoo"),
    ]


def freebsd(root: Path) -> list[Part]:
    for name in ("bin", "dev", "etc", "home", "usr/home"):
        (root / name).mkdir(parents=True)
    for name, content in {
        "etc/freebsd-update.conf": b"Components src world kernel\n",
        "etc/fstab": b"/dev/ada0p1 / ufs rw 1 1\n",
        "etc/motd": b"FreeBSD 13.2-RELEASE (GENERIC)\n",
        "etc/rc.conf": b'hostname="beastie"\nsshd_enable="YES"\n',
        "bin/sh": story.program(),
        "bin/ls": story.program(),
    }.items():
        (root / name).write_bytes(content)
    return [Part(16, "ffs", root, type=FREEBSD)]


def three(root: Path) -> list[Part]:
    """Three systems that share /home, and data of their own."""
    home = f"UUID={uuid(14)} /home ext4 defaults 0 2\n"
    kali = tree(
        root / "kali",
        os_release(
            PRETTY_NAME="Kali GNU/Linux Rolling", NAME="Kali GNU/Linux", VERSION_ID="2023.4",
            ID="kali",
        ),
        f"UUID={uuid(11)} / ext4 defaults 0 1\n{home}UUID={uuid(12)} /mnt ext4 ro 0 2\n",
        {"etc/hostname": "kali\n", "etc/debian_version": "kali-rolling\n", "mnt/.keep": ""},
    )  # fmt: skip
    mint = tree(
        root / "mint",
        os_release(
            NAME="Linux Mint", VERSION_ID="21.2", ID="linuxmint", PRETTY_NAME="Linux Mint 21.2"
        ),
        f"UUID={uuid(12)} / ext4 defaults 0 1\n{home}",
        {
            "etc/hostname": "mint\n",
            "etc/debian_version": "bookworm/sid\n",
            "etc/lsb-release": os_release(
                DISTRIB_ID="LinuxMint", DISTRIB_RELEASE="21.2",
                DISTRIB_DESCRIPTION="Linux Mint 21.2 Victoria",
            ),
        },
    )  # fmt: skip
    oracle = tree(
        root / "oracle",
        os_release(
            NAME="Oracle Linux Server", ID="ol", VERSION_ID="8.8",
            PRETTY_NAME="Oracle Linux Server 8.8",
        ),
        f"UUID={uuid(13)} / ext4 defaults 0 0\n",
        {
            "etc/hostname": "oracle\n",
            "etc/oracle-release": "Oracle Linux Server release 8.8\n",
            "etc/redhat-release": "Red Hat Enterprise Linux release 8.8 (Ootpa)\n",
        },
    )  # fmt: skip
    people = root / "people"
    (people / "alice").mkdir(parents=True)
    (people / "alice/notes").write_text("shared\n")
    data = root / "data"
    (data / "photos").mkdir(parents=True)
    return [
        Part(24, "ext4", kali, uuid(11), "kali"),
        Part(24, "ext4", mint, uuid(12), "mint"),
        Part(24, "ext4", oracle, uuid(13), "oracle"),
        Part(8, "ext4", people, uuid(14), "people"),
        Part(8, "ext4", data, uuid(15), "pictures"),
    ]


def _image(name: str, table: str, parts: Callable[[Path], list[Part]]) -> Path:
    def build(image: Path) -> None:
        with tempfile.TemporaryDirectory() as directory:
            disk(image, table, parts(Path(directory) / "root"))

    return cached(f"{name}.img", f"{RECIPE} {name}", build)


def ubuntu_image() -> Path:
    return _image("ubuntu", "gpt", ubuntu)


def freebsd_image() -> Path:
    """Give a FreeBSD on UFS1; makefs has to be installed."""
    return _image("freebsd", "gpt", freebsd)


def centos_image() -> Path:
    return _image("centos", "dos", centos)


def arch_image() -> Path:
    return _image("arch", "dos", arch)


def alpine_image() -> Path:
    return _image("alpine", "dos", alpine)


def gentoo_image() -> Path:
    return _image("gentoo", "gpt", gentoo)


def three_systems_image() -> Path:
    return _image("three", "gpt", three)
