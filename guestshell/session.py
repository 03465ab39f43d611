"""A conversation: lines in, results out; errors become one line and an exit code."""

import contextlib
import dataclasses
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from guestshell.commands import COMMANDS
from guestshell.commands.context import Context, Leave
from guestshell.commands.declaration import GuestCommand, HelpRequested
from guestshell.commands.globbing import expanded
from guestshell.commands.prefix import Prefixed
from guestshell.engine.appliance import State
from guestshell.errors import (
    ExitCode,
    GuestShellError,
    HostError,
    NoSuchPath,
    PathError,
    UsageError,
)
from guestshell.evidence import EvidenceLog
from guestshell.guest.guest import Guest
from guestshell.guest.provenance import provenance
from guestshell.language.history import recalled
from guestshell.language.lexer import Token
from guestshell.language.parser import Pipeline, parse
from guestshell.language.quoting import quote
from guestshell.language.words import Word
from guestshell.output.results import Blob, Result, Text
from guestshell.output.sink import Sink
from guestshell.pipeline.host import HostProgramFailed
from guestshell.pipeline.run import Runner, close
from guestshell.settings import Settings
from guestshell.source import logical_lines
from guestshell.values import Name

_DEEPEST_SOURCE = 16


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
    the lines that `source` reads, unless it `keeps_going`.
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
        self._runner = Runner(self.context, self._variable, sink.complain, stdin)
        self._command = ""
        self._origins: list[str] = []
        self._finishers: list[Callable[[bool], None]] = []
        self._log: EvidenceLog | None = None
        self.recorder: Recorder | None = None
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
        self.stop_log()
        if self.recorder is not None:
            self.recorder.stop()

    def run(self, line: str, origin: str = "") -> ExitCode:
        """Execute a line and show its results or its error. Raises Leave when told to leave.

        `origin` says in errors where the line stands.
        """
        started = time.monotonic()
        self._origins.append(origin)
        self.status = ExitCode.DONE
        cwd = self.context.cwd
        try:
            for pipeline in self._pipelines(line):
                if self.status is not ExitCode.DONE and not self._goes_on():
                    break
                self._attempt(pipeline)
        finally:
            self._origins.pop()
            self.last_seconds = time.monotonic() - started
            self._write_log(line, cwd)
        return self.status

    def run_command(self, declared: GuestCommand, words: Sequence[Word]) -> ExitCode:
        """Run one command given as its arguments, a wildcard in them a name first of all."""
        started = time.monotonic()
        self._command = declared.name or ""
        self.status = ExitCode.DONE
        with self._reported(), self.sink.waiting(lambda: self._activity(self._command)):
            self.context.whole_rows = self.settings["output"] != "table"
            arguments = expanded(declared, words, self.context, names_first=True)
            self.sink.show(declared.run(arguments, self.context))
        self.last_status = self._found_status
        self.last_seconds = time.monotonic() - started
        self._write_log(" ".join([self._command, *map(quote, words)]), self.context.cwd)
        return self.status

    def _goes_on(self) -> bool:
        return (self.by_hand or self.keeps_going) and self.status is not ExitCode.INTERRUPTED

    def _pipelines(self, line: str) -> list[Pipeline]:
        with self._reported():
            if line.lstrip().startswith("!"):
                again = recalled(line, self.context.history(), COMMANDS)
                if again is not None:
                    self.sink.notice(again)
                    line = again
            parsed = parse(self._with_aliases(line))
            if parsed.problem is not None:
                problem = parsed.problem
                raise UsageError(f"column {problem.column + 1}: {problem.message}", problem.remedy)
            return list(parsed.pipelines)
        self.last_status = self._found_status
        return []

    def _with_aliases(self, line: str) -> str:
        """Give a line with the aliases in it replaced, each at most once in its own text."""
        used: set[str] = set()
        while True:
            place = next(self._aliased(line, used), None)
            if place is None:
                return line
            used.add(place.value)
            line = line[: place.start] + self.settings.aliases[place.value] + line[place.end :]

    def _aliased(self, line: str, used: set[str]) -> Iterator[Token]:
        for pipeline in parse(line).pipelines:
            for stage in pipeline.stages:
                if not stage.forced and stage.tokens and not stage.tokens[0].quoted:
                    name = stage.name
                    if name in self.settings.aliases and name not in used:
                        yield stage.tokens[0]

    def _attempt(self, pipeline: Pipeline) -> None:
        """Run a pipeline; one that may fail leaves only its `$?` behind."""
        before = self.status
        self.status = ExitCode.DONE
        self._found_status = 0
        with self._reported():
            self._run(pipeline)
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

    def _run(self, pipeline: Pipeline) -> None:
        first = pipeline.stages[0]
        declared = None if first.forced else COMMANDS.get(first.name)
        self._command = first.name
        if declared is not None and declared.is_prefix:
            self._run_prefix(declared, pipeline)
            return
        result: Result = None
        finishers, self._finishers = self._finishers, []
        well = False
        try:
            with self.sink.waiting(lambda: self._activity(first.name)):
                result = self._runner.result_of(pipeline)
                self._deliver(result, pipeline)
            well = True
        except HelpRequested as asked:
            self.sink.show(Text(asked.command.page(self.sink.size().columns)))
        finally:
            close(result)
            mine, self._finishers = self._finishers, finishers
            for finish in mine:
                finish(well)

    def _deliver(self, result: Result, pipeline: Pipeline) -> None:
        if pipeline.redirect is None:
            self.sink.show(result)
            return
        size = result.size if isinstance(result, Blob) else None
        label = f"Writing {pipeline.redirect.target.value if pipeline.redirect.target else ''}"
        with self.sink.progress(label, size or 0) as advance:
            self._runner.write(result, pipeline.redirect, advance)

    def _run_prefix(self, declared: GuestCommand, pipeline: Pipeline) -> None:
        """Run a command whose last argument is the rest of the pipeline."""
        first = pipeline.stages[0]
        words = self._runner.words(first)[1:]

        def run_rest(count: int) -> ExitCode:
            tokens = first.tokens[len(first.tokens) - count :]
            stages = (replace(first, tokens=tokens, start=tokens[0].start), *pipeline.stages[1:])
            self._attempt(replace(pipeline, stages=stages, tolerant=False))
            return self.status

        try:
            self.sink.show(declared.run(words, Prefixed(self.context, run_rest, self.sink)))
        except HelpRequested as asked:
            self.sink.show(Text(asked.command.page(self.sink.size().columns)))

    # -- what commands ask -----------------------------------------------------------------------

    def source(self, file: Path) -> None:
        """Run the lines of a file of this host, up to the first that fails.

        Raises HostError when it cannot be read.
        """
        if len(self._origins) > _DEEPEST_SOURCE:
            raise HostError(f"{file}: sources itself, or files nested too deeply")
        try:
            with file.open("rb") as lines:
                for number, line in logical_lines(lines):
                    status = self.run(line, f"{file}:{number}: ")
                    if status is not ExitCode.DONE and not self.keeps_going:
                        break
        except OSError as error:
            raise HostError.of(file, error) from None

    def start_log(self, file: Path) -> None:
        """Append to an evidence log from now on. Raises HostError."""
        if self._log is not None:
            raise UsageError(f"{self._log.path} is being written", "log stop ends it")
        self.guest.protect(file)
        self._log = EvidenceLog.open(file, provenance(self.guest))
        self.context.streams = []

    def stop_log(self) -> None:
        """End the evidence log, if there is one."""
        if self._log is not None:
            log, self._log = self._log, None
            self.context.streams = None
            log.close()

    def _write_log(self, line: str, cwd: Name) -> None:
        if self._log is None or not line.strip():
            return
        streams = [dataclasses.asdict(stream) for stream in self.context.streams or ()]
        self.context.streams = []
        entry = {
            "line": line,
            "cwd": cwd,
            "status": int(self.last_status),
            "duration_ns": round(self.last_seconds * 1e9),
            "streams": streams,
        }
        with self._reported():
            self._log.append(entry)

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
