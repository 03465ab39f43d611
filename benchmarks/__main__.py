"""Measure guestctl beside guestfish on one image in one run: `make bench`."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from benchmarks.peers import Guestctl, Guestfish, Peer
from benchmarks.scripts import script_seconds, scripts
from guestshell import Guest
from guestshell.output.sink import Sink
from guestshell.session import Session
from guestshell.shell.completion import ShellCompleter
from tests.e2e.terminal import Terminal
from tests.images.debian import BIG_FILE, BIG_SIZE, MANY, benchmark_image

ROUNDS = 3
LARGE = (
    "/usr/bin",
    "/usr/sbin",
    "/usr/share/doc",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/share/bash-completion/completions",
)
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


def completion(image: Path) -> tuple[float, float, float]:
    """Give the seconds of a Tab in a directory of 10,000 names.

    The first one there, later ones with a prefix that 1,000 names begin with, and later ones
    that all 10,000 begin with, of which the menu shows 1,000: all that happens between the
    key and the menu's rows.
    """
    with Guest(image) as guest:
        guest.layout()
        completer = ShellCompleter(Session(guest, Sink()))

        def press_tab(prefix: str, expected: int) -> float:
            started = time.monotonic()
            line = Document(f"cat {MANY}/{prefix}")
            found = list(completer.get_completions(line, CompleteEvent()))
            assert len(found) == expected, (prefix, len(found))
            return time.monotonic() - started

        first = press_tab("entry_00", 1000)
        narrow = statistics.median(press_tab("entry_01", 1000) for _ in range(20))
        whole = statistics.median(press_tab("entry_0", 1000) for _ in range(20))
    return first, narrow, whole


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
        listings = [(ours.ask(f"ls -l {path}"), theirs.ask(f"ll {path}")) for path in LARGE]
        rows.append(Row("ls -l, never listed before", statistics.median(a for a, _ in listings),
                        statistics.median(b for _, b in listings), "s", 0.6,
                        of_peer=True))  # fmt: skip
        asked, peers = scripts()
        rows.append(Row("300 commands in an open session", sum(map(ours.ask, asked)),
                        sum(map(theirs.ask, peers)), "s", 0.2, of_peer=True))  # fmt: skip
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
        before = ours.memory()
        piped = ours.ask(f"cat --raw {BIG_FILE} | sha256sum")
        thrown_away = theirs.ask(f"download {BIG_FILE} /dev/null")
        rows.append(Row("1 GB through a host pipe", BIG_SIZE / piped / 1e6,
                        BIG_SIZE / thrown_away / 1e6, "MB/s", 1.5, of_peer=True,
                        at_least=True))  # fmt: skip
        rows.append(Row("memory grown over it", (ours.peak_memory() - before) / 2**20, None,
                        "MiB", 32, of_peer=False))  # fmt: skip
    with Guestctl(image) as ours:
        ours.ask("cat /etc/hostname")
        rows.append(Row("find / | !head -n 1", ours.ask("find / | !head -n 1"), None, "s", 0.5,
                        of_peer=False))  # fmt: skip
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
    script, guestfish_script = script_seconds(image)
    show(Row("the same as a script, with the start", script, guestfish_script, "s", 0.2,
             of_peer=True))  # fmt: skip
    first, narrow, whole = completion(image)
    show(Row("first Tab among 10,000 names", first, None, "s", 0.15, of_peer=False))
    show(Row("later Tab, 1,000 of them fit", narrow, None, "s", 0.01, of_peer=False))
    show(Row("later Tab, 10,000 fit, 1,000 shown", whole, None, "s", 0.01, of_peer=False))
    with tempfile.TemporaryDirectory(prefix="guestctl-bench-") as directory:
        for row in sessions(image, Path(directory)):
            show(row)


main()
