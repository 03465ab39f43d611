"""The learner's thread, without a guest."""

import threading
import time
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from guestshell.engine.bytecalls import STATNS_WORDS
from guestshell.guest.index import Index
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.learner import Learner, Walk
from guestshell.guest.listing import Listing
from guestshell.values import Name

FILE, DIRECTORY = 0o100644, 0o040755


def listing(mode: int, *names: str) -> Listing:
    row = [0] * STATNS_WORDS
    row[2] = mode
    return Listing.of([Name(name) for name in names], array("q", row * len(names)), {})


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    """All of a tree is known but that it is all."""
    found = Knowledge(Index(tmp_path / "index.sqlite", b"image"))
    names = [f"{number:03}" for number in range(300)]
    found.learn_root_attributes([])
    found.learn_listing("/", listing(DIRECTORY, *names))
    found.learn_attributes("/", {})
    for name in names:
        found.learn_listing(f"/{name}", listing(FILE, "file"))
        found.learn_attributes(f"/{name}", {})
    return found


def test_it_stops_amid_what_is_known(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    known = knowledge.listing

    def slowly(directory: str) -> Listing | None:
        time.sleep(0.05)
        return known(directory)

    monkeypatch.setattr(knowledge, "listing", slowly)
    learner = Learner(cast("Any", SimpleNamespace(knowledge=knowledge)), knowledge)
    learner.start()
    time.sleep(0.2)
    began = time.monotonic()
    learner.stop()
    assert time.monotonic() - began < 1
    assert not learner.is_learning


def test_a_defect_of_a_fact_is_not_said_amid_a_typed_line(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []
    monkeypatch.setattr(threading, "excepthook", said.append)

    def facts(_pause: object) -> None:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    learner = Learner(cast("Any", SimpleNamespace(knowledge=knowledge)), knowledge, facts)
    learner.start()
    while learner.is_learning:
        time.sleep(0.01)
    assert not said and not learner.walk.is_complete


def test_what_was_forgotten_meanwhile_is_learned_again(knowledge: Knowledge) -> None:
    times = 0

    def forget_once(pause: object) -> None:
        nonlocal times
        times += 1
        if times == 1:
            knowledge.times_forgotten += 1

    tree = cast("Any", SimpleNamespace(knowledge=knowledge))
    learner = Learner(tree, knowledge, forget_once)
    assert not learner.run().is_complete
    assert learner.run().is_complete
    assert knowledge.fact("walk", Walk) == Walk(301, 600, True)
