"""Tables that are wider than the terminal."""

from hypothesis import given
from hypothesis import strategies as st

from guestshell.output.folding import fitting, folded, width_of

TEXTS = st.text(st.sampled_from("ab世/, ."), max_size=30)


@given(TEXTS, st.integers(2, 40))
def test_a_folded_text_loses_nothing_and_fits_where_its_words_do(text: str, width: int) -> None:
    lines = folded(text, width)
    assert "".join(lines) == text
    assert all(width_of(line.rstrip()) <= width for line in lines)
    assert all(lines) or text == ""


def test_words_lists_and_paths_are_broken_between_their_parts() -> None:
    assert folded("(root) NOPASSWD: /usr/bin/tee", 16) == ["(root) NOPASSWD: ", "/usr/bin/tee"]
    assert folded("of " + "0" * 30, 20) == ["of ", "0" * 20, "0" * 10]


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=5),
       st.integers(1, 120))  # fmt: skip
def test_columns_fit_into_the_room_or_stay_as_they_are(columns: list[list[str]], room: int) -> None:
    natural = [max(map(width_of, cells)) for cells in columns]
    widths = fitting(columns, room)
    if sum(natural) <= room:
        assert widths is None
    elif widths is not None:
        assert sum(widths) == room
        assert all(width <= wide for width, wide in zip(widths, natural, strict=True))
        for cells, width in zip(columns, widths, strict=True):
            assert all(width_of(line.rstrip()) <= width for cell in cells
                       for line in folded(cell, width))  # fmt: skip


def test_a_narrow_column_keeps_its_width_beside_a_wide_one() -> None:
    assert fitting([["yes", "no"], ["one two three four five"]], 15) == [3, 12]


def test_times_and_digests_stay_whole_while_there_is_room() -> None:
    time, digest, path = "2026-03-14 01:41:30Z", "0" * 64, "/usr/share/doc/long"
    assert fitting([[time], [digest], [path + path]], 110) == [20, 64, 26]
    assert fitting([[digest], [path + path]], 60) == [30, 30]
    assert fitting([[digest]] * 9, 60) is None
