"""Ctrl-C at any instant: the prompt is back within half a second, and the next line answers."""

import random
import time
from collections.abc import Iterator

from campaigns.deaths import LINES
from guestshell.demo.image import demo_image
from tests.e2e.terminal import Terminal

_SECONDS = 0.5
_LONG = (
    "hash -a md5 /var/log/huge.log",
    "grep x /var/log/huge.log | count",
    "cat /var/log/huge.log | count",
)


def attack(count: int, seed: int) -> Iterator[str]:
    """Interrupt lines in a terminal and yield what was not as promised."""
    with Terminal(
        "interactive", "--no-index", str(demo_image()), columns=120, lines=40
    ) as terminal:
        terminal.wait_for("Found", 120)
        for number in range(count):
            chance = random.Random(f"{seed}:{number}")
            line = chance.choice(LINES + _LONG)
            mark = f"mark-{number}-"
            terminal.type(f"{line}\r")
            terminal.settle(chance.uniform(0, 1.5))
            began = time.monotonic()
            terminal.press("ctrl-c")
            terminal.type(f"echo {mark}{number}\r")
            try:
                terminal.wait_for(f"\n{mark}{number}", 60)
            except AssertionError as error:
                yield f"{seed}:{number} {line!r}: no prompt: {error}"
                return
            took = time.monotonic() - began
            if took > _SECONDS:
                yield f"{seed}:{number} {line!r}: the prompt came back after {took:.2f} s"
            if "Traceback" in terminal.text or "libguestfs: error" in terminal.text:
                yield f"{seed}:{number} {line!r}: {terminal.text}"
