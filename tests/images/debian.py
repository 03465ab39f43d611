"""A real Debian on GPT and LVM with a separate /boot, as an installer would lay it out."""

import random
import shutil
import subprocess
from pathlib import Path

from tests.images.build import cached, guestfish, run

BOOT_UUID = "7d1f4ae6-3ad0-4b15-9d1b-0d3ad6f0b00f"
FSTAB = (
    "/dev/mapper/vg0-root / ext4 errors=remount-ro 0 1\n"
    f"UUID={BOOT_UUID} /boot ext4 defaults 0 2\n"
    "/dev/mapper/vg0-swap none swap sw 0 0\n"
)
HOSTNAME = "bookworm-lvm\n"
BIG_FILE = "/var/big.bin"
BIG_SIZE = 10**9
MANY = "/var/many"
MANY_COUNT = 10_000

_PACKAGES = "openssh-client,systemd-sysv"


def debian_tar() -> Path:
    """Give the tar of the system: what goes in, to compare with what comes out."""

    def build(target: Path) -> None:
        run(
            "mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}", "--format=tar",
            "bookworm", str(target),
        )  # fmt: skip

    return cached("debian.tar", _PACKAGES, build)


def _script(tar: Path, extra: str) -> str:
    return f"""run
part-init /dev/sda gpt
part-add /dev/sda p 2048 4095
part-add /dev/sda p 4096 528383
part-add /dev/sda p 528384 -2048
part-set-gpt-type /dev/sda 1 21686148-6449-6E6F-744E-656564454649
part-set-gpt-type /dev/sda 3 E6D6D379-F507-44C2-A23C-238F2A3DF928
pvcreate /dev/sda3
vgcreate vg0 /dev/sda3
lvcreate root vg0 2600
lvcreate swap vg0 64
mkfs ext4 /dev/sda2 label:boot
mkfs ext4 /dev/vg0/root label:root
mkswap /dev/vg0/swap
set-uuid /dev/sda2 {BOOT_UUID}
mount /dev/vg0/root /
mkdir /boot
mount /dev/sda2 /boot
tar-in {tar} / xattrs:true acls:true
write /etc/fstab "{FSTAB.replace(chr(10), chr(92) + "n")}"
write /etc/hostname "{HOSTNAME.replace(chr(10), chr(92) + "n")}"
{extra}
umount-all
"""


def _build(image: Path, extra: str) -> None:
    with image.open("wb") as file:
        file.truncate(3 * 2**30)
    guestfish(_script(debian_tar(), extra), "--format=raw", "-a", str(image))


def debian_image() -> Path:
    return cached(
        "debian.img", _script(Path("tar"), "") + _PACKAGES, lambda image: _build(image, "")
    )


def benchmark_image() -> Path:
    """Give the same with a file of 1 GB and a directory of 10,000 names."""

    def build(image: Path) -> None:
        source = image.with_suffix(".big")
        names = image.with_suffix(".names")
        names.mkdir(exist_ok=True)
        for number in range(MANY_COUNT):
            (names / f"entry_{number:05d}").touch()
        many = image.with_suffix(".many.tar")
        subprocess.run(["tar", "-cf", many, "-C", names, "."], check=True)
        # bytes of a fixed seed, so that nothing on the way can leave out zeros
        noise = random.Random(20260314)
        with source.open("wb") as file:
            for _ in range(BIG_SIZE // 10**6):
                file.write(noise.randbytes(10**6))
        try:
            _build(image, f"mkdir {MANY}\ntar-in {many} {MANY}\nupload {source} {BIG_FILE}")
        finally:
            source.unlink()
            many.unlink()
            shutil.rmtree(names)

    return cached("benchmark.img", _script(Path("tar"), f"{BIG_SIZE}") + _PACKAGES, build)
