"""Ending what a thread waits for."""

import threading
from concurrent.futures import Future

import pytest

from guestshell.engine.interruption import Interrupted, Interruption, result_of


def waiting(interruption: Interruption, future: "Future[int]") -> "Future[int]":
    """Wait for a future in a thread that heeds an interruption, and say what came of it."""
    outcome: Future[int] = Future()

    def wait() -> None:
        with interruption.heeded():
            try:
                outcome.set_result(result_of(future))
            except BaseException as error:
                outcome.set_exception(error)

    threading.Thread(target=wait, daemon=True).start()
    return outcome


def test_it_ends_the_waiting_under_way_and_every_later_one() -> None:
    interruption = Interruption()
    first = waiting(interruption, Future())
    interruption.interrupt()
    with pytest.raises(Interrupted):
        first.result(5)
    with pytest.raises(Interrupted):
        waiting(interruption, Future()).result(5)


def test_what_is_there_is_given() -> None:
    future: Future[int] = Future()
    outcome = waiting(Interruption(), future)
    future.set_result(3)
    assert outcome.result(5) == 3
    failed: Future[int] = Future()
    failed.set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        waiting(Interruption(), failed).result(5)


def test_a_thread_that_heeds_none_waits() -> None:
    future: Future[int] = Future()
    interruption = Interruption()
    with interruption.heeded():
        pass
    interruption.interrupt()
    future.set_result(1)
    assert result_of(future) == 1
