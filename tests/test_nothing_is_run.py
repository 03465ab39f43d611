"""That no program of a guest is ever run: what the engine asks of libguestfs, call by call."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.terminal import GUESTCTL
from tests.images.hostile import hostile_image
from tests.test_hostile_terminal import every_line

pytestmark = pytest.mark.appliance

READING = frozenset(
    {
        "blkid",
        "blockdev_getsize64",
        "btrfs_subvolume_get_default",
        "btrfs_subvolume_list",
        "file",
        "lgetxattrs",
        "list_devices",
        "list_md_devices",
        "list_partitions",
        "ls0",
        "lstatns",
        "lstatnslist",
        "lvs",
        "lxattrlist",
        "mkmountpoint",
        "mount_options",
        "pread",
        "pread_device",
        "readdir",
        "readlink",
        "readlinklist",
        "realpath",
        "statns",
        "statvfs",
        "umount",
        "umount_all",
    }
)
"""All that is asked while a guest is open: each reads, or mounts what was made read-only."""

_TRACED = re.compile(rb"^libguestfs: trace: (\w+)(?: (?!= )|$)", re.MULTILINE)
_SETTING_UP = re.compile(
    r"(get|set|add|inspect_get|hivex|internal)_\w+|config|launch|close|shutdown|version|max_disks"
    r"|is_ready|inspect_os|disk_create|feature_available|clear_backend_setting"
)
_NEVER = {"inspect_get_icon"}
"""It runs programs of the host on what the guest says is a picture."""


@pytest.mark.parametrize("which", ["demo", "hostile"])
def test_every_command_only_reads(which: str, demo: Path, tmp_path: Path) -> None:
    image = demo if which == "demo" else hostile_image()
    lines = [line for line in every_line(tmp_path) if " -o " not in line]
    done = subprocess.run(
        [GUESTCTL, "run", "--keep-going", "--no-index", str(image)],
        input="\n".join(lines).encode("utf-8", "surrogateescape"),
        capture_output=True,
        env={**os.environ, "LIBGUESTFS_TRACE": "1", "PAGER": "cat"},
        check=False,
    )
    calls = {call.decode() for call in _TRACED.findall(done.stderr)}
    asked = {call for call in calls if not _SETTING_UP.fullmatch(call)}
    assert "pread" in asked
    assert asked <= READING, asked - READING
    assert not _NEVER & calls
