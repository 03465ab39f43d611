"""An image that is known answers at the prompt before its appliance is up."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import own_cache
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.appliance


def leave(terminal: Terminal) -> None:
    terminal.settle()
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 0


@pytest.fixture(scope="module")
def known(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment whose cache knows the teaching image: an idle prompt learned it."""
    cache = own_cache(tmp_path_factory.mktemp("cache"))
    environment = {"XDG_CACHE_HOME": str(cache)}
    with Terminal("interactive", str(demo), environment=environment) as terminal:
        terminal.wait_for("appliance ready", 90)
        terminal.wait_for("learning", 30)
        terminal.settle(2)  # notes above the prompt take the toolbar away for a moment
        terminal.wait_gone("learning", 60)
        terminal.run("index")
        terminal.wait_for("Complete: yes")
        leave(terminal)
    yield environment
    shutil.rmtree(cache)


def test_it_answers_before_the_appliance_is_up(demo: Path, known: dict[str, str]) -> None:
    with Terminal("interactive", str(demo), environment=known) as terminal:
        terminal.wait_for("guestctl>", 10)
        terminal.wait_for("appliance starting", 10)
        terminal.type("ls -l /srv/na")
        terminal.press("tab")
        terminal.wait_for("ls -l /srv/names/")
        terminal.press("enter")
        terminal.wait_for("日本語.txt")
        terminal.run("users | where uid = 0 | count")
        terminal.wait_for("\n2\n")
        assert "appliance starting" in terminal.settle(), "the appliance was the faster one"
        terminal.run("find / -user al")
        terminal.press("ctrl-c")
        terminal.run("cat /etc/hostname")
        terminal.wait_for("\nweb01\n", 90)
        leave(terminal)


def test_without_the_index_nothing_is_known(demo: Path, known: dict[str, str]) -> None:
    with Terminal("interactive", "--no-index", str(demo), environment=known) as terminal:
        terminal.wait_for("guestctl>", 10)
        terminal.type("ls -l /home/al")
        terminal.press("tab")
        assert "/home/alice" not in terminal.settle(1.0)
        terminal.press("ctrl-c")
        terminal.run("index")
        terminal.wait_for("nothing is kept of this image")
        leave(terminal)
