"""Read lines from a person and run them."""

import contextlib
import hashlib
import os
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.shortcuts import CompleteStyle

from guestshell.commands import COMMANDS, FILTERS
from guestshell.commands.context import Leave
from guestshell.engine.machine import state_directory
from guestshell.errors import ExitCode, UsageError
from guestshell.language.history import recalled
from guestshell.output.results import Text
from guestshell.session import Session
from guestshell.shell.completion import ShellCompleter
from guestshell.shell.highlighting import STYLE, LineLexer
from guestshell.shell.history import HistoryFile
from guestshell.shell.keys import key_bindings
from guestshell.shell.recording import ScreenRecorder
from guestshell.shell.toolbar import prompt_text, toolbar_text
from guestshell.source import logical_lines
from guestshell.termination import Terminated, told

_REFRESH_SECONDS = 0.5
_IDLE_SECONDS = 1.0

_Mode = list[Any]
"""The attributes of a terminal as termios gives them."""

_COMPLETE_STYLES = {
    "columns": CompleteStyle.MULTI_COLUMN,
    "list": CompleteStyle.COLUMN,
    "readline": CompleteStyle.READLINE_LIKE,
}


@contextlib.contextmanager
def _terminal(mode: _Mode, afterwards: _Mode) -> Iterator[None]:
    with contextlib.suppress(termios.error):  # the terminal may have hung up, now or by then
        termios.tcsetattr(0, termios.TCSADRAIN, mode)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, afterwards)


class Repl:
    """The prompt over one session.

    What other threads have to say waits for a moment when it cannot garble what is typed.
    """

    def __init__(self, session: Session, *, keeps_history: bool = True) -> None:
        self._session = session
        self._keeps_history = keeps_history
        self._headline = ""
        self._announced: int | None = None
        self._notes: list[str] = []
        self._recall: str | None = None
        self._with_echo: _Mode | None = None
        session.attached = self._echoing
        session.note = self.note
        session.recorder = ScreenRecorder()
        self._last_key = 0.0
        self._learner = session.guest.learner(self._is_idle)
        self._history = HistoryFile(self._history_file, self._recalled)
        session.context.history = lambda: list(self._history.get_strings())
        self._prompt: PromptSession[str] = PromptSession(
            # mypy takes any callable for one of two kinds of text
            message=lambda: prompt_text(session),  # type: ignore[arg-type,return-value]
            lexer=LineLexer(session.settings.aliases),
            completer=ThreadedCompleter(ShellCompleter(session)),
            history=self._history,
            key_bindings=key_bindings(self._explain),
            enable_open_in_editor=True,
            bottom_toolbar=self._toolbar,
            style=STYLE,
            refresh_interval=_REFRESH_SECONDS,
            output=create_output(always_prefer_tty=True),
        )

    # -- settings ----------------------------------------------------------------------------------

    def _history_file(self) -> Path | None:
        scope = self._session.settings["history"]
        if scope == "off" or not self._keeps_history:
            return None
        if scope == "global":
            return state_directory() / "history"
        images = "\0".join(str(image.path.resolve()) for image in self._session.guest.images)
        name = hashlib.sha256(os.fsencode(images)).hexdigest()[:16]
        return state_directory() / f"history-{name}"

    def _recalled(self, line: str) -> str:
        """Give what a line like `!!` stands for, before it is in the history itself."""
        self._recall = None
        with contextlib.suppress(UsageError):
            self._recall = recalled(line, self._session.context.history(), COMMANDS)
        return self._recall or line

    def _apply_settings(self) -> None:
        settings = self._session.settings
        prompt = self._prompt
        plain = "NO_COLOR" in os.environ or settings["color"] == "never"
        prompt.color_depth = ColorDepth.DEPTH_1_BIT if plain else None
        self._history.follow()
        prompt.editing_mode = EditingMode.VI if settings["editing"] == "vi" else EditingMode.EMACS
        prompt.complete_style = _COMPLETE_STYLES[settings.text("completion")]
        prompt.complete_while_typing = bool(settings["complete_while_typing"])
        prompt.auto_suggest = AutoSuggestFromHistory() if settings["suggest"] else None

    def _explain(self, word: str) -> None:
        pages = [known[word] for known in (COMMANDS, FILTERS) if word in known]
        lines = [line for page in pages for line in page.page(self._session.sink.size().columns)]
        nothing = f"{word!r} is neither a command nor a filter; help lists them"
        self._session.sink.show(Text(lines or [nothing]))

    def _toolbar(self) -> str:
        line = self._prompt.app.current_buffer.document.text_before_cursor
        behind = []
        verification, learner = self._session.verification, self._learner
        if verification is not None and verification.share < 1:
            behind.append(f"SHA-256 {verification.share:.0%}")
        if learner is not None and learner.is_learning and learner.walk.files:
            behind.append(f"learning, {learner.walk.files:,} files")
        return toolbar_text(
            self._session,
            self._headline,
            line,
            self._prompt.output.get_size().columns,
            " │ ".join(behind),
        )

    # -- learning ----------------------------------------------------------------------------------

    def _note_key(self, _keys: object) -> None:
        self._last_key = time.monotonic()

    def _is_idle(self) -> bool:
        """Whether the prompt waits and nobody has typed for a moment."""
        idle = time.monotonic() - self._last_key > _IDLE_SECONDS
        return idle and self._prompt.app.is_running and self._session.guest.is_open

    # -- the terminal's echo -----------------------------------------------------------------------

    @contextlib.contextmanager
    def _no_echo(self) -> Iterator[None]:
        """Keep what is typed ahead off the screen; the next prompt still gets it."""
        try:
            before = termios.tcgetattr(0)
        except termios.error:
            yield
            return
        quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        with _terminal(quiet, before):
            self._with_echo = before
            try:
                yield
            finally:
                self._with_echo = None

    @contextlib.contextmanager
    def _echoing(self) -> Iterator[None]:
        """Let a program of the host have the terminal as it was."""
        if self._with_echo is None:
            yield
            return
        with _terminal(self._with_echo, termios.tcgetattr(0)):
            yield

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

    def _announce_system(self) -> None:
        """Say what system is mounted, once for each that is."""
        guest = self._session.guest
        if self._headline and guest.layout().current == self._announced:
            return
        self._announced = guest.layout().current if guest.is_known else None
        threading.Thread(target=self._announce, name="announcer", daemon=True).start()

    def _announce(self) -> None:
        try:
            inspection = self._session.guest.inspect()
        except Exception as error:  # a thread of our own has nobody to raise to
            if not self._session.guest.is_closed:
                self.note(f"the system could not be described: {error}")
            return
        self._headline = inspection.headline
        self._announced = self._session.guest.layout().current
        self.note(f"Found {inspection.headline}")
        for warning in inspection.warnings:
            self.note(f"warning: {warning}")

    # -- the conversation --------------------------------------------------------------------------

    def run(self) -> ExitCode:
        """Read and run lines until the person leaves."""
        self._announce_system()
        self._prompt.app.key_processor.before_key_press += self._note_key
        if self._learner is not None:
            self._learner.start()
        try:
            self._converse()
        finally:
            if self._learner is not None:
                self._learner.stop()
        return ExitCode.DONE

    def _converse(self) -> None:
        with contextlib.suppress(Leave, EOFError):
            for line in self._session.settings.startup:
                self._session.run(line, "startup: ")
            while True:
                self._show_notes()
                self._apply_settings()
                try:
                    text = self._asked(self._prompt, pre_run=self._show_notes_above_prompt)
                except KeyboardInterrupt:
                    continue
                with self._no_echo():
                    self._run(text)
                if self._headline:
                    self._announce_system()

    @staticmethod
    def _asked(prompt: "PromptSession[str]", pre_run: Callable[[], None] | None = None) -> str:
        """Give a line; to be told to end gives the terminal back first."""
        ended: list[Terminated] = []

        def leave() -> None:
            if prompt.app.is_running and not prompt.app.is_done:
                prompt.app.exit(exception=ended[0])

        def tell(error: Terminated) -> None:
            ended.append(error)
            loop = prompt.app.loop
            if not prompt.app.is_running or loop is None:
                raise error
            loop.call_soon_threadsafe(leave)

        with told(tell):
            text = prompt.prompt(pre_run=pre_run)
        if ended:  # it came together with the line
            raise ended[0]
        return text

    def _run(self, text: str) -> None:
        lines = [line for _, line in logical_lines(_encoded(text))]
        if len(lines) < 2:
            again, self._recall = self._recall, None
            if again is not None:
                self._session.sink.notice(again)
            self._session.run(again or text)
            return
        if not self._confirmed(f"Run these {len(lines)} lines? [y/N] "):
            return
        for line in lines:
            self._session.sink.notice(f"> {line}")
            if self._session.run(line) is ExitCode.INTERRUPTED:
                break

    def _confirmed(self, question: str) -> bool:
        try:
            answer = self._asked(PromptSession(question, output=self._prompt.output))
        except (KeyboardInterrupt, EOFError):
            return False
        return answer.strip().lower() in ("y", "yes")


def _encoded(text: str) -> list[bytes]:
    return [line.encode("utf-8", "surrogatepass") for line in text.split("\n")]
