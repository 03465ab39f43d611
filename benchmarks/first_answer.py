"""An image never seen before: from process start to the first answer."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.dissect import Dissect, installed
from benchmarks.figures import Figure, beside, median_of, medians
from benchmarks.peers import Guestctl, Guestfish, Peer
from benchmarks.processes import STOCK, guestctl, virt
from tests.images.debian import HOSTNAME, MANY, MANY_COUNT, benchmark_image, debian_image

_ROUNDS = 3
_HOST = HOSTNAME.strip()


@dataclass(frozen=True)
class Appliance:
    """What guestctl starts, and what is promised of it over guestfish and virt-inspector."""

    name: str
    cat: float
    inspect: float
    environment: dict[str, str] = field(default_factory=dict)


APPLIANCES = (Appliance("lean", 0.35, 0.42), Appliance("stock", 0.52, 0.60, STOCK))


def measure() -> Iterator[Figure]:
    """Ask for a file, for the system, and for a directory of 10,000 names."""
    image = debian_image()
    dissect = installed()
    for appliance in APPLIANCES:
        yield from _cat(image, appliance, dissect)
    for appliance in APPLIANCES:
        yield from _inspect(image, appliance, dissect)
    yield from _large_directory(benchmark_image(), dissect)


def _first_cat(make: Callable[[], Peer]) -> float:
    started = time.monotonic()
    with make() as peer:
        peer.ask("cat /etc/hostname", _HOST)
        return time.monotonic() - started


def _cat(image: Path, appliance: Appliance, dissect: Dissect) -> Iterator[Figure]:
    ours, theirs = medians(
        _ROUNDS,
        lambda: _first_cat(lambda: Guestctl(image, **appliance.environment)),
        lambda: _first_cat(lambda: Guestfish(image)),
    )
    what = f"never seen, {appliance.name} appliance: cat /etc/hostname"
    yield Figure(what, ours, "s", "guestfish --ro -i", theirs, appliance.cat)
    if appliance is APPLIANCES[0]:
        yield beside(
            what, ours, "virt-cat", lambda: virt("virt-cat", image, "/etc/hostname").expect(_HOST)
        )
        yield beside(
            what, ours, "target-fs cat",
            lambda: dissect.fs(image, "cat", "/etc/hostname").expect(_HOST),
        )  # fmt: skip


def _inspect(image: Path, appliance: Appliance, dissect: Dissect) -> Iterator[Figure]:
    ours, theirs = medians(
        _ROUNDS,
        lambda: guestctl("inspect", image, "--no-index", **appliance.environment).expect(_HOST),
        lambda: virt("virt-inspector", image).expect(f"<hostname>{_HOST}</hostname>"),
    )
    what = f"never seen, {appliance.name} appliance: inspect"
    yield Figure(what, ours, "s", "virt-inspector", theirs, appliance.inspect)
    if appliance is APPLIANCES[0]:
        yield beside(
            what, ours, "target-query -f os,hostname,version",
            lambda: dissect.query(image, "os,hostname,version").expect(_HOST),
        )  # fmt: skip


def _large_directory(image: Path, dissect: Dissect) -> Iterator[Figure]:
    what = f"never seen: ls -l of {MANY_COUNT:,} names"
    ours = median_of(
        lambda: guestctl("ls", image, "-l", "--no-index", MANY).expect("entry_", MANY_COUNT),
        _ROUNDS,
    )
    yield beside(
        what, ours, "virt-ls -l",
        lambda: virt("virt-ls", image, "-l", MANY).expect("entry_", MANY_COUNT),
    )  # fmt: skip
    yield beside(
        what, ours, "target-fs ls -l",
        lambda: dissect.fs(image, "ls", "-l", MANY).expect("entry_", MANY_COUNT),
    )  # fmt: skip
