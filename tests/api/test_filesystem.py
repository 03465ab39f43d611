"""A guest's files through fsspec, and through what reads by it."""

import io
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pandas
import pytest

from guestshell import Guest
from guestshell.api.filesystem import GuestFileSystem

pytestmark = pytest.mark.appliance


@pytest.fixture(scope="module")
def files(demo: Path) -> Iterator[GuestFileSystem]:
    found = fsspec.filesystem("guest", image=str(demo))
    assert isinstance(found, GuestFileSystem)
    yield found
    found.close()


def test_a_file_is_read_by_its_url(files: GuestFileSystem, demo: Path) -> None:
    with fsspec.open("guest://etc/hostname", image=str(demo)) as file:
        assert file.read() == b"web01\n"
    with fsspec.open("guest://etc/hostname", "rt", image=str(demo)) as text:
        assert text.read() == "web01\n"


def test_the_image_may_end_the_url(demo: Path) -> None:
    url = f"guest://etc/passwd::{demo}"
    names = ["name", "password", "uid", "gid", "gecos", "home", "shell"]
    frame = pandas.read_csv(url, sep=":", names=names)
    assert frame[frame["uid"] == 0]["name"].tolist() == ["root", "sysupd"]
    fsspec.core.url_to_fs(url)[0].close()


def test_it_lists_and_walks_as_the_guest_does(files: GuestFileSystem, demo_guest: Guest) -> None:
    assert files.ls("/etc", detail=False) == [entry.path for entry in demo_guest.ls("/etc")]
    expected = {entry.path for entry in demo_guest.walk("/etc") if entry.is_file}
    assert expected <= set(files.find("/etc"))
    assert files.glob("/etc/cron.d/e2*") == ["/etc/cron.d/e2scrub_all"]
    assert files.cat_file("/etc/hostname", start=1, end=3) == b"eb"
    assert files.info("etc/hostname")["size"] == files.size("/etc/hostname") == 6
    assert files.isdir("/etc") and not files.isdir("/etc/hostname")
    assert files.modified("/etc/cron.d/.sysupdate").isoformat() == "2026-03-14T01:24:58+00:00"


def test_errors_are_those_of_files(files: GuestFileSystem) -> None:
    with pytest.raises(FileNotFoundError):
        files.open("/nowhere")
    with pytest.raises(FileNotFoundError):
        files.ls("/nowhere")
    with pytest.raises(IsADirectoryError):
        files.open("/etc")
    with pytest.raises(OSError, match="Read-only"):
        files.open("/etc/hostname", "wb")
    assert not files.exists("/nowhere")


def test_a_file_is_seekable(files: GuestFileSystem) -> None:
    with files.open("/etc/passwd") as file:
        assert file.seek(-1, io.SEEK_END) > 0
        assert file.read() == b"\n"
