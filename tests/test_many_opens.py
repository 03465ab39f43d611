"""Two hundred guests opened and closed in one process, which holds no more of its host then."""

import random
import threading
import time
from pathlib import Path

import pytest

from guestshell import Guest
from tests.holdings import held_beyond, holdings

pytestmark = pytest.mark.appliance


def from_the_index(demo: Path) -> None:
    with Guest(demo, index=True) as guest:
        assert guest.is_known
        assert guest.ls("/")


def in_the_middle_of_a_launch(demo: Path, seconds: float) -> None:
    with Guest(demo) as guest:
        guest.start()
        time.sleep(seconds)


def to_the_end(demo: Path) -> None:
    with Guest(demo) as guest:
        assert guest.read_text("/etc/hostname") == "web01\n"


def five_at_once(demo: Path) -> None:
    threads = [threading.Thread(target=to_the_end, args=[demo]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_nothing_is_held_after_two_hundred_opens(demo: Path) -> None:
    with Guest(demo, index=True) as guest:
        guest.inspect()
        guest.ls("/")
    in_the_middle_of_a_launch(demo, 0.3)
    before = holdings()
    with Guest(demo) as guest:
        guest.start()
        time.sleep(0.3)
        assert "processes" in held_beyond(before, seconds=0.1)  # it would be noticed
    chance = random.Random(1)
    for _ in range(175):
        from_the_index(demo)
    assert held_beyond(before) == ""
    for _ in range(20):
        in_the_middle_of_a_launch(demo, chance.uniform(0, 0.6))
    assert held_beyond(before) == ""
    five_at_once(demo)
    assert held_beyond(before) == ""
