"""Guests opened and closed one after the other: the process holds no more of its host then."""

import random
import time
from collections.abc import Iterator

from guestshell import Guest
from guestshell.demo.image import demo_image
from tests.holdings import held_beyond, holdings


def _open(chance: random.Random) -> None:
    with Guest(demo_image()) as guest:
        if chance.random() < 0.1:  # closed in the middle of its launch
            guest.start()
            time.sleep(chance.uniform(0, 4))
        else:
            assert guest.read_text("/etc/hostname") == "web01\n"


def attack(count: int, seed: int) -> Iterator[str]:
    """Open and close guests, nearly each with a launch of its own, and yield what stays."""
    _open(random.Random(seed))
    before = holdings()
    for number in range(count):
        chance = random.Random(f"{seed}:{number}")
        try:
            _open(chance)
        except Exception as error:  # whatever it is, it is a finding
            yield f"{seed}:{number}: {error!r}"
        if held := held_beyond(before):
            yield f"{seed}:{number}: {held}"
            before = holdings()
