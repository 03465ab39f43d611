"""A conversation: lines in, results out; errors become one line and an exit code."""

import contextlib
import time

import click

from guestshell.commands import COMMANDS
from guestshell.commands.context import Context, Leave
from guestshell.commands.declaration import GuestCommand, HelpRequested
from guestshell.commands.suggestions import did_you_mean, unknown_command
from guestshell.engine.appliance import State
from guestshell.errors import (
    ExitCode,
    GuestShellError,
    HostError,
    NoSuchPath,
    PathError,
    UsageError,
)
from guestshell.guest.guest import Guest
from guestshell.language.lexer import lex
from guestshell.language.quoting import quote
from guestshell.output.results import Result, Text
from guestshell.output.sink import Sink


class Session:
    """One open guest and one place for results.

    `last_seconds` is how long the last line took, `status` its exit code.
    """

    def __init__(self, guest: Guest, sink: Sink) -> None:
        self.sink = sink
        self.context = Context(guest, warn=sink.warn, progress=sink.progress, fail=self._fail)
        self._command = ""
        self.last_seconds = 0.0
        self.status = ExitCode.DONE

    @property
    def guest(self) -> Guest:
        """The guest being explored."""
        return self.context.guest

    def run(self, line: str) -> ExitCode:
        """Execute a line and show its result or its error. Raises Leave when told to leave."""
        started = time.monotonic()
        self._command = ""
        self.status = ExitCode.DONE
        try:
            words = words_of(line)
            self._command = words[0] if words else ""
            with self.sink.waiting(lambda: self._activity(self._command)):
                self.sink.show(self.execute(words))
        except KeyboardInterrupt:
            self.sink.notice("Interrupted")
            self.status = ExitCode.INTERRUPTED
        except GuestShellError as error:
            self._fail(error)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._fail(HostError(f"{error.strerror or error}".lower()))
        except Leave:
            raise
        except Exception as error:  # a conversation outlives a defect of one command
            unexpected = GuestShellError(
                f"unexpected {type(error).__name__}: {error}", "--verbose shows where"
            )
            unexpected.__cause__ = error
            self._fail(unexpected)
        finally:
            self.last_seconds = time.monotonic() - started
        return self.status

    def _fail(self, error: GuestShellError) -> None:
        self.status = error.exit_code
        remedy = error.remedy
        if isinstance(error, NoSuchPath) and not remedy:
            with contextlib.suppress(GuestShellError, KeyboardInterrupt):
                if (close := self.guest.suggest(error.path)) and close != error.path:
                    remedy = f"did you mean {quote(close)}?"
                elif set(error.path) & set("*?["):
                    remedy = "wildcards are not expanded; find -name takes them"
        prefix = f"{self._command}: " if self._command and not isinstance(error, UsageError) else ""
        # the error itself stays as it is, for it may be raised for many lines
        message = error.message
        if isinstance(error, PathError):
            message = f"{quote(error.path)}: {error.problem}"
        self.sink.error(error, f"{prefix}{message}" + (f" ({remedy})" if remedy else ""))

    def _activity(self, command: str) -> str:
        appliance = self.guest.appliance
        if appliance.state in (State.STARTING, State.RESTARTING):
            return f"{appliance.state.value} the appliance… {appliance.waited:.0f} s"
        if not self.guest.is_open:
            return f"looking for the system… {appliance.waited:.0f} s"
        return f"{command}…"

    def execute(self, words: list[str]) -> Result:
        """Run a command given as its words and give its result, perhaps still being found.

        Raises UsageError, or what the command raises.
        """
        if not words:
            return None
        declared = COMMANDS.get(words[0])
        if declared is None:
            raise unknown_command(words[0])
        try:
            with declared.make_context(declared.name, words[1:], obj=self.context) as context:
                result: Result = declared.invoke(context)
                return result
        except HelpRequested as asked:
            return Text(asked.command.page(self.sink.size().columns))
        except click.UsageError as error:
            raise _usage_error(declared, error, words) from None


def words_of(line: str) -> list[str]:
    """Give the words of a line. Raises UsageError for an operator or a quote left open."""
    words = []
    for token in lex(line):
        if token.is_operator:
            raise UsageError(
                f"column {token.start + 1}: {token.value} means nothing here",
                "one command a line; quote it where it belongs to a name",
            )
        if token.open_quote == "\\":
            raise UsageError(f"column {token.end}: nothing follows the backslash")
        if token.open_quote:
            raise UsageError(f"column {token.start + 1}: {token.open_quote} is never closed")
        words.append(token.value)
    return words


def _usage_error(declared: GuestCommand, error: click.UsageError, words: list[str]) -> UsageError:
    hint = f"{declared.name} --help explains it"
    if isinstance(error, click.NoSuchOption):
        # of an unknown -name click tells only its first letter
        word = next((w for w in words[1:] if w.startswith(error.option_name[:2])), "")
        unknown = word.partition("=")[0] or error.option_name
        options = [
            name for parameter in declared.params for name in parameter.opts if name.startswith("-")
        ]
        hint = did_you_mean(unknown, options) or hint
        return UsageError(f"{declared.name}: no such option: {unknown}", hint)
    message = error.format_message().rstrip(".")
    return UsageError(f"{declared.name}: {message[:1].lower()}{message[1:]}", hint)
