"""What is known is never taken for more than it is."""

from array import array
from pathlib import Path

import pytest

from guestshell.engine.bytecalls import STATNS_WORDS
from guestshell.errors import NoSuchPath
from guestshell.guest import knowledge as knowledge_module
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
        knowledge.resolve("/Readme")
    with pytest.raises(NoSuchPath):
        knowledge.status("/Readme", follow=False)


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


def test_what_differs_by_case_alone_is_for_the_appliance(knowledge: Knowledge) -> None:
    """A directory of ext4 may be made so that it finds names in any case: SteamOS's /home."""
    for name in ("README.TXT", "readme.txt"):
        assert knowledge.status(f"/{name}", follow=True) is None
        assert knowledge.resolve(f"/{name}") is None


def test_only_so_many_names_stay_in_memory(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(count: int) -> Listing:
        names = [Name(f"file{number:02}") for number in range(count)]
        return Listing.of(names, array("q", [0] * STATNS_WORDS * count), {})

    monkeypatch.setattr(knowledge_module, "_KEPT_NAMES", 10)
    for number in range(5):
        knowledge.learn_listing(f"/{number}", of(4))
    assert sum(map(len, knowledge._listings.values())) <= 10
    knowledge.learn_listing("/long", of(50))
    assert list(knowledge._listings) == ["/long"]
    found = knowledge.listing("/0")
    assert found is not None and len(found) == 4
