"""Storage that fails or changes while it is read: never a wrong answer presented as right."""

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from guestshell import Guest, GuestError, ImageChanged
from guestshell.errors import ExitCode
from guestshell.output.sink import Sink
from guestshell.session import Session
from tests.conftest import own_cache
from tests.images.storage import FailingDisk, failing_disk

pytestmark = pytest.mark.appliance

# each reads what the ones before did not
LINES = (
    "ls /srv",
    "ls -l /var",
    "find /usr -type f",
    "hash /bin/ls",
    "cat /var/log/auth.log",
    "grep -r root /etc",
    "users",
    "packages",
    "services",
    "logs | count",
    "du -s /home",
    "tree /opt",
    "file /usr/bin/ssh",
    "stat /usr/lib/systemd/system/ssh.service",
    "packages --verify",
)


class Talk:
    """A session whose words are kept."""

    def __init__(self, guest: Guest) -> None:
        self._out = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape")
        self._err = io.StringIO()
        self.session = Session(guest, Sink(self._out, self._err))

    def ask(self, line: str) -> tuple[ExitCode, bytes, str]:
        buffer = self._out.buffer
        assert isinstance(buffer, io.BytesIO)
        for stream in (buffer, self._err):
            stream.seek(0)
            stream.truncate()
        status = self.session.run(line)
        self._out.flush()
        return status, buffer.getvalue(), self._err.getvalue()


@pytest.fixture(scope="module")
def disk(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingDisk]:
    with failing_disk(demo, tmp_path_factory.mktemp("storage")) as disk:
        yield disk


def test_an_io_error_is_said_and_what_was_read_meanwhile_is_not_believed(
    disk: FailingDisk, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache(tmp_path)))
    with Guest(demo) as guest:
        healthy = Talk(guest)
        right = {line: healthy.ask(line) for line in LINES}
    with Guest(disk.image, index=True) as guest:
        talk = Talk(guest)
        assert talk.ask("cat /etc/hostname")[0] is ExitCode.DONE
        with disk.fails():
            for line in LINES:
                status, answer, said = talk.ask(line)
                assert "unexpected" not in said, (line, said)
                is_said = "input/output error" in said or "I/O error, dev sda" in said
                assert said if status else is_said or answer == right[line][1], line
        assert talk.ask("cat /etc/passwd")[0] is ExitCode.DONE
        for line in LINES:
            assert talk.ask(line) == right[line]
    with Guest(disk.image, index=True) as guest:  # the index keeps nothing of it either
        talk = Talk(guest)
        for line in LINES:
            assert talk.ask(line) == right[line]


def test_a_directory_that_was_half_read_is_no_directory(disk: FailingDisk) -> None:
    with Guest(disk.image) as guest:
        guest.layout()
        with disk.fails(), pytest.raises(GuestError, match="/var: input/output error"):
            guest.names("/var")
        assert guest.take_complaints()[0].startswith("I/O error, dev sda")
        assert guest.take_complaints() == []
        assert guest.names("/var")


def test_storage_that_fails_from_the_start(disk: FailingDisk) -> None:
    with disk.fails(), pytest.raises(Exception, match="input/output error"):
        Guest(disk.image)


@pytest.fixture
def changing(demo: Path, tmp_path: Path) -> Path:
    image = tmp_path / "changing.img"
    shutil.copyfile(demo, image)
    return image


def _written(image: Path) -> None:
    with image.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")


def _truncated(image: Path) -> None:
    os.truncate(image, 50 * 2**20)


def _replaced(image: Path) -> None:
    other = image.with_suffix(".other")
    shutil.copyfile(image, other)
    other.rename(image)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_written, "was written to"),
        (_truncated, "has 52428800 bytes now and had 102760448"),
        (_replaced, "is another file now"),
        (Path.unlink, "is gone"),
    ],
)
def test_an_image_that_changes_is_said_to(changing: Path, change, said: str) -> None:  # type: ignore[no-untyped-def]
    with Guest(changing) as guest:
        talk = Talk(guest)
        assert talk.ask("cat /etc/hostname") == (ExitCode.DONE, b"web01\n", "")
        change(changing)
        for _ in range(2):
            status, answer, errors = talk.ask("cat /etc/hostname")
            assert (status, answer) == (ExitCode.FAILED, b"web01\n")
            assert errors.endswith(
                f"{changing} {said}, while it was open: answers can be wrong"
                " (open it again to see it as it is)\n"
            )
            assert errors.count("\n") == 1
        with pytest.raises(ImageChanged):
            guest.check_unchanged()


def test_an_appliance_that_dies_after_its_image_is_gone(changing: Path) -> None:
    with Guest(changing) as guest:
        talk = Talk(guest)
        assert talk.ask("cat /etc/hostname")[0] is ExitCode.DONE
        changing.unlink()
        pid = guest.appliance.pid
        assert pid is not None
        os.kill(pid, 9)
        status, answer, errors = talk.ask("cat /etc/passwd")
        assert status is not ExitCode.DONE
        assert not answer
        assert str(changing) in errors
        assert "unexpected" not in errors
