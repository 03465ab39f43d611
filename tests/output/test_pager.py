import io
from collections.abc import Iterator

import pytest

from guestshell.output.pager import pager_command, show, show_if_tall


def test_the_users_pager_is_used_as_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "cat -A")
    assert pager_command() == ["cat", "-A"]
    monkeypatch.setenv("PAGER", "no-such-pager")
    assert pager_command() is None
    monkeypatch.setenv("PAGER", "'open")
    assert pager_command() is None
    monkeypatch.delenv("PAGER")
    assert pager_command() in (["less"], ["more"], None)


def test_what_fits_is_not_paged() -> None:
    stream = io.StringIO()
    show_if_tall(["a", "b"], height=5, always=False, stream=stream, command=["false"])
    assert stream.getvalue() == "a\nb\n"


def test_a_pager_that_leaves_ends_the_reading() -> None:
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield "x" * 1000

    show(lines(), ["head", "-c", "10"], "utf-8")
    assert 0 < read < 10_000
