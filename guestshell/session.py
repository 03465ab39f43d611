"""A conversation: lines in, results out; errors become one line and an exit code."""

import contextlib
import time

import click

from guestshell.commands import COMMANDS
from guestshell.commands.context import Context
from guestshell.commands.declaration import GuestCommand, HelpRequested
from guestshell.commands.suggestions import did_you_mean, unknown_command
from guestshell.engine.appliance import State
from guestshell.errors import (
    ExitCode,
    GuestShellError,
    HostError,
    NoSuchPath,
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
        self.context = Context(guest, warn=sink.warn, progress=sink.progress)
        self.last_seconds = 0.0
        self.status = ExitCode.DONE

    @property
    def guest(self) -> Guest:
        """The guest being explored."""
        return self.context.guest

    def run(self, line: str) -> ExitCode:
        """Execute a line and show its result or its error. Raises Leave when told to leave."""
        started = time.monotonic()
        command = ""
        try:
            words = words_of(line)
            command = words[0] if words else ""
            with self.sink.waiting(lambda: self._activity(command)):
                self.sink.show(self.execute(words))
            self.status = ExitCode.DONE
        except KeyboardInterrupt:
            self.sink.notice("Interrupted")
            self.status = ExitCode.INTERRUPTED
        except GuestShellError as error:
            self._fail(command, error)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._fail(command, HostError(f"{error.strerror or error}".lower()))
        finally:
            self.last_seconds = time.monotonic() - started
        return self.status

    def _fail(self, command: str, error: GuestShellError) -> None:
        self.status = error.exit_code
        if isinstance(error, NoSuchPath) and not error.remedy:
            with contextlib.suppress(GuestShellError, KeyboardInterrupt):
                if (close := self.guest.suggest(error.path)) and close != error.path:
                    error.remedy = f"did you mean {quote(close)}?"
        prefix = f"{command}: " if command and not isinstance(error, UsageError) else ""
        if prefix:
            error.message = prefix + error.message
        self.sink.error(error)

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
            raise _usage_error(declared, error) from None


def words_of(line: str) -> list[str]:
    """Give the words of a line. Raises UsageError for an operator or a quote left open."""
    words = []
    for token in lex(line):
        if token.is_operator:
            raise UsageError(
                f"column {token.start + 1}: unexpected {token.value}", f"quote it: '{token.value}'"
            )
        if token.open_quote:
            raise UsageError(f"column {token.start + 1}: {token.open_quote} is never closed")
        words.append(token.value)
    return words


def _usage_error(declared: GuestCommand, error: click.UsageError) -> UsageError:
    hint = f"{declared.name} --help explains it"
    if isinstance(error, click.NoSuchOption):
        options = [
            name for parameter in declared.params for name in parameter.opts if name.startswith("-")
        ]
        hint = did_you_mean(error.option_name, options) or hint
        return UsageError(f"{declared.name}: no such option: {error.option_name}", hint)
    message = error.format_message().rstrip(".")
    return UsageError(f"{declared.name}: {message[:1].lower()}{message[1:]}", hint)
