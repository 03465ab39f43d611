"""Keys of our own: Enter while a candidate is selected, F1; all others are as in readline."""

from collections.abc import Callable

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.application.current import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent


@Condition
def _candidate_is_selected() -> bool:
    state = get_app().current_buffer.complete_state
    # an only candidate was put in without a menu: Enter runs the line
    return state is not None and state.current_completion is not None and len(state.completions) > 1


def key_bindings(explain: Callable[[str], None]) -> KeyBindings:
    """Give the bindings of our own; `explain` shows help on a word."""
    bindings = KeyBindings()

    @bindings.add("f1")
    def _help(event: KeyPressEvent) -> None:
        """Show help on the word under the cursor, or on the command of the line."""
        document = event.current_buffer.document
        word = document.get_word_under_cursor(WORD=True) or document.get_word_before_cursor()
        run_in_terminal(lambda: explain(word))

    @bindings.add("enter", filter=_candidate_is_selected)
    def _accept(event: KeyPressEvent) -> None:
        """Take the candidate into the line without running it."""
        event.current_buffer.complete_state = None

    return bindings
