"""A tree of 100,000 files: walked by find, learned into an index, found in it."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.dissect import Dissect, installed
from benchmarks.figures import Figure, beside, median_of, medians
from benchmarks.peers import Guestctl, Guestfish, Peer
from benchmarks.processes import Ran, guestctl, guestctl_without_appliance
from guestshell import Guest
from tests.images.many import COUNT, many_files_image

_ROUNDS = 3
_DEVICE = "/dev/sda1"
_NAME = "item-"


def measure() -> Iterator[Figure]:
    """Walk the tree unknown, learn it, and ask again."""
    image = many_files_image()
    dissect = installed()
    what = f"find / over {COUNT:,} files"
    ours, theirs = medians(_ROUNDS, lambda: _find(Guestctl(image)), lambda: _find(Guestfish(image)))
    yield Figure(f"{what}, open session", ours, "s", "guestfish find /", theirs, 0.5)
    yield from _learning(image)
    guestctl_without_appliance("find", image, "/").expect(_NAME, COUNT)
    ours = median_of(lambda: guestctl("find", image, "/").expect(_NAME, COUNT), 5)
    yield Figure(f"{what}, reopened", ours, "s", limit=1, of_peer=False)
    yield _beside_dissect(f"{what}, reopened", ours, image, dissect)


def _find(session: Peer) -> float:
    with session:
        session.ask("cat /etc/hostname", "many")
        return session.ask("find /", f"{_NAME}0999-99.dat")


def _learning(image: Path) -> Iterator[Figure]:
    """Build the index as `index build` does, and walk the inodes, each in a new appliance."""
    with Guest(image, index=True) as guest:
        guest.drop_index()
        guest.users()  # what a session would have asked, and the mounts are there
        learner = guest.learner()
        assert learner is not None
        started = time.monotonic()
        learner.run(hurry=True)
        built = time.monotonic() - started
        state = guest.index_state()
        assert state is not None
        assert state.complete and state.files >= COUNT
    with Guest(image) as guest:
        guest.users()
        started = time.monotonic()
        found = guest.appliance.call(lambda handle: handle.raw.filesystem_walk(_DEVICE))
        walked = time.monotonic() - started
        assert len(found) >= COUNT
    yield Figure(f"index of {COUNT:,} files", built, "s", "one filesystem_walk", walked, 3)
    yield Figure("the same, bytes a file", state.size / state.files, "B", limit=250, of_peer=False)


def _beside_dissect(what: str, ours: float, image: Path, dissect: Dissect) -> Figure:
    def ask() -> Ran:
        return dissect.shell(image, "find /")

    return beside(what, ours, "target-shell -c 'find /'", lambda: ask().expect(_NAME, COUNT),
                  rounds=1)  # fmt: skip
