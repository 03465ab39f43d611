"""Complete at the prompt: candidates of the declaration, written as they must be typed."""

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from guestshell.commands.completion import Candidate, candidates
from guestshell.language.cursor import at_cursor
from guestshell.language.lexer import Token
from guestshell.language.quoting import quote
from guestshell.output.safe import safe_line
from guestshell.session import Session


def _written(values: list[str], typed: Token) -> list[str]:
    """Give the words to type for values: if one must be quoted, all are."""
    quoted = [quote(value) for value in values]
    bare = all(word == value for word, value in zip(quoted, values, strict=True))
    if bare and not typed.quoted:
        return quoted
    return [
        f"'{value}'" if word == value else word for word, value in zip(quoted, values, strict=True)
    ]


class ShellCompleter(Completer):
    """Completes the word before the cursor."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what fits; each replaces the whole word so that its quotes are right."""
        text = document.text_before_cursor
        cursor = at_cursor(text)
        if cursor is None:
            return
        typed = cursor.typed
        found = candidates(self._session.context, cursor)
        for candidate, word in zip(
            found, _written([candidate.value for candidate in found], typed), strict=True
        ):
            yield Completion(
                word if candidate.is_open else word + " ",
                start_position=typed.start - len(text),
                display=_display(candidate),
                display_meta=candidate.explanation,
            )


def _display(candidate: Candidate) -> str:
    """Give what the menu shows: the last part of a path."""
    path = candidate.value.rstrip("/")
    name = path.rpartition("/")[2] or path
    return safe_line(name + ("/" if candidate.value.endswith("/") else ""))
