"""What a person at the prompt waits for: the prompt itself, and Tab among 10,000 names."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from benchmarks.figures import Figure, median_of
from guestshell import Guest
from guestshell.output.sink import Sink
from guestshell.session import Session
from guestshell.shell.completion import ShellCompleter
from tests.e2e.terminal import Terminal
from tests.images.debian import MANY, benchmark_image

_ROUNDS = 3


def measure() -> Iterator[Figure]:
    """Give the start and the completion."""
    image = benchmark_image()
    yield Figure("process start to a prompt that takes keys",
                 median_of(lambda: _time_to_prompt(image), _ROUNDS), "s", limit=0.4,
                 of_peer=False)  # fmt: skip
    first, narrow, whole = _completion(image)
    yield Figure("first Tab among 10,000 names", first, "s", limit=0.15, of_peer=False)
    yield Figure("later Tab, 1,000 of them fit", narrow, "s", limit=0.01, of_peer=False)
    yield Figure("later Tab, 10,000 fit, 1,000 shown", whole, "s", limit=0.01, of_peer=False)


def _time_to_prompt(image: Path) -> float:
    """Give the seconds from process start until a typed key shows."""
    started = time.monotonic()
    with Terminal("interactive", "--no-history", "--no-index", str(image)) as terminal:
        terminal.wait_for("guestctl>")
        terminal.type("zq")
        terminal.wait_for("guestctl> zq")
        return time.monotonic() - started


def _completion(image: Path) -> tuple[float, float, float]:
    """Give the seconds of a Tab in a directory of 10,000 names.

    The first one there, later ones with a prefix that 1,000 names begin with, and later ones
    that all 10,000 begin with, of which the menu shows 1,000: all that happens between the
    key and the menu's rows.
    """
    with Guest(image) as guest:
        guest.filesystems()  # the appliance is up
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
