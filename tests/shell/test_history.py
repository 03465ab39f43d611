from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from guestshell.shell.history import HistoryFile


@given(line=st.text(st.characters(codec=None), min_size=1, max_size=50))
def test_any_line_comes_back(tmp_path_factory, line: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("history") / "deep" / "history"
    HistoryFile(lambda: path).append_string(line)
    kept = bool(line.strip()) and not line.startswith(" ")
    assert list(HistoryFile(lambda: path).load_history_strings()) == ([line] if kept else [])


def test_newest_first_without_repeats(tmp_path: Path) -> None:
    path = tmp_path / "history"
    history = HistoryFile(lambda: path)
    for line in ("ls", "ls", "pwd", " secret", "caf\udce9"):
        history.append_string(line)
    assert list(HistoryFile(lambda: path).load_history_strings()) == ["caf\udce9", "pwd", "ls"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_damage_and_closed_doors_are_borne(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b'"good"\nnot json\n[1]\n\xff\n')
    assert list(HistoryFile(lambda: path).load_history_strings()) == ["good"]
    HistoryFile(lambda: path / "below a file").append_string("ls")
