"""Which images are meant by a name, a directory, a wildcard or a list."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from guestshell.errors import HostError, UsageError
from guestshell.guest.discovery import is_image
from guestshell.scan.sources import expand, listed
from tests.images.build import run

MIB = 2**20


def raw(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(2 * MIB)
    return path


def ext4(path: Path) -> Path:
    run("mke2fs", "-q", "-t", "ext4", str(raw(path)))
    return path


def named(*names: object) -> list[str]:
    targets, _ = expand([str(name) for name in names], [])
    assert [target.number for target in targets] == list(range(len(targets)))
    return [target.name for target in targets]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    (root / "deep/er").mkdir(parents=True)
    ext4(root / "b.img")
    ext4(root / "deep/er/a.img")
    (root / "notes.txt").write_text("no image\n")
    (root / "data.bin").write_bytes(bytes(4096))
    (root / "deep/back").symlink_to(root)
    (root / "deep/er/self").symlink_to(".")
    (root / "gone").symlink_to(tmp_path / "nothing")
    return root


@pytest.mark.parametrize("form", ["qcow2", "vmdk", "vdi", "vhdx", "vpc", "qed"])
def test_the_formats_of_qemu_are_images(tmp_path: Path, form: str) -> None:
    image = tmp_path / "disk"
    run("qemu-img", "create", "-q", "-f", form, str(image), "8M")
    assert is_image(image)


def make(kind: str, image: Path) -> None:
    with image.open("wb") as file:
        file.truncate(300 * MIB)
    if kind in ("dos", "gpt"):
        run("sfdisk", "--quiet", str(image), text=f"label: {kind}\nstart=2048\n")
    elif kind == "swap":
        run("mkswap", str(image))
    elif kind == "luks":
        run("cryptsetup", "luksFormat", "--batch-mode", "--pbkdf-force-iterations=1000",
            "--pbkdf=pbkdf2", str(image), text="secret")  # fmt: skip
    else:
        run(f"mkfs.{kind}", *(["-F", "32"] if kind == "vfat" else []), str(image))


@pytest.mark.parametrize("kind", ["dos", "gpt", "ext4", "btrfs", "vfat", "luks"])
def test_raw_disks_are_told_by_what_stands_on_them(tmp_path: Path, kind: str) -> None:
    image = tmp_path / "disk"
    make(kind, image)
    assert is_image(image)


def test_other_files_are_not(tmp_path: Path) -> None:
    swap = tmp_path / "swap"
    make("swap", swap)  # nothing to look at in there
    (tmp_path / "empty").touch()
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(b"\x1f\x8b" + bytes(10_000))
    for path in (swap, tmp_path / "empty", archive, Path("/dev/null"), tmp_path, Path("/bin/true")):
        assert not is_image(path)


def test_a_directory_means_all_images_below_it_once(tree: Path) -> None:
    assert named(tree) == [str(tree / "b.img"), str(tree / "deep/er/a.img")]
    assert named(tree, tree / "b.img", tree / "deep") == named(tree)


def test_a_file_that_is_named_is_taken_as_it_is(tree: Path) -> None:
    assert named(tree / "notes.txt", tree / "nothing") == [
        str(tree / "notes.txt"),
        str(tree / "nothing"),
    ]


def test_one_image_is_meant_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert named("b.img", "./b.img", tree / "b.img", "deep/back/b.img") == ["b.img"]


def test_wildcards_in_quotes(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert named("*.img") == ["b.img"]
    # the shell's own: two stars go down, and follow links until the kernel has enough
    assert {Path(name).resolve() for name in named("**/*.img")} == {
        tree / "b.img",
        tree / "deep/er/a.img",
    }
    assert named("*.none") == ["*.none"]
    shutil.copy("b.img", "[a].img")
    assert named("[a].img") == ["[a].img"]


def test_a_directory_without_images_is_said(tree: Path) -> None:
    (tree / "void").mkdir()
    targets, [report] = expand([str(tree / "void")], [])
    assert targets == []
    assert report.image == str(tree / "void")
    assert report.failures[0].message == "holds no disk image"


def test_what_cannot_be_read_is_said(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_open = Path.open

    def opened(path: Path, *arguments: str) -> object:
        if path.name == "b.img":
            raise PermissionError(13, "Permission denied")
        return may_open(path, *arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", opened)  # root may read everything
    targets, [report] = expand([str(tree)], [])
    assert [Path(target.name).name for target in targets] == ["a.img"]
    assert report.image == str(tree / "b.img")
    assert report.failures[0].message == "permission denied"


def test_a_directory_that_may_not_be_listed_is_said(
    tree: Path, unreadable: Callable[[Path], Path]
) -> None:
    closed = unreadable(tree / "deep")
    _, [report] = expand([str(tree)], [])
    assert report.image == str(closed)


def test_lists(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(tree / "b.img"), "*.img", "caf\udce9.img", " with blanks "]
    text = tmp_path / "list"
    text.write_bytes(b"\n\n".join(p.encode("utf-8", "surrogateescape") for p in paths))
    assert listed(str(text), by_nul=False) == paths
    text.write_bytes(b"a\nb\0c\0")
    assert listed(str(text), by_nul=True) == ["a\nb", "c"]

    with pytest.raises(UsageError, match="-0"):
        listed(str(text), by_nul=False)

    class Stdin:
        buffer = io.BytesIO(b"one\ntwo\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    assert listed("-", by_nul=False) == ["one", "two"]
    # what a list holds are paths, not wildcards
    targets, _ = expand([], ["*.img"])
    assert [target.name for target in targets] == ["*.img"]
    with pytest.raises(HostError, match="no such file"):
        listed(str(tmp_path / "nothing"), by_nul=False)
