"""Headers of images that lie: about sizes, tables, and the files of the host they stand on."""

import contextlib
import random
import resource
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from guestshell.errors import ImageError
from guestshell.guest.damage import damage
from guestshell.guest.image import FORMATS, Image, open_image
from guestshell.guest.ondisk.blocks import DiskReader, InDoubt

SECRET = "the host's own\n"

NUMBERS = (0, 1, 63, 0xFFFF, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
"""What a field is made to say."""

LITTLE_ENDIAN = ("qed", "vmdk", "vdi", "vhdx")
PLACES = {
    "vdi": range(0x44, 0x200, 4),
    "vpc": range(0, 0x600, 4),
    "vhdx": [at + field for at in (0x10000, 0x30000, 0x200000) for field in range(0, 0x50, 4)],
}
"""Where headers have their fields; those of the other formats have them all in 112 bytes."""

LIES = 24


def written(path: Path, image_format: str) -> Path:
    """Make an image with a MiB of data."""
    source = path.with_name("source.raw")
    source.write_bytes(bytes(range(256)) * 4096)
    command = ["qemu-img", "convert", "-f", "raw", "-O", image_format, str(source), str(path)]
    subprocess.run(command, check=True)
    return path


def refusal(path: Path) -> str:
    """Give why an image is not opened: one line that names it."""
    with pytest.raises(ImageError) as caught:
        open_image(path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    assert str(path) in message
    return message


def try_to_read(path: Path) -> Image:
    image = open_image(path)
    damage(image)
    with contextlib.suppress(InDoubt):
        reader = DiskReader(image)
        with contextlib.closing(reader):
            for offset in (0, image.size // 2, image.size - 512, 2**40):
                reader.read(max(offset, 0), 4096)
    return image


@pytest.mark.parametrize("image_format", [f for f in FORMATS if f != "raw"])
def test_a_field_that_lies_gives_an_image_or_one_line(tmp_path: Path, image_format: str) -> None:
    # in a process of its own: the kernel adds up all children of one
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_read_lies, tmp_path, image_format).result() < 600 * 1024


def _read_lies(tmp_path: Path, image_format: str) -> int:
    """Give the most memory in KiB that a child took."""
    data = written(tmp_path / "true", image_format).read_bytes()
    order = "little" if image_format in LITTLE_ENDIAN else "big"
    places = PLACES.get(image_format, range(4, 112, 4))
    lying = tmp_path / f"lying.{image_format}"
    for number in range(LIES):
        chance = random.Random(f"{image_format} {number}")
        at, size = chance.choice(places), chance.choice((4, 8))
        lie = chance.choice(NUMBERS) % (1 << 8 * size)
        changed = bytearray(data)
        changed[at : at + size] = lie.to_bytes(size, order)  # type: ignore[arg-type]
        lying.write_bytes(changed)
        began = time.monotonic()
        try:
            try_to_read(lying)
        except ImageError as error:
            assert "\n" not in str(error) and len(str(error)) < 600, (at, lie)
        assert time.monotonic() - began < 65, (at, size, lie)  # twice qemu-img's patience
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def test_the_lies_that_have_names(tmp_path: Path) -> None:
    true = written(tmp_path / "true", "qcow2").read_bytes()
    lies = {
        "size": (24, 8, 2**63),
        "cluster bits": (20, 4, 63),
        "l1 entries": (36, 4, 2**32 - 1),
        "l1 place": (40, 8, 2**62),
        "refcounts": (56, 4, 2**32 - 1),
        "refcount bits": (96, 4, 63),
        "header length": (100, 4, 2**32 - 1),
        "version": (4, 4, 99),
    }
    for name, (at, size, lie) in lies.items():
        path = tmp_path / f"{name.replace(' ', '-')}.qcow2"
        path.write_bytes(true[:at] + lie.to_bytes(size, "big") + true[at + size :])
        try:
            told = damage(open_image(path))
        except ImageError as error:
            told = str(error)
        assert "is damaged" in told and "\n" not in told, name


def test_a_disk_that_no_overlay_can_stand_on_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "huge.qcow2"
    options = ["-f", "qcow2", "-o", "cluster_size=2M", str(image)]
    subprocess.run(["qemu-img", "create", "-q", *options, "60P"], check=True)
    assert "larger than the 2 PiB" in refusal(image)
    subprocess.run(["qemu-img", "create", "-q", *options, "2047T"], check=True)
    assert try_to_read(image).size == 2047 * 2**40


@pytest.mark.parametrize("image_format", ["qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc"])
def test_an_image_cut_short_is_refused_or_told(tmp_path: Path, image_format: str) -> None:
    path = written(tmp_path / f"disk.{image_format}", image_format)
    assert damage(open_image(path)) == ""
    with path.open("r+b") as file:
        unused = 7 * 2**20 if image_format == "vhdx" else 0  # its blocks have 8 MiB
        file.truncate(path.stat().st_size - unused - 600 * 1024)
    try:
        told = damage(open_image(path))
    except ImageError as error:
        told = str(error)
    assert "damaged" in told or "cut short" in told
    assert "\n" not in told


# -- backing files ---------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def was_contacted(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def standing_on(path: Path, name: str, recorded: str = "raw") -> Path:
    """Make a qcow2 whose header names a backing file; qemu-img itself would look for it."""
    options = ["-f", "qcow2", "-o", "compat=1.1", str(path), "8M"]
    subprocess.run(["qemu-img", "create", "-q", *options], check=True)
    data = bytearray(path.read_bytes())
    place = int.from_bytes(data[100:104], "big")
    backing = name.encode()
    extensions = struct.pack(">II", 0xE2792ACA, len(recorded)) + recorded.encode().ljust(16, b"\0")
    extensions = extensions[: 8 + -(-len(recorded) // 8) * 8] + bytes(8)
    data[place : place + len(extensions)] = extensions
    place += len(extensions)
    data[place : place + len(backing)] = backing
    data[8:20] = struct.pack(">QI", place, len(backing))
    path.write_bytes(data)
    return path


def test_what_is_no_file_of_this_host_is_never_asked(
    tmp_path: Path, listener: socket.socket
) -> None:
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    for number, name in enumerate(
        (
            f"nbd://{host}/x",
            f"nbd:{host}",
            f"http://{host}/x",
            f"ssh://{host}/x",
            'json:{"driver":"file","filename":"/etc/passwd"}',
            f'json:{{"driver":"nbd","host":"127.0.0.1","port":"{host.split(":")[1]}"}}',
            "fat:rw:/etc",
            "host_device:/dev/zero",
            "blkdebug::/etc/passwd",
        )
    ):
        message = refusal(standing_on(tmp_path / f"{number}.qcow2", name))
        assert "not a file of this host" in message, name
    assert not was_contacted(listener)


def test_the_backing_file_that_is_announced_is_the_one_that_qemu_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # QEMU sees a relative name behind `file:` from where it was started, any other from the image
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for directory in (tmp_path, elsewhere):
        (directory / "base.img").write_bytes(bytes(2**20))
    monkeypatch.chdir(elsewhere)
    assert "not a file of this host" in refusal(standing_on(tmp_path / "a.qcow2", "file:base.img"))
    below = open_image(standing_on(tmp_path / "b.qcow2", f"file:{tmp_path}/base.img")).backing
    assert below is not None and below.path == tmp_path / "base.img"


@pytest.mark.parametrize("recorded", ["vvfat", "luks", "file", "host_device", "nbd", "nonsense"])
def test_a_backing_file_is_of_no_other_kind(tmp_path: Path, recorded: str) -> None:
    (tmp_path / "base.img").write_bytes(bytes(2**20))
    image = standing_on(tmp_path / "top.qcow2", "base.img", recorded)
    assert f"{recorded} is no format of images" in refusal(image)


def test_a_raw_backing_file_that_looks_like_a_qcow2_stays_raw(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET * 1000)
    standing_on(tmp_path / "base.img", str(secret))
    chain = open_image(standing_on(tmp_path / "top.qcow2", "base.img")).chain()
    assert [image.format for image in chain] == ["qcow2", "raw"]


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/tty", "/proc/self/mem", "/", ".", "a" * 900])
def test_a_backing_file_is_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="backing file cannot be opened"):
        open_image(standing_on(tmp_path / "top.qcow2", name))


def test_a_chain_that_bites_its_tail_is_told_in_one_breath(tmp_path: Path) -> None:
    assert "loop" in refusal(standing_on(tmp_path / "a.qcow2", "a.qcow2", "qcow2"))
    standing_on(tmp_path / "b.qcow2", "c.qcow2", "qcow2")
    with pytest.raises(ImageError, match="loop") as caught:
        open_image(standing_on(tmp_path / "c.qcow2", "b.qcow2", "qcow2"))
    assert len(str(caught.value)) < 600


# -- VMDK --------------------------------------------------------------------------------------

DESCRIPTOR = (
    "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
    'createType="monolithicFlat"\n'
)


def sparse(path: Path, text: str, sectors: int) -> Path:
    """Make a sparse VMDK without a size, which has QEMU look into its own description."""
    header = struct.pack("<4sIIQQQQIQQQB4s", b"KDMV", 1, 3, 0, 128, sectors, 20, 512, 0, 0, 128, 0,
                         b"\n \r\n")  # fmt: skip
    path.write_bytes(header.ljust(sectors * 512, b"\0") + text.encode().ljust(2**16, b"\0"))
    return path


def test_an_extent_in_another_directory_is_found_however_it_is_written(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET * 100)
    inside = tmp_path / "case"
    inside.mkdir()
    image = inside / "disk.vmdk"
    for line in (
        f'RW 1 FLAT "{secret}" 0',
        f'RW +1 FLAT "{secret}" 0',
        f'RW 1FLAT "{secret}" 0',
        f'RW\n1\nFLAT\n"{secret}" 0',
        f' \tRW \t1 FLAT"{secret}" 0',
        f'#{"x" * 100_000}\nRW 1 FLAT "{secret}" 0',
        'RW 1 FLAT "../secret" 0',
    ):
        image.write_text(DESCRIPTOR + line + "\n")
        assert "outside its directory" in refusal(image), line
    for sectors in (1, 4096):
        sparse(image, f'{DESCRIPTOR}RW 1 FLAT "{secret}" 0\n', sectors)
        assert "outside its directory" in refusal(image), sectors
    sparse(inside / "second.vmdk", f'{DESCRIPTOR}RW 1 FLAT "{secret}" 0\n', 1)
    image.write_text(f'{DESCRIPTOR}RW 1 SPARSE "second.vmdk"\n')
    assert "outside its directory" in refusal(image)


def test_an_extent_beside_its_description_is_opened(tmp_path: Path) -> None:
    (tmp_path / "disk-flat.vmdk").write_bytes(bytes(2**20))
    image = tmp_path / "disk.vmdk"
    image.write_text(f'{DESCRIPTOR}RW 2048 FLAT "disk-flat.vmdk" 0\n')
    assert open_image(image).size == 2**20


def test_a_description_of_nothing_or_of_itself_ends(tmp_path: Path) -> None:
    itself = sparse(tmp_path / "itself.vmdk", f'{DESCRIPTOR}RW 1 SPARSE "itself.vmdk"\n', 1)
    assert "qemu-img crashes on it" in refusal(itself) or "damaged" in refusal(itself)
    image = tmp_path / "disk.vmdk"
    for text in (f'RW 1 FLAT "{"a" * 300}"\n', 'RW 1 FLAT "a\0b"\n', "RW 1\n" * 50_000):
        image.write_text(DESCRIPTOR + text)
        assert "damaged" in refusal(image)


def test_names_of_the_host_as_parents_of_a_vmdk(tmp_path: Path) -> None:
    (tmp_path / "disk-flat.vmdk").write_bytes(bytes(2**20))
    image = tmp_path / "disk.vmdk"
    text = DESCRIPTOR.replace("parentCID=ffffffff", "parentCID=00000001")
    for parent in ("/etc/passwd", "nbd:127.0.0.1:1", 'json:{\\"driver\\":\\"file\\"}'):
        image.write_text(f'{text}parentFileNameHint="{parent}"\nRW 2048 FLAT "disk-flat.vmdk" 0\n')
        assert "backing file" in refusal(image)
