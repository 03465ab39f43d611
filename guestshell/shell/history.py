"""The lines typed, kept between sessions."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit.history import History


class HistoryFile(History):
    """A history with one JSON string a line: any line comes back as it was, odd bytes too.

    Only its owner can read it. A line that begins with a space is not kept. Where there is no
    file, or it cannot be written, the history lives as long as the session.
    """

    def __init__(
        self, path: Callable[[], Path | None], expand: Callable[[str], str] = lambda line: line
    ) -> None:
        """`path` is asked each time; `expand` gives the line that stands for one like `!!`."""
        super().__init__()
        self._path_now = path
        self._expand = expand
        self._loaded_from = path()

    def follow(self) -> None:
        """Take the lines of another file where `path` names another one by now."""
        if self._path_now() != self._loaded_from:
            self._loaded = False
            self._loaded_strings = []

    def load_history_strings(self) -> Iterable[str]:
        """Give the lines, the newest first; damaged ones are left out."""
        path = self._loaded_from = self._path_now()
        if path is None:
            return []
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        return [line for text in reversed(lines) if (line := _decoded(text))]

    def store_string(self, string: str) -> None:
        """Add a line."""
        path = self._path_now()
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(json.dumps(string) + "\n")
        except OSError:
            pass  # a full disk or read-only home is no reason to stop working

    def append_string(self, string: str) -> None:
        """Remember a line unless it begins with a space or repeats the last."""
        if not string.strip() or string.startswith(" "):
            return
        line = self._expand(string)
        if line != self._newest():
            super().append_string(line)

    def _newest(self) -> str:
        return self._loaded_strings[0] if self._loaded_strings else ""


def _decoded(text: str) -> str:
    try:
        line = json.loads(text)
    except ValueError:
        return ""
    return line if isinstance(line, str) else ""
