"""Disks with everything that an appliance must recognise while it starts, or mount later."""

import shutil
import struct
from pathlib import Path

from tests.images.build import MIB, cached, guestfish, run

KEY = "a passphrase of no worth"

_SCRIPT = f"""
run
pvcreate /dev/sda
vgcreate group /dev/sda
lvcreate volume group 32
mkfs ext4 /dev/group/volume
mount /dev/group/volume /
write /where lvm
umount-all
md-create array "/dev/sdb /dev/sdc" level:raid1
mkfs ext4 /dev/md127
mount /dev/md127 /
write /where md
umount-all
luks-format /dev/sdd 0
{KEY}
cryptsetup-open /dev/sdd opened
{KEY}
mkfs ext4 /dev/mapper/opened
mount /dev/mapper/opened /
write /where luks
umount-all
cryptsetup-close /dev/mapper/opened
part-init /dev/sde mbr
part-add /dev/sde p 2048 264191
part-add /dev/sde p 264192 395263
part-add /dev/sde p 395264 526335
part-add /dev/sde p 526336 528383
part-set-mbr-id /dev/sde 4 0x42
mkfs btrfs /dev/sde1
mount /dev/sde1 /
write /where btrfs
umount-all
mkfs ntfs /dev/sde2
mount /dev/sde2 /
write /where ntfs
umount-all
mkfs vfat /dev/sde3
mount /dev/sde3 /
write /where vfat
umount-all
"""
SIZES = {"lvm": 64, "md1": 64, "md2": 64, "luks": 64, "parts": 260}


def iso(content: bytes) -> bytes:
    """Give the smallest ISO 9660 volume (ECMA-119) with one file, WHERE."""

    def both(number: int, code: str) -> bytes:
        return struct.pack("<" + code, number) + struct.pack(">" + code, number)

    def record(name: bytes, sector: int, size: int, flags: int) -> bytes:
        date = bytes([126, 1, 1, 0, 0, 0, 0])
        body = both(sector, "I") + both(size, "I") + date + bytes([flags, 0, 0]) + both(1, "H")
        body += bytes([len(name)]) + name + bytes(1 - len(name) % 2)
        return bytes([len(body) + 2, 0]) + body

    root = record(b"\0", 20, 2048, 2)
    volume = b"\1CD001\1\0" + b" " * 64 + bytes(8) + both(22, "I") + bytes(32)
    volume += both(1, "H") + both(1, "H") + both(2048, "H") + both(10, "I")
    volume += struct.pack("<II", 18, 0) + struct.pack(">II", 19, 0) + root
    volume += b" " * (128 * 4 + 37 * 3) + b"0" * 16 + b"\0" + b"0" * 16 + b"\0" + b"0" * 16 + b"\0"
    volume += b"0" * 16 + b"\0\1"
    tables = [struct.pack(order, 1, 0, 20, 1, 0, 0) for order in ("<BBIHBB", ">BBIHBB")]
    listing = root + record(b"\1", 20, 2048, 2) + record(b"WHERE.;1", 21, len(content), 0)
    sectors = [volume, b"\xffCD001\1", *tables, listing, content]
    return bytes(16 * 2048) + b"".join(sector.ljust(2048, b"\0") for sector in sectors)


def disks() -> dict[str, Path]:
    """Give the raw disks by name, in the order in which an appliance is to get them."""

    def build_all(first: Path) -> None:
        made = [first.with_name(f"lean-{name}.making") for name in SIZES]
        options = []
        for file, size in zip(made, SIZES.values(), strict=True):
            with file.open("wb") as disk:
                disk.truncate(size * MIB)
            options += ["--format=raw", "-a", str(file)]
        guestfish(_SCRIPT, "--rw", "--keys-from-stdin", *options)
        with first.open("wb") as joined:  # one file is what `cached` can keep
            for file in made:
                joined.write(file.read_bytes())
                file.unlink()

    joined = cached("lean.img", _SCRIPT + str(SIZES), build_all)
    found, start = {}, 0
    for name, size in SIZES.items():
        disk = joined.with_suffix(f".{name}")
        if not disk.exists():
            with joined.open("rb") as file:
                file.seek(start * MIB)
                disk.write_bytes(file.read(size * MIB))
        found[name] = disk
        start += size
    found["iso"] = joined.with_suffix(".iso")
    found["iso"].write_bytes(iso(b"iso9660"))
    if shutil.which("mksquashfs"):
        found["squashfs"] = _squashfs(joined.with_suffix(".squashfs"))
    return found


def _squashfs(image: Path) -> Path:
    if not image.exists():
        tree = image.with_suffix(".tree")
        tree.mkdir(exist_ok=True)
        (tree / "where").write_text("squashfs")
        run("mksquashfs", str(tree), str(image), "-quiet", "-no-progress")
        shutil.rmtree(tree)
    return image
