"""Read lines from a person and run them."""

import contextlib
import os
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.shortcuts import CompleteStyle

from guestshell.commands.context import Leave
from guestshell.errors import ExitCode
from guestshell.session import Session
from guestshell.shell.completion import ShellCompleter
from guestshell.shell.highlighting import STYLE, LineLexer
from guestshell.shell.history import HistoryFile
from guestshell.shell.keys import key_bindings
from guestshell.shell.toolbar import prompt_text, toolbar_text

_REFRESH_SECONDS = 0.5


@contextlib.contextmanager
def _no_echo() -> Iterator[None]:
    """Keep what is typed ahead off the screen; the next prompt still gets it."""
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (termios.error, OSError, ValueError):
        yield
        return
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class Repl:
    """The prompt over one session.

    What other threads have to say waits for a moment when it cannot garble what is typed.
    """

    def __init__(self, session: Session, history_file: Path | None) -> None:
        self._session = session
        self._headline = ""
        self._notes: list[str] = []
        history: History = HistoryFile(history_file) if history_file else InMemoryHistory()
        session.context.history = lambda: list(history.get_strings())
        self._prompt: PromptSession[str] = PromptSession(
            message=lambda: prompt_text(session),  # type: ignore[arg-type,return-value]
            lexer=LineLexer(),
            completer=ThreadedCompleter(ShellCompleter(session)),
            complete_while_typing=False,
            complete_style=CompleteStyle.MULTI_COLUMN,
            auto_suggest=AutoSuggestFromHistory(),
            history=history,
            key_bindings=key_bindings(),
            bottom_toolbar=self._toolbar,
            style=STYLE,
            refresh_interval=_REFRESH_SECONDS,
            color_depth=ColorDepth.DEPTH_1_BIT if "NO_COLOR" in os.environ else None,
            output=create_output(always_prefer_tty=True),
        )

    def _toolbar(self) -> str:
        line = self._prompt.app.current_buffer.document.text_before_cursor
        return toolbar_text(
            self._session, self._headline, line, self._prompt.output.get_size().columns
        )

    # -- notes from other threads ----------------------------------------------------------------

    def note(self, message: str) -> None:
        """Show a line as soon as it garbles nothing; may be called from any thread."""
        self._notes.append(message)
        loop = self._prompt.app.loop
        if self._prompt.app.is_running and loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop may just have closed
                loop.call_soon_threadsafe(self._show_notes_above_prompt)

    def _show_notes_above_prompt(self) -> None:
        if self._notes and self._prompt.app.is_running:
            run_in_terminal(self._show_notes)

    def _show_notes(self) -> None:
        while self._notes:
            self._session.sink.notice(self._notes.pop(0))

    def _announce(self) -> None:
        try:
            inspection = self._session.guest.inspect()
        except Exception as error:  # a thread of our own has nobody to raise to
            if not self._session.guest.is_closed:
                self.note(f"the system could not be described: {error}")
            return
        self._headline = inspection.headline
        self.note(f"Found {inspection.headline}")
        for warning in inspection.warnings:
            self.note(f"warning: {warning}")

    # -- the conversation --------------------------------------------------------------------------

    def run(self) -> ExitCode:
        """Read and run lines until the person leaves."""
        threading.Thread(target=self._announce, name="announcer", daemon=True).start()
        with contextlib.suppress(Leave, EOFError):
            while True:
                self._show_notes()
                try:
                    line = self._prompt.prompt(pre_run=self._show_notes_above_prompt)
                except KeyboardInterrupt:
                    continue
                with _no_echo():
                    self._session.run(line)
        return ExitCode.DONE
