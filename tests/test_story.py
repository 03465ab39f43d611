"""The teaching image's files: the same on every host, and at one with each other."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from guestshell.demo import story
from guestshell.demo.image import stage
from guestshell.demo.story.moments import BREAK_IN, local_stamp


def staged_at(root: Path) -> dict[str, tuple[object, ...]]:
    """Stage below a directory and give of each path its mode, time and content."""
    root.mkdir()
    stage(root)
    found: dict[str, tuple[object, ...]] = {}
    for parent, directories, files in os.walk(os.fsencode(root)):
        for name in [*directories, *files]:
            place = os.path.join(parent, name)  # noqa: PTH118  bytes
            status = os.lstat(place)
            content: object = None
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(place)  # noqa: PTH115
            elif stat.S_ISREG(status.st_mode) and status.st_size < 2**30:
                with open(place, "rb") as file:  # noqa: PTH123
                    content = hashlib.file_digest(file, "sha256").digest()
            key = os.fsdecode(place[len(os.fsencode(root)) :])
            found[key] = (oct(status.st_mode), status.st_mtime_ns, content)
    return found


def test_neither_umask_nor_time_zone_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = staged_at(tmp_path / "first")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    mask = os.umask(0o077)
    try:
        second = staged_at(tmp_path / "second")
    finally:
        os.umask(mask)
    assert first == second
    assert len(first) > story.MANY_COUNT + len(story.TEXTS) + len(story.DATA)


def test_what_is_said_of_a_path_is_said_of_one_that_there_is(staged: Path) -> None:
    for mapping in (story.MODES, story.OWNERS, story.TIMES, story.CHANGES, story.SELINUX):
        for path in mapping:
            assert (staged / path[1:]).is_symlink() or (staged / path[1:]).exists(), path


def test_packages_list_what_there_is(staged: Path) -> None:
    lists = [text for path, text in story.TEXTS.items() if path.endswith(".list")]
    assert len(lists) == story.TEXTS["/var/lib/dpkg/status"].count("install ok installed")
    for text in lists:
        for path in text.splitlines():
            assert (staged / path[1:]).exists(), path


def test_the_logger_writes_the_local_time() -> None:
    assert local_stamp(BREAK_IN) == "Mar 14 02:11:07"
    assert story.TEXTS["/var/log/auth.log"].startswith("Mar 14 02:11:07 web01 sshd[2000]: Failed")
