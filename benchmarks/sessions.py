"""A session of ours and one of guestfish, asked the same, one after the other."""

import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.peers import Guestctl, Guestfish
from benchmarks.scripts import script_seconds, scripts
from tests.images.debian import BIG_FILE, BIG_SIZE, MANY, benchmark_image

_LARGE = (
    "/usr/bin",
    "/usr/sbin",
    "/usr/share/doc",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/share/bash-completion/completions",
)
_SMALL_FILES = ("/etc/passwd", "/etc/group", "/etc/fstab", "/etc/issue", "/etc/shells")


def measure() -> Iterator[Figure]:
    """Give what small questions, scripts and a large file cost."""
    image = benchmark_image()
    script, guestfish_script = script_seconds(image)
    yield _figure("300 commands as a script, with the start", script, guestfish_script, 0.2)
    with tempfile.TemporaryDirectory(prefix="guestctl-bench-") as directory:
        yield from _sessions(image, Path(directory))
    with Guestctl(image) as ours:
        ours.ask("cat /etc/hostname")
        yield Figure("find / | !head -n 1", ours.ask("find / | !head -n 1"), "s", limit=0.5,
                     of_peer=False)  # fmt: skip


def _figure(what: str, ours: float, theirs: float, limit: float) -> Figure:
    return Figure(what, ours, "s", "guestfish", theirs, limit)


def _throughput(what: str, ours: float, theirs: float) -> Figure:
    return Figure(what, BIG_SIZE / ours / 1e6, "MB/s", "guestfish", BIG_SIZE / theirs / 1e6, 1.5,
                  at_least=True)  # fmt: skip


def _memory(what: str, session: Guestctl, before: int) -> Figure:
    return Figure(what, (session.peak_memory() - before) / 2**20, "MiB", limit=32, of_peer=False)


def _median_of_small(ask: Callable[[str], float]) -> float:
    return statistics.median(ask(f"cat {path}") for path in _SMALL_FILES)


def _sessions(image: Path, directory: Path) -> Iterator[Figure]:
    with Guestctl(image) as ours, Guestfish(image) as theirs:
        ours.ask("cat /etc/hostname")
        theirs.ask("cat /etc/hostname")
        yield _figure("warm cat of a small file", _median_of_small(ours.ask),
                      _median_of_small(theirs.ask), 0.1)  # fmt: skip
        listings = [(ours.ask(f"ls -l {path}"), theirs.ask(f"ll {path}")) for path in _LARGE]
        yield _figure("ls -l, never listed before", statistics.median(a for a, _ in listings),
                      statistics.median(b for _, b in listings), 0.6)  # fmt: skip
        many, peers_many = ours.ask(f"ls -l {MANY}"), theirs.ask(f"ll {MANY}")
        yield Figure("ls -l of 10,000 names", many, "s", "guestfish", peers_many)
        asked, peers = scripts()
        yield _figure("300 commands in an open session", sum(map(ours.ask, asked)),
                      sum(map(theirs.ask, peers)), 0.2)  # fmt: skip
        before = ours.memory()
        hashed, checked = ours.ask(f"hash {BIG_FILE}"), theirs.ask(f"checksum sha256 {BIG_FILE}")
        yield _figure("hash of 1 GB", hashed, checked, 0.8)
        saved = ours.ask(f"save {BIG_FILE} {directory / 'ours'}")
        downloaded = theirs.ask(f"download {BIG_FILE} {directory / 'theirs'}")
        yield _throughput("save of 1 GB", saved, downloaded)
        yield _memory("memory grown over both", ours, before)
        subprocess.run(["cmp", directory / "ours", directory / "theirs"], check=True)
        before = ours.memory()
        piped = ours.ask(f"cat --raw {BIG_FILE} | sha256sum")
        thrown_away = theirs.ask(f"download {BIG_FILE} /dev/null")
        yield _throughput("1 GB through a host pipe", piped, thrown_away)
        yield _memory("memory grown over it", ours, before)
