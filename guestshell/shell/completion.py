"""Complete at the prompt: candidates of the declaration, written as they must be typed."""

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from guestshell.commands.completion import Candidate, candidates
from guestshell.language.lexer import Token, lex
from guestshell.language.quoting import quote
from guestshell.output.safe import safe_line
from guestshell.session import Session


def split_at_cursor(text: str) -> tuple[list[str], Token]:
    """Give the whole words before the cursor and the one that is being typed, perhaps empty."""
    tokens = [token for token in lex(text) if not token.is_operator]
    if tokens and (tokens[-1].end == len(text)):
        return [token.value for token in tokens[:-1]], tokens[-1]
    return [token.value for token in tokens], Token("", len(text), len(text))


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
        words, typed = split_at_cursor(text)
        found = candidates(self._session.context, words, typed.value)
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
