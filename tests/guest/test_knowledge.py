"""What is known is never taken for more than it is."""

from array import array
from pathlib import Path

import pytest

from guestshell.engine.bytecalls import STATNS_WORDS
from guestshell.errors import NoSuchPath
from guestshell.guest.image import open_image
from guestshell.guest.index import Index
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.listing import Listing
from guestshell.values import Name


@pytest.fixture
def knowledge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Knowledge:
    """One that knows a single directory with a single file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "disk.img").write_bytes(bytes(4096))
    made = Knowledge(Index.of([open_image(tmp_path / "disk.img")]))
    words = [0] * STATNS_WORDS
    words[1], words[2] = 12, 0o100644
    made.learn_listing("/", Listing.of([Name("Readme.txt")], array("q", words), {}))
    return made


def test_what_a_listing_does_not_have_is_not_there(knowledge: Knowledge) -> None:
    assert knowledge.resolve("/Readme.txt") == "/Readme.txt"
    with pytest.raises(NoSuchPath):
        knowledge.resolve("/README.TXT")
    with pytest.raises(NoSuchPath):
        knowledge.status("/README.TXT", follow=False)


def test_where_case_does_not_count_the_appliance_is_asked(knowledge: Knowledge) -> None:
    knowledge.is_exact = lambda directory: False
    assert knowledge.resolve("/Readme.txt") == "/Readme.txt"
    assert knowledge.resolve("/README.TXT") is None
    assert knowledge.status("/README.TXT", follow=False) is None
    assert knowledge.names("/README.TXT") is None


def test_a_name_too_long_for_linux_is_left_to_it(knowledge: Knowledge) -> None:
    assert knowledge.resolve(f"/{'n' * 256}") is None
    with pytest.raises(NoSuchPath):
        knowledge.resolve(f"/{'n' * 255}")
