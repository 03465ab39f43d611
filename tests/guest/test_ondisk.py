"""What images tell of their devices, against the host's own tools."""

import contextlib
import json
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.image import Image, open_image
from guestshell.guest.ondisk import lvm, superblocks, tables
from guestshell.guest.ondisk.blocks import DiskReader, InDoubt, Read, part
from guestshell.guest.ondisk.outline import Outline, outline
from tests.images.build import MIB, TOOL_PATH, run


def reader(data: bytes) -> Read:
    return lambda offset, count: data[offset : offset + count]


def seen(image: Path) -> Outline:
    found = outline([open_image(image)])
    assert found is not None
    return found


# -- file systems ------------------------------------------------------------------------------

MAKERS = {
    "ext2": ["mke2fs", "-q", "-t", "ext2", "-L", "second"],
    "ext3": ["mke2fs", "-q", "-t", "ext3"],
    "ext4": ["mke2fs", "-q", "-t", "ext4", "-L", "sixteen characte"],
    "fat12": ["mkfs.vfat", "-F", "12", "-n", "SMALL"],
    "fat16": ["mkfs.vfat", "-F", "16"],
    "fat32": ["mkfs.vfat", "-F", "32", "-n", "BIG ONE"],
    "btrfs": ["mkfs.btrfs", "-q", "-L", "butter"],
    "swap": ["mkswap", "-L", "swapped"],
    "xfs": ["mkfs.xfs", "-q", "-L", "ex"],
    "luks": ["cryptsetup", "luksFormat", "-q", "--pbkdf-force-iterations=4", "--pbkdf-memory=32"],
    "ntfs": ["mkfs.ntfs", "-q", "-f", "-F"],
    "nothing": ["true"],
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_superblock_tells_what_blkid_does(kind: str, tmp_path: Path) -> None:
    if shutil.which(MAKERS[kind][0], path=TOOL_PATH) is None:
        pytest.skip(f"{MAKERS[kind][0]} is not installed")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(320 * MIB if kind in ("btrfs", "fat32", "xfs") else 12 * MIB)
    run(*MAKERS[kind], str(image), text="secret\n")
    size = image.stat().st_size
    with image.open("rb") as opened:

        def read(offset: int, count: int) -> bytes:
            opened.seek(offset)
            return opened.read(count)

        try:
            found = superblocks.probe(read, size)
        except InDoubt:
            assert kind == "ntfs", "only NTFS is left to the appliance"
            return
    program = shutil.which("blkid", path=TOOL_PATH)
    assert program is not None
    answer = subprocess.run(
        [program, "-p", "-o", "export", image], capture_output=True, text=True, check=False
    )
    lines = [line.partition("=") for line in answer.stdout.replace("\\ ", " ").splitlines()]
    tags = {key: value for key, _, value in lines if key in ("TYPE", "UUID", "LABEL")}
    assert {key: value for key, value in found.items() if key in ("TYPE", "UUID", "LABEL")} == tags
    assert bool(found) == (kind != "nothing")


def test_two_kinds_at_once_are_in_doubt(tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(12 * MIB)
    run("mke2fs", "-q", "-t", "ext4", str(image))
    data = bytearray(image.read_bytes())
    superblocks.probe(reader(bytes(data)), len(data))
    data[4086:4096] = b"SWAPSPACE2"
    with pytest.raises(InDoubt):
        superblocks.probe(reader(bytes(data)), len(data))


def test_an_ext_tells_where_it_was_mounted_last() -> None:
    data = bytearray(MIB)
    data[1080:1082] = b"\x53\xef"
    data[1160:1165] = b"/home"
    assert superblocks.probe(reader(bytes(data)), MIB)[superblocks.LAST_PLACE] == "/home"


def test_members_of_arrays_are_in_doubt() -> None:
    size = 2 * MIB
    for place in (0, 4096, size - 0x2000, size - 0x10000):
        data = bytearray(size)
        data[place : place + 4] = b"\xfc\x4e\x2b\xa9"
        with pytest.raises(InDoubt):
            superblocks.probe(reader(bytes(data)), size)


# -- partition tables ----------------------------------------------------------------------------

MBR = """label: dos
label-id: 0x1badcafe
start=2048, size=2048, type=83
start=4096, size=8192, type=5
start=14336, size=2048, type=7, bootable
start=4608, size=1024, type=82
start=8192, size=1024, type=83
start=10240, size=1024, type=83
"""
GPT = """label: gpt
start=2048, size=2048, type=U, name="boot disk"
start=4096, size=2048, type=21686148-6449-6E6F-744E-656564454649
7: start=6144, size=4096, name="données"
"""


@pytest.mark.parametrize("script", [MBR, GPT])
def test_a_table_is_read_as_sfdisk_reads_it(script: str, tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    run("sfdisk", "--quiet", str(image), text=script)
    expected = json.loads(run("sfdisk", "--json", str(image)))["partitiontable"]
    with image.open("rb") as file:
        data = file.read()
    entries = tables.read_table(reader(data), len(data))
    assert entries is not None
    assert [
        (f"{image}{entry.number}", entry.start, entry.size, entry.name) for entry in entries
    ] == [
        (found["node"], found["start"], found["size"], found.get("name", ""))
        for found in expected["partitions"]
    ]
    kinds = [entry.type.removeprefix("0x").upper() for entry in entries]
    assert kinds == [found["type"].upper() for found in expected["partitions"]]
    if script is GPT:
        assert [entry.uuid.upper() for entry in entries] == [
            found["uuid"] for found in expected["partitions"]
        ]
    else:
        assert entries[-1].uuid == "1badcafe-07"


def test_a_disk_without_a_table_is_told_from_one_in_doubt() -> None:
    assert tables.read_table(reader(bytes(MIB)), MIB) is None
    assert tables.read_table(reader(b"XFSB" + bytes(MIB)), MIB) is None
    for first in (b"something", bytes(510) + b"\x55\xaa", bytes(446) + b"\x80" * 64 + b"\x55\xaa"):
        with pytest.raises(InDoubt):
            tables.read_table(reader(first.ljust(MIB, b"\0")), MIB)


@pytest.mark.parametrize("place", [512 + 30, 1024 + 40, 512 + 72])
def test_a_damaged_gpt_is_in_doubt(place: int, tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    run("sfdisk", "--quiet", str(image), text=GPT)
    data = bytearray(image.read_bytes())
    data[place] ^= 1
    with pytest.raises(InDoubt):
        tables.read_table(reader(bytes(data)), len(data))


def _entry(kind: int, start: int, size: int) -> bytes:
    return bytes([0, 0, 0, 0, kind, 0, 0, 0]) + struct.pack("<II", start, size)


def _sector(*entries: bytes, begin: bytes = b"") -> bytes:
    return begin.ljust(446, b"\0") + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa"


_EXTENDED = _sector(_entry(0x83, 2048, 2048), _entry(5, 4096, 16384))
_VTOC = bytes(12) + b"\xee\xde\x0d\x60"


@pytest.mark.parametrize(
    "sectors",
    [
        {0: _sector(_entry(0x83, 2048, 4096), _entry(0, 8192, 4096))},
        {0: _EXTENDED, 4096: _sector(_entry(0x83, 64, 100), bytes(16), _entry(0x83, 2048, 100))},
        {0: _EXTENDED, 4096: _sector(_entry(0x83, 64, 100), _entry(0, 4096, 100))},
        {0: _EXTENDED, 4096: _sector(_entry(0x83, 64, 100), _entry(5, 4096, 0)),
         8192: _sector(_entry(0x83, 64, 100))},
        {0: _sector(_entry(0x82, 2048, 4096)), 2049: _VTOC},
        {0: _sector(_entry(0xBF, 2048, 4096))},
        {0: _sector(_entry(0x42, 63, 30000))},
        {0: _sector(_entry(0x83, 2048, 4096), begin=b"\x0b\xe5\xa9\x41")},
        {0: _sector(_entry(0x83, 2048, 4096), begin=b"\xc9\xc2\xd4\xc1")},
        {3: b"RDSK"},
        {0: b"XFSB", 1: b"RDSK"},
        {31: bytes(440) + b"\x57\x29\x03\0\1"},
        {0: b"XFSB".ljust(508, b"\0") + b"\xda\xbe"},
    ],
)  # fmt: skip
def test_a_table_of_which_linux_makes_something_else_is_in_doubt(sectors: dict[int, bytes]) -> None:
    """Linux, block/partitions: it sees partitions there that partitioning programs do not."""
    data = bytearray(16 * MIB)
    for place, content in sectors.items():
        data[place * 512 : place * 512 + len(content)] = content
    with pytest.raises(InDoubt):
        tables.read_table(reader(bytes(data)), len(data))


def test_a_gpt_is_looked_for_only_where_linux_does(tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    run("sfdisk", "--quiet", str(image), text=GPT)
    data = bytearray(image.read_bytes())
    data[446 + 8] = 2  # the protective partition's start
    with pytest.raises(InDoubt):
        tables.read_table(reader(bytes(data)), len(data))


@pytest.mark.parametrize(
    ("place", "magic"),
    [(-0x10000, b"\xfc\x4e\x2b\xa9"), (-0x2000, b"\xfc\x4e\x2b\xa9"),
     (-1024, b"Intel Raid ISM Cfg Sig. 1.0"), (-512, b"\xde\x11\xde\x11")],
)  # fmt: skip
def test_a_disk_of_an_array_is_in_doubt_though_it_has_a_table(
    place: int, magic: bytes, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    data = bytearray(16 * MIB)
    data[:512] = _sector(_entry(0x83, 2048, 4096))
    image.write_bytes(data)
    assert outline([open_image(image)]) is not None
    place += len(data)
    data[place : place + len(magic)] = magic
    image.write_bytes(data)
    assert outline([open_image(image)]) is None


# -- logical volumes -----------------------------------------------------------------------------

TEXT = """vg {
id = "g"
seqno = 3
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = 8  # 4 KiB
physical_volumes {
pv0 {
id = "%s"
pe_start = 16
}
}
logical_volumes {
root {
id = "r"
status = ["READ", "WRITE", "VISIBLE"]
segment_count = 2
segment1 {
start_extent = 0
extent_count = 1
type = "striped"
stripe_count = 1
stripes = ["pv0", 2]
}
segment2 {
start_extent = 1
extent_count = 1
type = "striped"
stripe_count = 1
stripes = ["pv0", 0]
}
}
}
}
"""
IDENTITY = "abcdef-ghij-klmn-opqr-stuv-wxyz-012345"


def physical(text: str) -> bytes:
    """Give a physical volume with its first extents filled by their numbers."""
    label = b"LABELONE" + bytes(12) + (32).to_bytes(4, "little") + b"LVM2 001"
    header = IDENTITY.replace("-", "").encode() + bytes(8)
    numbers = (MIB, 0, 0, 0, 4096, 4096, 0, 0)
    header += b"".join(number.to_bytes(8, "little") for number in numbers)
    data = bytearray(MIB)
    data[512 : 512 + 32 + len(header)] = label + header
    body = text.encode()
    area = lvm._MAGIC + bytes(4)
    area += b"".join(n.to_bytes(8, "little") for n in (4096, 4096, 512, len(body)))
    area = (area + lvm._checksum(body).to_bytes(4, "little")).ljust(508, b"\0")
    data[4096:4608] = lvm._checksum(area).to_bytes(4, "little") + area
    data[4096 + 512 : 4096 + 512 + len(body)] = body
    for extent in range(4):
        start = 16 * 512 + extent * 4096
        data[start : start + 4096] = bytes([0x30 + extent]) * 4096
    return bytes(data)


def test_a_volume_is_its_pieces_in_a_row() -> None:
    [volume] = lvm.logical_volumes([reader(physical(TEXT % IDENTITY))])
    assert (volume.path, volume.size) == ("/dev/vg/root", 8192)
    assert volume.read(0, 8192) == b"2" * 4096 + b"0" * 4096
    assert volume.read(4094, 4) == b"2200"
    assert volume.read(8190, 100) == b"00"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("striped", "thin-pool"),
        ("stripe_count = 1", "stripe_count = 2"),
        ('"VISIBLE"', '"VISIBLE", "PVMOVE"'),
        ('"WRITE"]', '"WRITE", "EXPORTED"]'),
        ("segment_count", 'flags = ["ACTIVATION_SKIP"]\nsegment_count'),
        (IDENTITY, "another"),
        ('"pv0", 2', '"pv9", 2'),
        ("extent_size = 8", "extent_size = " + "8" * 40),
        ("segment_count = 2", "segment_count = 9"),
        ("start_extent = 1", "start_extent = 0"),
        ("start_extent = 1", "start_extent = 2"),
    ],
)
def test_a_volume_of_another_kind_is_in_doubt(old: str, new: str) -> None:
    text = (TEXT % IDENTITY).replace(old, new)
    with pytest.raises((InDoubt, KeyError)):
        lvm.logical_volumes([reader(physical(text))])


def test_what_lvm2_would_not_trust_is_in_doubt() -> None:
    """It takes the newest description with a sound checksum, of all areas of a volume."""
    whole = physical(TEXT % IDENTITY)
    for place in (4096 + 100, 4096 + 512 + 20):
        data = bytearray(whole)
        data[place] ^= 1
        with pytest.raises(InDoubt):
            lvm.read_text(reader(bytes(data)))
    both = bytearray(whole)
    both[65536 : 65536 + 8192] = physical((TEXT % IDENTITY).replace("seqno = 3", "seqno = 4"))[
        4096 : 4096 + 8192
    ]
    area = bytearray(both[65536 + 4 : 65536 + 512])
    area[20:28] = (65536).to_bytes(8, "little")
    both[65536 : 65536 + 512] = lvm._checksum(bytes(area)).to_bytes(4, "little") + area
    second = 512 + 32 + 32 + 8 + 48
    both[second : second + 16] = b"".join(n.to_bytes(8, "little") for n in (65536, 8192))
    with pytest.raises(InDoubt):
        lvm.read_text(reader(bytes(both)))


def test_two_groups_of_one_name_are_in_doubt() -> None:
    other = IDENTITY.replace("abcdef", "zyxwvu")
    text = (TEXT % other).replace('id = "g"', 'id = "h"').replace("seqno = 3", "seqno = 9")
    clone = physical(text).replace(
        IDENTITY.replace("-", "").encode(), other.replace("-", "").encode()
    )
    with pytest.raises(InDoubt):
        lvm.logical_volumes([reader(physical(TEXT % IDENTITY)), reader(clone)])


@given(st.text(alphabet='ab1={}[]", \n#\\', max_size=200))
def test_no_text_makes_the_parser_do_anything_else(text: str) -> None:
    with contextlib.suppress(InDoubt):
        lvm.parse(text)


def test_deep_sections_are_in_doubt() -> None:
    with pytest.raises(InDoubt):
        lvm.parse("a {" * 5000 + "}" * 5000)


# -- images ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = tmp_path_factory.mktemp("disk") / "disk.img"
    noise = random.Random(4)
    with image.open("wb") as file:
        file.truncate(8 * MIB)
        for place in (0, 3 * MIB, 3 * MIB + 65536, 8 * MIB - 4096):
            file.seek(place)
            file.write(noise.randbytes(4000))
    return image


def assert_same(image: Path, disk: Path) -> None:
    """Assert that a disk reads as the raw one it was made of."""
    opened = DiskReader(open_image(image))
    data = disk.read_bytes()
    try:
        assert opened.size == len(data)
        noise = random.Random(7)
        places = [(0, len(data)), (len(data) - 10, 100)]
        places += [(noise.randrange(len(data)), noise.randrange(200_000)) for _ in range(50)]
        for offset, count in places:
            assert opened.read(offset, count) == data[offset : offset + count]
    finally:
        opened.close()


@pytest.mark.parametrize("options", [[], ["-o", "compat=0.10"], ["-o", "cluster_size=4k"]])
def test_a_qcow2_reads_as_its_disk(options: list[str], disk: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-O", "qcow2", *options, str(disk), str(image))
    assert_same(image, disk)


def test_an_overlay_reads_through_to_what_it_stands_on(disk: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.img"
    shutil.copy(disk, changed)
    overlay = tmp_path / "overlay.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(disk), "-F", "raw", str(overlay))
    assert_same(overlay, disk)
    run("qemu-io", "-c", "write -P 7 3145000 5000", "-c", "write -z 65536 65536", str(overlay))
    with changed.open("r+b") as file:
        file.seek(3145000)
        file.write(b"\x07" * 5000)
        file.seek(65536)
        file.write(bytes(65536))
    assert_same(overlay, changed)


@pytest.mark.parametrize(
    "options", [["-c", "-O", "qcow2"], ["-O", "vmdk"], ["-O", "qcow2", "-o", "extended_l2=on"]]
)
def test_other_images_are_left_to_the_appliance(
    options: list[str], disk: Path, tmp_path: Path
) -> None:
    image = tmp_path / "disk.image"
    run("qemu-img", "convert", *options, str(disk), str(image))
    assert outline([open_image(image)]) is None


def test_a_disk_is_outlined(tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    run("sfdisk", "--quiet", str(image), text=GPT)
    run("mke2fs", "-q", "-t", "ext4", "-L", "x", "-E", f"offset={6144 * 512}", str(image), "2048")
    blank = tmp_path / "blank"
    with blank.open("wb") as file:
        file.truncate(4 * MIB)
    found = outline([open_image(image), open_image(blank)])
    assert found is not None
    assert found.disks == ["/dev/sda", "/dev/sdb"]
    assert [(device.path, device.kind, device.size) for device in found.devices] == [
        ("/dev/sdb", "disk", 4 * MIB),
        ("/dev/sda1", "partition", MIB),
        ("/dev/sda2", "partition", MIB),
        ("/dev/sda7", "partition", 2 * MIB),
    ]
    tags = found.devices[-1].tags
    assert tags is not None
    assert (tags["TYPE"], tags["LABEL"]) == ("ext4", "x")
    assert found.devices[1].tags == {}
    assert found.volumes == []


@settings(max_examples=200, deadline=None)
@given(drawn=st.data())
def test_no_damage_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, drawn: st.DataObject
) -> None:
    base = bytearray(physical(TEXT % IDENTITY))
    for _ in range(drawn.draw(st.integers(0, 20))):
        place = drawn.draw(st.integers(0, 8191))
        base[place : place + 8] = drawn.draw(st.binary(min_size=8, max_size=8))
    image = tmp_path_factory.getbasetemp() / "hostile.img"
    image.write_bytes(base)
    outline([Image(image, "raw", len(base))])
    image.write_bytes(b"QFI\xfb" + drawn.draw(st.binary(max_size=200)))
    outline([Image(image, "qcow2", 2**40)])


def test_parts_end_where_they_end() -> None:
    read = part(reader(b"0123456789"), 2, 5)
    assert (read(0, 100), read(3, 9), read(9, 1)) == (b"23456", b"56", b"")
