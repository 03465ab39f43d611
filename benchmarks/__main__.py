"""Measure guestctl beside guestfish on one image in one run: `make bench`."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import Guestctl, Guestfish, Peer
from guestshell import Guest
from guestshell.commands.completion import candidates
from guestshell.commands.context import Context
from tests.e2e.terminal import Terminal
from tests.images.debian import BIG_FILE, BIG_SIZE, MANY, MANY_COUNT, benchmark_image

ROUNDS = 3
SMALL_FILES = ("/etc/passwd", "/etc/group", "/etc/fstab", "/etc/issue", "/etc/shells")


@dataclass(frozen=True)
class Row:
    """One figure, its peer's, and what was promised: a limit on ours or on ours over theirs."""

    what: str
    ours: float
    theirs: float | None
    unit: str
    limit: float
    of_peer: bool
    at_least: bool = False

    def text(self) -> str:
        value = self.ours / self.theirs if self.of_peer and self.theirs else self.ours
        holds = value >= self.limit if self.at_least else value <= self.limit
        theirs = f"{self.theirs:10.3f}" if self.theirs is not None else " " * 10
        sign = "≥" if self.at_least else "≤"
        kind = " x peer" if self.of_peer else f" {self.unit}"
        verdict = "reached" if holds else "NOT reached"
        return (
            f"{self.what:<42}{self.ours:10.3f}{theirs}  {self.unit:<5}"
            f"{value:8.3f} {sign} {self.limit:g}{kind:<8} {verdict}"
        )


def time_to_prompt(image: Path) -> float:
    """Give the seconds from process start until a typed key shows."""
    started = time.monotonic()
    with Terminal("interactive", "--no-history", str(image)) as terminal:
        terminal.wait_for("guestctl>")
        terminal.type("zq")
        terminal.wait_for("guestctl> zq")
        return time.monotonic() - started


def first_answer(make: Callable[[], Peer]) -> float:
    started = time.monotonic()
    peer = make()
    peer.ask("cat /etc/hostname")
    seconds = time.monotonic() - started
    peer.close()
    return seconds


def completion(image: Path) -> tuple[float, float]:
    """Give the seconds of the first completion in a directory of 10,000 names, and of later."""
    with Guest(image) as guest:
        guest.layout()
        context = Context(guest)
        times = []
        for _ in range(20):
            started = time.monotonic()
            found = candidates(context, ["cat"], f"{MANY}/entry_0")
            times.append(time.monotonic() - started)
            assert len(found) == MANY_COUNT
    return times[0], statistics.median(times[1:])


def median_of(ask: Callable[[str], float]) -> float:
    return statistics.median(ask(f"cat {path}") for path in SMALL_FILES)


def sessions(image: Path, directory: Path) -> list[Row]:
    """Ask both the same in a session of each, one after the other."""
    rows = []
    with Guestctl(image) as ours, Guestfish(image) as theirs:
        ours.ask("cat /etc/hostname")
        theirs.ask("cat /etc/hostname")
        rows.append(Row("warm cat of a small file", median_of(ours.ask), median_of(theirs.ask),
                        "s", 0.1, of_peer=True))  # fmt: skip
        rows.append(Row("ls -l /usr/bin, never listed before", ours.ask("ls -l /usr/bin"),
                        theirs.ask("ll /usr/bin"), "s", 0.6, of_peer=True))  # fmt: skip
        before = ours.memory()
        hashed, checked = ours.ask(f"hash {BIG_FILE}"), theirs.ask(f"checksum sha256 {BIG_FILE}")
        rows.append(Row("hash of 1 GB", hashed, checked, "s", 0.8, of_peer=True))
        saved = ours.ask(f"save {BIG_FILE} {directory / 'ours'}")
        downloaded = theirs.ask(f"download {BIG_FILE} {directory / 'theirs'}")
        rows.append(Row("save of 1 GB", BIG_SIZE / saved / 1e6, BIG_SIZE / downloaded / 1e6,
                        "MB/s", 1.5, of_peer=True, at_least=True))  # fmt: skip
        rows.append(Row("memory grown over both", (ours.peak_memory() - before) / 2**20, None,
                        "MiB", 32, of_peer=False))  # fmt: skip
        subprocess.run(["cmp", directory / "ours", directory / "theirs"], check=True)
    return rows


def main() -> None:
    """Print every figure with its peer's and what was promised."""
    image = benchmark_image()
    print(f"{'':<42}{'guestctl':>10}{'guestfish':>10}")

    def show(row: Row) -> None:
        print(row.text(), flush=True)

    prompts = [time_to_prompt(image) for _ in range(ROUNDS)]
    show(Row("process start to a prompt that takes keys", statistics.median(prompts), None, "s",
             0.4, of_peer=False))  # fmt: skip
    pairs = [
        (first_answer(lambda: Guestctl(image)), first_answer(lambda: Guestfish(image)))
        for _ in range(ROUNDS)
    ]
    show(Row("process start to the first cat", statistics.median(pair[0] for pair in pairs),
             statistics.median(pair[1] for pair in pairs), "s", 0.6, of_peer=True))  # fmt: skip
    first, later = completion(image)
    show(Row("completion among 10,000 names, first", first, None, "s", 0.15, of_peer=False))
    show(Row("completion among 10,000 names, later", later, None, "s", 0.01, of_peer=False))
    with tempfile.TemporaryDirectory(prefix="guestctl-bench-") as directory:
        for row in sessions(image, Path(directory)):
            show(row)


main()
