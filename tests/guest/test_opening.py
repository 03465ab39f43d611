"""Opening an image again: what is known of it, and what may have become different."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from guestshell.engine.bytecalls import Dirent
from guestshell.errors import GuestError
from guestshell.guest.devices import Survey
from guestshell.guest.index import Index
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.layout import Layout
from guestshell.guest.mounts import Mount, MountTable
from guestshell.guest.opening import Opening
from guestshell.values import Name

ROOT, DATA = Mount(Name("/"), "/dev/sda1", "ext4", "ro"), Mount(Name("/data"), "/dev/sda2", "", "")


class Host:
    """A host whose appliance mounts some of two file systems."""

    def __init__(self, file: Path) -> None:
        self.knowledge = Knowledge(Index(file, b"image"))
        self.mounts = [ROOT, DATA]
        self.looked = 0

    def open(self) -> Opening:
        def background(call: Callable[[Any], Any]) -> Future[Any]:
            done: Future[Any] = Future()
            done.set_result(
                call(
                    SimpleNamespace(
                        mount=self.mount,
                        lstat=self.lstat,
                        own_number=lambda _, found: found,
                        console=SimpleNamespace(count=0),
                    )
                )
            )
            return done

        def look(_handle: Any, table: MountTable) -> Layout:
            self.looked += 1
            table.assume(self.mounts, [])
            failed = len(self.mounts) < 2
            return Layout(Survey([], [], []), failed=failed)

        appliance = cast("Any", SimpleNamespace(background=background))
        opening = Opening(appliance, MountTable(), self.knowledge, look)
        opening.wait()
        return opening

    def mount(self, device: str, _directory: str, _options: str) -> None:
        if device not in [mount.device for mount in self.mounts]:
            raise GuestError("unknown filesystem type")

    def lstat(self, _directory: str) -> SimpleNamespace:
        return SimpleNamespace(device=1)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "index.sqlite")


def test_a_known_image_is_not_looked_at_again(host: Host) -> None:
    host.open()
    host.open()
    assert host.looked == 1


def test_what_could_not_be_mounted_is_tried_again(host: Host) -> None:
    """The host may have got what it takes: ntfs-3g, a newer kernel."""
    host.mounts = [ROOT]
    assert host.open().layout().failed
    host.knowledge.learn_names("/data", [])
    host.mounts = [ROOT, DATA]
    assert not host.open().layout().failed
    assert host.knowledge.names("/data") is None, "that was what the mount hides"
    host.open()
    assert host.looked == 2


def test_what_cannot_be_mounted_any_more_is_forgotten(host: Host) -> None:
    host.open()
    host.knowledge.learn_names("/data", [Dirent(Name("file"), "r")])
    host.mounts = [ROOT]
    host.open()
    assert host.looked == 2
    assert host.knowledge.names("/data") is None
