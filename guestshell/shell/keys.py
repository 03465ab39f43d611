"""What Enter does while a candidate is selected; all other keys are as in readline."""

from prompt_toolkit.application.current import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent


@Condition
def _candidate_is_selected() -> bool:
    state = get_app().current_buffer.complete_state
    # an only candidate was put in without a menu: Enter runs the line
    return state is not None and state.current_completion is not None and len(state.completions) > 1


def key_bindings() -> KeyBindings:
    """Give the bindings of our own."""
    bindings = KeyBindings()

    @bindings.add("enter", filter=_candidate_is_selected)
    def _accept(event: KeyPressEvent) -> None:
        """Take the candidate into the line without running it."""
        event.current_buffer.complete_state = None

    return bindings
