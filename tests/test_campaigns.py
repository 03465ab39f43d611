"""The campaigns in small: they run, they find what is there, and a seed gives the same again."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaigns import images, texts
from campaigns.bases import base


@pytest.mark.parametrize(
    ("attack", "count"),
    [
        (texts.lines, 2000),
        (texts.configurations, 100),
        (texts.histories, 100),
        (texts.indexes, 40),
    ],
)
def test_texts(
    attack: Callable[[int, int], Iterator[str]],
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert list(attack(count, 2)) == []


def test_what_breaks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_at_a_bar(line: str) -> None:
        if "|" in line:
            raise IndexError(line)

    monkeypatch.setattr(texts, "parse", breaks_at_a_bar)
    found = list(texts.lines(200, seed=3))
    assert found and all("IndexError" in failure for failure in found)
    assert found == list(texts.lines(200, seed=3))


def test_a_variant_follows_from_its_seed(tmp_path: Path) -> None:
    original = base("ext2")
    sectors = images._sectors(original)
    one, again, other = (tmp_path / name for name in ("one", "again", "other"))
    for target, seed in ((one, "1"), (again, "1"), (other, "2")):
        images.variant(original, sectors, seed, target)
    assert one.read_bytes() == again.read_bytes() != original.read_bytes()
    assert one.read_bytes() != other.read_bytes()


def test_damage_is_in_place_or_moves() -> None:
    data = bytes(range(256))
    for seed in range(50):
        flipped = texts.flipped(data, random.Random(seed))
        assert len(flipped) == len(data)
        assert 0 < sum(a != b for a, b in zip(flipped, data, strict=True)) <= 7
