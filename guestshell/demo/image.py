"""Build the teaching image with host tools only: no appliance, no root, a few seconds."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from guestshell.demo import story
from guestshell.engine.machine import cache_directory
from guestshell.errors import HostError
from guestshell.homes import needed
from guestshell.values import decode_name, encode_name

_MIB = 2**20
_START = 1 * _MIB
_SIZE = 96 * _MIB
_FIRST_INODE = 11
_TOOL_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_KEPT_SECONDS = 86_400
"""For how long images of other versions are left where they are."""

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
    for path, data in story.DATA.items():
        _write(root, path, data)
    for path, (data, mode) in story.PROGRAMS.items():
        _write(root, path, data, mode)
    for path, target in story.LINKS.items():
        link = root / path[1:]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    for number in range(story.MANY_COUNT):
        _write(root, f"{story.MANY}/sess_{number:05d}", b"")
    path, size, end = story.SPARSE
    _write(root, path, b"")
    with (root / path[1:]).open("wb") as file:
        file.seek(size - len(end))
        file.write(end)
    os.mkfifo(root / "run/initctl")
    (root / "run/initctl").chmod(0o600)
    _set_modes_and_times(root)


def _set_modes_and_times(root: Path) -> None:
    """Set them below a directory; a directory changed last when the newest file in it came."""
    for parent, directories, files in os.walk(os.fsencode(root), topdown=False):
        inside = [os.path.join(parent, name) for name in files]  # noqa: PTH118  bytes
        links = [os.path.join(parent, name) for name in directories]  # noqa: PTH118
        newest = story.INSTALLED
        for place in [*inside, *filter(os.path.islink, links)]:
            moment = story.TIMES.get(_guest_path(root, place), story.INSTALLED)
            os.utime(place, (moment, moment), follow_symlinks=False)
            newest = max(newest, moment)
        os.chmod(parent, story.MODES.get(_guest_path(root, parent), 0o755))  # noqa: PTH101
        os.utime(parent, (newest, newest))
    for path, mode in story.MODES.items():
        (root / path[1:]).chmod(mode)


def _guest_path(root: Path, place: bytes) -> str:
    return decode_name(place[len(os.fsencode(root)) :]) or "/"


def _inode_fields(root: Path) -> str:
    """Give debugfs commands that set owners and times; no root is needed here for that.

    All is root's but what story.OWNERS names. The inode changed with the content where
    story.CHANGES has no other time.
    """
    count, changes = 0, dict[str, int]()
    for parent, directories, files in os.walk(os.fsencode(root)):
        for name in [*directories, *files]:
            count += 1
            place = os.path.join(parent, name)  # noqa: PTH118  bytes
            moment = int(os.lstat(place).st_mtime)
            if moment != story.INSTALLED:
                changes[_guest_path(root, place)] = moment
    lines = [
        f"sif <{inode}> {field}"
        for inode in (2, *range(_FIRST_INODE, _FIRST_INODE + 1 + count))
        for field in ("uid 0", "gid 0", f"ctime @{story.INSTALLED}")
    ]
    lines += [
        f"sif <{inode}> {field} @{story.INSTALLED}"
        for inode in (2, _FIRST_INODE)  # the root and lost+found, which mke2fs made itself
        for field in ("atime", "mtime")
    ]
    for path, moment in (changes | story.CHANGES).items():
        lines.append(f"sif {path} ctime @{moment}")
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
                "-I",
                "256",
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
        _run(["debugfs", "-w", "-f", "-", f"{image}?offset={_START}"], _inode_fields(root))
        image.replace(target)


def demo_image() -> Path:
    """Give the path of the teaching image, building it first where it is not yet."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    recipe = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    images = needed(cache_directory()) / "demo"
    image = images / recipe[:12] / "web01.img"
    if not image.exists():
        try:
            image.parent.mkdir(parents=True, exist_ok=True)
            with (images / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # another may be at it
                if not image.exists():
                    _forget_old(images)
                    build(image)
        except OSError as error:
            raise HostError(f"{images}: {(error.strerror or str(error)).lower()}") from error
    return image


def _forget_old(images: Path) -> None:
    for old in images.glob("*/web01.img"):
        with contextlib.suppress(OSError):  # a younger one may be open elsewhere
            if old.stat().st_mtime < time.time() - _KEPT_SECONDS:
                shutil.rmtree(old.parent)
