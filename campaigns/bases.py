"""What is damaged: a small system on each kind of file system that can be made here."""

import shutil
import tempfile
from pathlib import Path

from guestshell import Guestfs
from tests.images.build import MIB, TOOL_PATH, cached, run

_MAKERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "ext4": (8, ("mke2fs", "-q", "-t", "ext4")),
    "plain-ext4": (8, ("mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum")),
    "ext2": (4, ("mke2fs", "-q", "-t", "ext2", "-b", "1024")),
    "btrfs": (112, ("mkfs.btrfs", "-q")),
    "xfs": (304, ("mkfs.xfs", "-q")),
    "vfat": (4, ("mkfs.vfat",)),
    "ntfs": (8, ("mkfs.ntfs", "-q", "-f", "-F")),
    "iso": (0, ("bsdtar", "--format=iso9660", "-cf")),
}


def _tree(root: Path) -> None:
    texts = {
        "etc/os-release": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\n',
        "etc/debian_version": "12.1\n",
        "etc/hostname": "fuzzed\n",
        "etc/fstab": "/dev/sda / auto defaults 0 1\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/group": "root:x:0:\n",
        "var/lib/dpkg/status":
            "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n",
        "var/log/syslog": "2024-01-01T00:00:00Z host program: text\n" * 50,
        "bin/sh": "#!/nothing\n",
        "lib/x": "x",
        "sbin/x": "x",
        "var/x": "x",
        "home/a/long": "0123456789" * 20_000,
    }  # fmt: skip
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for number in range(150):
        (root / f"home/a/file with a name of some length {number}").write_text(str(number))


def _fill(image: Path, tree: Path) -> None:
    archive = tree.with_suffix(".tar")
    run("tar", "-C", str(tree), "--owner=0", "--group=0", "-cf", str(archive), ".")
    with Guestfs() as g:
        g.add_drive_opts(str(image), format="raw")
        g.launch()
        g.mount_options("", "/dev/sda", "/")
        g.tar_in(str(archive), "/")
        g.umount_all()
        g.shutdown()


def base(name: str) -> Path:
    """Give the image of a kind of file system; built once."""
    size, maker = _MAKERS[name]

    def build(image: Path) -> None:
        with tempfile.TemporaryDirectory() as directory:
            tree = Path(directory) / "tree"
            _tree(tree)
            with image.open("wb") as file:
                file.truncate(size * MIB)
            if maker[0] == "mke2fs":
                run(*maker, "-d", str(tree), str(image))
            elif maker[0] == "bsdtar":
                run(*maker, str(image), "-C", str(tree), ".")
            else:
                run(*maker, str(image))
                _fill(image, tree)

    built = cached(f"{name}.fuzz", f"{size} {maker} 3", build)
    named = built.with_name(f"{name}.base")
    if not named.exists() or named.stat().st_mtime < built.stat().st_mtime:
        shutil.copyfile(built, named)
    return named


def bases() -> list[Path]:
    """Give an image of each kind that the tools of this host make."""
    return [
        base(name)
        for name, (_, maker) in _MAKERS.items()
        if shutil.which(maker[0], path=TOOL_PATH) is not None
    ]
