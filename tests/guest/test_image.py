import shutil
import subprocess
from pathlib import Path

import pytest

from guestshell.errors import ImageError
from guestshell.guest.damage import damage
from guestshell.guest.image import FORMATS, detect_format, open_image


def make(path: Path, image_format: str, *options: str, size: str = "") -> Path:
    command = ["qemu-img", "create", "-q", "-f", image_format, *options, str(path)]
    wanted = size or ("" if "-b" in options else "8M")
    subprocess.run([*command, *([wanted] if wanted else [])], check=True)
    return path


@pytest.mark.parametrize("image_format", [f for f in FORMATS if f != "raw"])
def test_formats_are_detected_as_qemu_writes_them(tmp_path: Path, image_format: str) -> None:
    image = make(tmp_path / "disk.img", image_format)
    assert detect_format(image) == image_format
    assert open_image(image).size >= 8 * 2**20


def test_a_fixed_vhd_has_its_header_at_the_end(tmp_path: Path) -> None:
    image = make(tmp_path / "disk.img", "vpc", "-o", "subformat=fixed")
    assert detect_format(image) == "vpc"


def test_a_named_format_is_believed(tmp_path: Path) -> None:
    # a guest can write a qcow2 header on its raw disk: then it is still raw
    assert open_image(make(tmp_path / "disk.img", "qcow2"), "raw").format == "raw"


def test_a_backing_chain_is_shown(tmp_path: Path) -> None:
    make(tmp_path / "base.img", "raw")
    make(tmp_path / "mid.qcow2", "qcow2", "-b", "base.img", "-F", "raw")
    make(tmp_path / "top.qcow2", "qcow2", "-b", str(tmp_path / "mid.qcow2"), "-F", "qcow2")
    chain = list(open_image(tmp_path / "top.qcow2").chain())
    assert [(image.path.name, image.format) for image in chain] == [
        ("top.qcow2", "qcow2"), ("mid.qcow2", "qcow2"), ("base.img", "raw"),
    ]  # fmt: skip


def failure(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        open_image(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    assert "no such file" in failure(tmp_path / "missing.img")
    assert "is a directory" in failure(tmp_path)
    (tmp_path / "empty.img").touch()
    assert "is empty" in failure(tmp_path / "empty.img")
    (tmp_path / "notes.img").write_text("not a disk\n" * 100)
    assert "is a text file" in failure(tmp_path / "notes.img")
    assert "neither a file" in failure(Path("/dev/null"))


def test_a_truncated_qcow2_is_damaged(tmp_path: Path) -> None:
    image = make(tmp_path / "disk.qcow2", "qcow2")
    with image.open("r+b") as file:
        file.truncate(100)
    assert "damaged" in failure(image)


def test_a_lost_backing_file_is_named(tmp_path: Path) -> None:
    make(tmp_path / "base.img", "raw")
    image = make(tmp_path / "top.qcow2", "qcow2", "-b", "base.img", "-F", "raw")
    (tmp_path / "base.img").unlink()
    message = failure(image)
    assert "backing file" in message
    assert "base.img" in message


def test_a_backing_file_elsewhere_is_not_followed(tmp_path: Path) -> None:
    image = make(
        tmp_path / "top.qcow2", "qcow2", "-u", "-b", "nbd://192.0.2.1/x", "-F", "raw", size="8M"
    )
    assert "not a file of this host" in failure(image)


def test_files_that_an_image_names_as_its_data_are_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret.img"
    secret.parent.mkdir()
    secret.write_bytes(bytes(2**20))
    vmdk = tmp_path / "disk.vmdk"
    vmdk.write_text(
        '# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\n'
        f'RW 2048 FLAT "{secret}" 0\n'
    )
    assert "outside its directory" in failure(vmdk)
    outside = make(tmp_path / "data.qcow2", "qcow2", "-o", f"data_file={secret},data_file_raw=on")
    assert "another file" in failure(outside)


def test_a_backing_format_that_qemu_sees_otherwise_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "base.img"
    base.write_bytes(b"#x\nversion=1\n" + bytes(2**20))
    image = make(tmp_path / "top.qcow2", "qcow2", "-b", "base.img", "-F", "raw", size="8M")
    subprocess.run(["qemu-img", "amend", "-f", "qcow2", "-o", "compat=1.1", str(image)], check=True)
    data = bytearray(image.read_bytes())
    at = data.index(b"raw", 72)  # the header extension that records the backing format
    data[at - 8 : at - 4] = b"\x12\x34\x56\x78"
    image.write_bytes(bytes(data))
    assert "backing file cannot be opened" in failure(image)


def test_a_qcow2_that_was_cut_short_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source.raw"
    source.write_bytes(bytes(range(256)) * 2**14)
    image = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", source, image], check=True)
    assert damage(open_image(image)) == ""
    with image.open("r+b") as file:
        file.truncate(image.stat().st_size // 2)
    assert "is damaged or cut short" in damage(open_image(image))


def test_an_overlay_is_opened_through_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    make(tmp_path / "real" / "base.img", "raw")
    make(tmp_path / "real" / "top.qcow2", "qcow2", "-b", "base.img", "-F", "raw")
    (tmp_path / "link.qcow2").symlink_to("real/top.qcow2")
    assert open_image(tmp_path / "link.qcow2").backing is not None


def test_a_chain_that_bites_its_tail_ends(tmp_path: Path) -> None:
    image = make(tmp_path / "a.qcow2", "qcow2")
    command = ["qemu-img", "rebase", "-u", "-b", "a.qcow2", "-F", "qcow2", str(image)]
    subprocess.run(command, check=True)
    assert "loop" in failure(image)


def test_a_file_without_permission(tmp_path: Path, unreadable) -> None:  # type: ignore[no-untyped-def]
    image = tmp_path / "closed.img"
    image.write_bytes(bytes(1024))
    assert "permission denied" in failure(unreadable(image))


def test_qemu_img_is_needed_for_what_is_not_raw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make(tmp_path / "disk.qcow2", "qcow2")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("qemu-img") is None
    with pytest.raises(ImageError, match="qemu-img cannot be run"):
        open_image(image)
