"""Build the teaching image with host tools only: no appliance, no root, a few seconds."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from guestshell.demo import story
from guestshell.engine.machine import cache_directory
from guestshell.errors import HostError
from guestshell.values import encode_name

_MIB = 2**20
_START = 1 * _MIB
_SIZE = 96 * _MIB
_FIRST_INODE = 11
_TOOL_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_UUID = "5ca1ab1e-0000-4000-8000-00000000d15c"


def _run(command: list[str], text: str = "") -> None:
    program = shutil.which(command[0], path=_TOOL_PATH)
    if program is None:
        package = {"sfdisk": "fdisk or util-linux"}.get(command[0], "e2fsprogs")
        raise HostError(f"{command[0]} is not installed", f"install {package}")
    done = subprocess.run(
        [program, *command[1:]], input=text.encode(), capture_output=True, check=False
    )
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise HostError(f"{command[0]} failed: {reason[-1] if reason else done.returncode}")


def _host_path(root: Path, path: str) -> bytes:
    return os.fsencode(root) + encode_name(path)


def _write(root: Path, path: str, data: bytes, mode: int = 0o644) -> None:
    place = _host_path(root, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120  the path is bytes
    with open(place, "wb") as file:  # noqa: PTH123
        file.write(data)
    os.chmod(place, mode)  # noqa: PTH101


def stage(root: Path) -> None:
    """Lay the files of the story out below a directory of the host."""
    for directory in story.DIRECTORIES:
        (root / directory[1:]).mkdir(parents=True)
    for path, text in story.TEXTS.items():
        _write(root, path, encode_name(text))
    for path, (data, mode) in story.PROGRAMS.items():
        _write(root, path, data, mode)
    for path, target in story.LINKS.items():
        (root / path[1:]).symlink_to(target)
    many = root / story.MANY[1:]
    many.mkdir(parents=True)
    for number in range(story.MANY_COUNT):
        (many / f"sess_{number:05d}").touch()
    path, size, end = story.SPARSE
    with (root / path[1:]).open("wb") as file:
        file.seek(size - len(end))
        file.write(end)
    os.mkfifo(root / "run/initctl")
    for path, mode in story.MODES.items():
        (root / path[1:]).chmod(mode)
    times = (story.epoch(), story.epoch())
    for directory_bytes, directories, files in os.walk(os.fsencode(root)):
        for name in [*directories, *files]:
            os.utime(os.path.join(directory_bytes, name), times, follow_symlinks=False)  # noqa: PTH118


def _owners() -> str:
    """Give debugfs commands: all is root's but what story.OWNERS names; no root needed here."""
    most = _FIRST_INODE + 100 + len(story.TEXTS) + story.MANY_COUNT
    lines = [
        f"sif <{inode}> {field} 0"
        for inode in (2, *range(_FIRST_INODE, most))
        for field in ("uid", "gid")
    ]
    for path, (uid, gid) in story.OWNERS.items():
        lines += [f"sif {path} uid {uid}", f"sif {path} gid {gid}"]
    for path, label in story.SELINUX.items():
        lines.append(f"ea_set {path} security.selinux {label}")
    return "\n".join(lines) + "\n"


def build(target: Path) -> None:
    """Build the image. Raises HostError when a tool is missing or the disk is full."""
    with tempfile.TemporaryDirectory(prefix="guestctl-demo-", dir=target.parent) as temporary:
        root, image = Path(temporary) / "root", Path(temporary) / "disk.img"
        root.mkdir()
        stage(root)
        with image.open("wb") as file:
            file.truncate(_START + _SIZE + _MIB)
        _run(
            ["sfdisk", "--quiet", str(image)],
            "label: dos\nlabel-id: 0xd15c0de0\n"
            f"start={_START // 512}, size={_SIZE // 512}, type=83\n",
        )
        _run(
            [
                "mke2fs",
                "-q",
                "-t",
                "ext4",
                "-L",
                "web01",
                "-U",
                _UUID,
                "-N",
                "16384",
                "-m",
                "0",
                "-E",
                f"offset={_START},root_owner=0:0",
                "-d",
                str(root),
                str(image),
                str(_SIZE // 1024),
            ]
        )
        _run(["debugfs", "-w", "-f", "-", f"{image}?offset={_START}"], _owners())
        image.replace(target)


def demo_image() -> Path:
    """Give the path of the teaching image, building it first where it is not yet."""
    sources = (Path(story.__file__), Path(__file__))
    recipe = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    directory = cache_directory() / "demo"
    image = directory / f"web01-{recipe[:12]}.img"
    if not image.exists():
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for old in directory.glob("web01-*.img"):
                with contextlib.suppress(OSError):
                    old.unlink()
            build(image)
        except OSError as error:
            raise HostError(f"{directory}: {(error.strerror or str(error)).lower()}") from error
    return image
