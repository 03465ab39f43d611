"""Where the cursor stands in a line that is being typed; never fails."""

from dataclasses import dataclass

from guestshell.language.lexer import Token, lex
from guestshell.language.parser import Stage, parse

_PROBE = "x"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The word being typed, perhaps empty, and what stands before it.

    `words` are those of its own stage, `before` the stages before that. `in_redirect` when it
    names a file of the host, `forced` when its stage is a program of the host by `!`.
    """

    typed: Token
    words: tuple[Token, ...]
    before: tuple[Stage, ...]
    forced: bool = False
    in_redirect: bool = False


def at_cursor(text: str) -> Cursor | None:
    """Give what is being typed at the end of a text.

    None inside a comment, and where nothing can stand: behind the file of a redirect.
    """
    tokens = lex(text)
    is_typing = bool(tokens) and tokens[-1].end == len(text) and not tokens[-1].is_operator
    probe = text if is_typing else text + _PROBE
    if all(token.end < len(probe) for token in lex(probe)):
        return None  # a comment
    pipelines = parse(probe).pipelines
    if not pipelines:
        return None
    pipeline = pipelines[-1]
    empty = Token("", len(text), len(text))
    target = pipeline.redirect.target if pipeline.redirect else None
    if target is not None:
        if target.end != len(probe):
            return None
        return Cursor(target if is_typing else empty, (), (), in_redirect=True)
    stage = pipeline.stages[-1]
    if not stage.tokens:
        # just the ! or - that may begin a stage
        return Cursor(empty, (), pipeline.stages[:-1], stage.forced)
    last = stage.tokens[-1]
    if last.end != len(probe):
        return None
    typed = last if is_typing else empty
    return Cursor(typed, stage.tokens[:-1], pipeline.stages[:-1], stage.forced)
