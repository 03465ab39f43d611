"""A conversation: lines in, results out; errors become one line and an exit code."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from guestshell.commands import COMMANDS
from guestshell.commands.context import Context, Leave
from guestshell.commands.declaration import GuestCommand
from guestshell.commands.globbing import expanded
from guestshell.commands.prefix import Prefixed
from guestshell.engine.appliance import State
from guestshell.engine.console import joined
from guestshell.errors import (
    ExitCode,
    GuestError,
    GuestShellError,
    HostError,
    NoSuchPath,
    PathError,
    UsageError,
)
from guestshell.guest.guest import Guest
from guestshell.language.history import recalled
from guestshell.language.lexer import Token
from guestshell.language.parser import Pipeline, parse
from guestshell.language.quoting import quote
from guestshell.language.words import Word
from guestshell.line_log import LineLog
from guestshell.output.results import Blob, Result
from guestshell.output.sink import Sink
from guestshell.pipeline.host import HostProgramFailed
from guestshell.pipeline.run import Runner, close
from guestshell.settings import Settings
from guestshell.source import logical_lines
from guestshell.verification import Verification

_DEEPEST_SOURCE = 16


def _command_places(line: str) -> Iterator[Token]:
    """Yield the words that stand where a command, filter or program is named."""
    for pipeline in parse(line).pipelines:
        for place, stage in enumerate(pipeline.stages):
            if stage.forced or not stage.tokens:
                continue
            yield stage.tokens[0]
            declared = COMMANDS.get(stage.name)
            if place == 0 and declared is not None and declared.is_prefix:
                rest = declared.rest_of(stage.tokens)
                yield from (token for token in rest[:1] if token is not stage.tokens[0])


class Recorder(Protocol):
    """What writes down what the terminal shows."""

    def start(self, file: Path) -> None:
        """Begin to write into a new file."""

    def stop(self) -> None:
        """End, if it began."""


class Session:
    """One open guest and one place for results.

    `last_seconds` is how long the last line took, `status` its exit code, and `last_status` what
    `$?` stands for: the status of a program of the host where one failed. A line that fails ends
    the lines that `source` reads, unless it `keeps_going`. `attached` prepares the terminal for a
    program that has it to itself.
    """

    def __init__(
        self,
        guest: Guest,
        sink: Sink,
        settings: Settings | None = None,
        *,
        by_hand: bool = False,
        keeps_going: bool = False,
    ) -> None:
        self.sink = sink
        self.settings = settings or sink.settings
        self.by_hand = by_hand
        self.keeps_going = keeps_going
        guest.appliance.call_limit = lambda: float(self.settings.text("call_limit"))
        self.context = Context(
            guest,
            settings=self.settings,
            conversation=self,
            warn=sink.warn,
            notice=sink.notice,
            progress=sink.progress,
            fail=self._fail,
        )
        stdin = None if by_hand else subprocess.DEVNULL
        self.attached: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        self._runner = Runner(
            self.context,
            self._variable,
            sink.complain,
            stdin,
            attached=self._attached,
            has_failed=lambda: self.status is not ExitCode.DONE,
        )
        self.executed = ""
        self._command = ""
        self._origins: list[str] = []
        self._finishers: list[Callable[[bool], None]] = []
        self._log: LineLog | None = None
        self.recorder: Recorder | None = None
        self.verification: Verification | None = None
        self.note = sink.notice
        self.last_seconds = 0.0
        self.status = ExitCode.DONE
        self.last_status = 0
        self._found_status = 0

    @property
    def guest(self) -> Guest:
        """The guest being explored."""
        return self.context.guest

    # -- lines -----------------------------------------------------------------------------------

    def close(self) -> None:
        """End the evidence log and the recording. Safe to call twice."""
        try:
            self.stop_log()
        finally:
            if self.recorder is not None:
                self.recorder.stop()

    def run(self, line: str, origin: str = "") -> ExitCode:
        """Execute a line and show its results or its error. Raises Leave when told to leave.

        `origin` says in errors where the line stands. `executed` is then what ran: the line
        recalled from the history, its aliases replaced.
        """
        self._origins.append(origin)
        self.executed = line
        try:
            with self._logged(line):
                pipelines = self._pipelines(line)
                text = self.executed
                for pipeline in pipelines:
                    if self.status is not ExitCode.DONE and not self._goes_on():
                        break
                    self._attempt(pipeline, text)
                if len(self._origins) == 1:
                    self._check_storage()
        finally:
            self._origins.pop()
        return self.status

    def run_command(self, declared: GuestCommand, words: Sequence[Word]) -> ExitCode:
        """Run one command given as its arguments, a wildcard in them a name first of all."""
        self._command = declared.name or ""
        self.executed = " ".join([self._command, *map(quote, words)])
        result: Result = None
        with self._logged(self.executed), self._reported():
            try:
                with self.sink.waiting(lambda: self._activity(self._command)):
                    self.context.whole_rows = self.settings["output"] != "table"
                    arguments = expanded(declared, words, self.context, names_first=True)
                    result = declared.run(arguments, self.context)
                    self.sink.show(result)
            finally:
                close(result)
        self._check_storage()
        return self.status

    def _check_storage(self) -> None:
        """Fail the line when what it read may not be what the images hold."""
        with self._reported():
            self.guest.check_unchanged()
        complaints = self.guest.take_complaints()
        if complaints and self.status is ExitCode.DONE:  # else there is an error already
            with self._reported():
                raise GuestError(
                    f"the appliance had trouble reading: {joined(complaints)}",
                    "what was answered can be incomplete",
                )

    @contextlib.contextmanager
    def _logged(self, line: str) -> Iterator[None]:
        """Take the time of what is inside, and write it into the evidence log."""
        started = time.monotonic()
        cwd = self.context.cwd
        outer = self.context.streams
        self.context.streams = None if self._log is None else []
        self.status, self._found_status = ExitCode.DONE, 0
        try:
            yield
        except BrokenPipeError:
            self._found_status = ExitCode.FAILED
            raise
        finally:
            self.last_seconds = time.monotonic() - started
            self.last_status = self._found_status
            if self._log is not None and line.strip():
                with self._reported():
                    if self.verification and (first := self.verification.first()) is not None:
                        self._log.append(first)
                    self._log.append_line(
                        line,
                        executed=self.executed,
                        cwd=cwd,
                        status=int(self.status) or int(self._found_status),
                        seconds=self.last_seconds,
                        streams=self.context.streams or [],
                    )
            self.context.streams = outer

    def _goes_on(self) -> bool:
        if self.status is ExitCode.INTERRUPTED:
            return False
        return self.keeps_going or (self.by_hand and not any(self._origins))

    def _pipelines(self, line: str) -> list[Pipeline]:
        with self._reported():
            if line.lstrip().startswith("!"):
                again = recalled(line, self.context.history(), COMMANDS)
                if again is not None:
                    self.sink.notice(again)
                    line = again
            self.executed = self._with_aliases(line, frozenset())
            parsed = parse(self.executed)
            if parsed.problem is not None:
                problem = parsed.problem
                raise UsageError(f"column {problem.column + 1}: {problem.message}", problem.remedy)
            return list(parsed.pipelines)
        return []

    def _with_aliases(self, line: str, used: frozenset[str]) -> str:
        """Give a line with the aliases in it replaced, none again inside its own text."""
        aliases = self.settings.aliases
        for token in reversed(list(_command_places(line))):
            if token.value in aliases and token.value not in used and not token.quoted:
                text = self._with_aliases(aliases[token.value], used | {token.value})
                line = line[: token.start] + text + line[token.end :]
        return line

    def _attempt(self, pipeline: Pipeline, text: str) -> None:
        """Run a pipeline of a text; one that may fail leaves only its `$?` behind."""
        before = self.status
        self.status = ExitCode.DONE
        self._found_status = 0
        with self._reported():
            self._run(pipeline, text)
        self.last_status = self._found_status
        if self.status is ExitCode.DONE or (
            pipeline.tolerant and self.status is not ExitCode.INTERRUPTED
        ):
            self.status = before

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn what goes wrong inside into a line and a status."""
        try:
            yield
        except KeyboardInterrupt:
            self.sink.notice("Interrupted")
            self.status, self._found_status = ExitCode.INTERRUPTED, ExitCode.INTERRUPTED
        except GuestShellError as error:
            self._fail(error)
        except (BrokenPipeError, Leave):
            raise
        except OSError as error:
            self._fail(HostError(f"{error.strerror or error}".lower()))
        except Exception as error:  # a conversation outlives a defect of one command
            unexpected = GuestShellError(
                f"unexpected {type(error).__name__}: {error}", "--verbose shows where"
            )
            unexpected.__cause__ = error
            self._fail(unexpected)

    # -- pipelines -------------------------------------------------------------------------------

    def _run(self, pipeline: Pipeline, text: str) -> None:
        first = pipeline.stages[0]
        declared = None if first.forced else COMMANDS.get(first.name)
        self._command = first.name
        if declared is not None and declared.is_prefix:
            self._run_prefix(declared, pipeline, text)
            return
        result: Result = None
        finishers, self._finishers = self._finishers, []
        well = False
        try:
            with self.sink.waiting(lambda: self._activity(first.name)):
                result = self._runner.result_of(pipeline)
                self._deliver(result, pipeline)
            well = self.status is ExitCode.DONE
        finally:
            mine, self._finishers = self._finishers, finishers
            with contextlib.ExitStack() as ending:  # each of them, whatever another raises
                for finish in reversed(mine):
                    ending.callback(finish, well)
                ending.callback(close, result)

    def _deliver(self, result: Result, pipeline: Pipeline) -> None:
        if pipeline.redirect is None:
            self.sink.show(result)
            return
        size = result.size if isinstance(result, Blob) else None
        label = f"Writing {pipeline.redirect.target.value if pipeline.redirect.target else ''}"
        with self.sink.progress(label, size or 0) as advance:
            self._runner.write(result, pipeline.redirect, advance)

    def _run_prefix(self, declared: GuestCommand, pipeline: Pipeline, text: str) -> None:
        """Run a command whose last argument is the rest of the pipeline."""
        first = pipeline.stages[0]
        words = self._runner.words(first)[1:]

        def run_rest(count: int) -> ExitCode:
            start = first.tokens[len(first.tokens) - count].start
            line = text[start : pipeline.end]
            [rest] = parse(line).pipelines
            self._attempt(rest, line)
            return self.status

        self.sink.show(declared.run(words, Prefixed(self.context, run_rest, self.sink)))

    # -- what commands ask -----------------------------------------------------------------------

    def source(self, file: Path) -> None:
        """Run the lines of a file of this host, up to the first that fails.

        Raises HostError when it cannot be read.
        """
        if len(self._origins) > _DEEPEST_SOURCE:
            raise HostError(f"{file}: sources itself, or files nested too deeply")
        outcome = ExitCode.DONE
        try:
            with file.open("rb") as lines:
                for number, line in logical_lines(lines):
                    status = self.run(line, f"{file}:{number}: ")
                    if status is not ExitCode.DONE:
                        outcome = status
                        if not self.keeps_going or status is ExitCode.INTERRUPTED:
                            break
        except OSError as error:
            raise HostError(f"{file}: {(error.strerror or str(error)).lower()}") from None
        self.status, self._found_status = outcome, outcome

    def start_log(self, file: Path) -> None:
        """Append to an evidence log from now on. Raises HostError."""
        if self._log is not None:
            raise UsageError(f"{self._log.path} is being written", "log stop ends it")
        self.guest.protect(file)
        self._log = LineLog.open(file, self.guest, self.settings)

    def log_entry(self, entry: Mapping[str, object]) -> None:
        """Write into the evidence log, if there is one. Raises HostError."""
        if self._log is not None:
            self._log.append(entry)

    def stop_log(self) -> None:
        """End the evidence log, if there is one."""
        if self._log is not None:
            log, self._log = self._log, None
            log.close()

    def start_recording(self, file: Path) -> None:
        """Write what the terminal shows into a file from now on. Raises HostError."""
        if self.recorder is None:
            raise UsageError("there is no terminal to record", "guestctl interactive has one")
        self.recorder.start(file)

    def stop_recording(self) -> None:
        """End the recording, if there is one."""
        if self.recorder is not None:
            self.recorder.stop()

    def on_finish(self, finish: Callable[[bool], None]) -> None:
        """Have `finish` called when the pipeline has ended, with whether it did without error."""
        self._finishers.append(finish)

    @contextlib.contextmanager
    def _attached(self) -> Iterator[None]:
        """Leave the terminal to a program of the host."""
        self.sink.stop_spinner()
        with self.attached():
            yield

    def _variable(self, name: str) -> str:
        return str(int(self.last_status)) if name == "?" else self.settings.variable(name)

    # -- what goes wrong -------------------------------------------------------------------------

    def _fail(self, error: GuestShellError) -> None:
        self.status = error.exit_code
        self._found_status = error.exit_code
        if isinstance(error, HostProgramFailed):
            self._found_status = error.status
        remedy = error.remedy
        if isinstance(error, NoSuchPath) and not remedy:
            with contextlib.suppress(GuestShellError, KeyboardInterrupt):
                if (close_to := self.guest.suggest(error.path)) and close_to != error.path:
                    remedy = f"did you mean {quote(close_to)}?"
        names_itself = isinstance(error, UsageError | HostProgramFailed)
        prefix = f"{self._command}: " if self._command and not names_itself else ""
        # the error itself stays as it is, for it may be raised for many lines
        message = error.message
        if isinstance(error, PathError):
            message = f"{quote(error.path)}: {error.problem}"
        origin = next((origin for origin in reversed(self._origins) if origin), "")
        self.sink.error(error, f"{origin}{prefix}{message}" + (f" ({remedy})" if remedy else ""))

    def _activity(self, command: str) -> str:
        appliance = self.guest.appliance
        if appliance.state in (State.STARTING, State.RESTARTING):
            return f"{appliance.state.value} the appliance… {appliance.waited:.0f} s"
        if not self.guest.is_open:
            return f"looking for the system… {appliance.waited:.0f} s"
        return f"{command}…"
