"""What is compressed: damage, limits, every kind; the programs that pack are the oracles."""

import bz2
import contextlib
import gzip
import lzma
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.formats import compressed
from tests.guest.facts.host_tree import HostTree, make_tree

FILE = "/file"
TEXT = b"one\ntwo\n"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


def content(files: HostTree, most: int = compressed.MOST) -> bytes:
    return b"".join(compressed.blocks(files, FILE, most))


@pytest.mark.parametrize("kind", PACKERS)
def test_each_kind_is_unpacked(tmp_path: Path, kind: str) -> None:
    packed = PACKERS[kind](TEXT)
    assert compressed.kind_of(packed[:6]) == kind
    assert compressed.unpack(kind, packed, 100) == TEXT
    assert compressed.unpack(kind, packed, 5) == TEXT[:5]
    assert content(make_tree(tmp_path, {FILE: packed + packed})) == TEXT + TEXT


def test_what_is_not_packed_comes_as_it_is(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {FILE: TEXT})
    assert content(files) == TEXT
    assert files.warnings == []


def test_zstd_is_read_where_python_can(tmp_path: Path) -> None:
    program = shutil.which("zstd")
    if program is None:
        pytest.skip("zstd packs the test's file; this host lacks it")
    packed = subprocess.run([program, "-c"], input=TEXT, capture_output=True, check=True).stdout
    files = make_tree(tmp_path, {FILE: packed})
    if compressed._zstd_module() is None:
        assert content(files) == b""
        assert "zstandard" in files.warnings[0]
    else:
        assert content(files) == TEXT


@pytest.mark.parametrize("kind", PACKERS)
def test_what_is_cut_or_spoiled_gives_what_comes_before(tmp_path: Path, kind: str) -> None:
    chance = random.Random(7)
    text = b"".join(chance.randbytes(9).hex().encode() for _ in range(150_000))
    packed = PACKERS[kind](text)
    middle = len(packed) // 2
    for damaged in (
        packed[: len(packed) * 3 // 4],
        packed[:middle] + b"damage" * 20 + packed[middle + 120 :],
    ):
        files = make_tree(tmp_path, {FILE: damaged})
        found = content(files)
        assert len(found) > len(text) // 4
        if len(damaged) < len(packed):
            assert text.startswith(found)
        [warning] = files.warnings
        assert warning.startswith(FILE)
        assert warning.endswith("; what comes before was read")


def test_a_bomb_ends(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {FILE: gzip.compress(bytes(2**24))})
    assert len(content(files, 2**20)) == 2**20
    assert files.warnings == [f"{FILE}: only the first 1 MiB were unpacked"]


def test_an_xz_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**28}]
    files = make_tree(tmp_path, {FILE: lzma.compress(TEXT, filters=filters)})
    assert content(files) == b""
    assert "memory" in files.warnings[0].lower()


@given(st.sampled_from(["lz4", "gzip", "xz", "bzip2", "zstd"]), st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_taken(kind: str, data: bytes) -> None:
    with contextlib.suppress(compressed.UnpackError):
        assert len(compressed.unpack(kind, data, 1000)) <= 1000
