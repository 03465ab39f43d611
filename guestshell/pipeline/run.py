"""Run the stages of a pipeline: each takes the result of the one before and gives one."""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from guestshell.commands import COMMANDS, FILTERS
from guestshell.commands.context import Context
from guestshell.commands.globbing import expanded
from guestshell.commands.piped import Piped
from guestshell.commands.suggestions import unknown_command, unknown_filter
from guestshell.errors import HostError, UsageError
from guestshell.language.parser import Pipeline, Redirect, Stage
from guestshell.language.words import Word, word_of
from guestshell.output.encoded import encoded
from guestshell.output.host_file import HostFile, check_appendable, format_for
from guestshell.output.results import Blob, Records, Result, Text
from guestshell.pipeline.host import HostPrograms, find_program, run_attached


@dataclass
class Runner:
    """Runs pipelines in a conversation.

    `variable` gives what `$name` stands for, `complain` takes what programs of the host say on
    standard error. `stdin` is what a program that stands alone reads, None for our own; it runs
    inside `attached`. `has_failed` says whether a part of the line went wrong.
    """

    context: Context
    variable: Callable[[str], str]
    complain: Callable[[bytes], None]
    stdin: int | None
    attached: Callable[[], AbstractContextManager[None]]
    has_failed: Callable[[], bool]

    def words(self, stage: Stage) -> list[Word]:
        """Give the words of a stage, variables filled in. Raises UsageError."""
        return [word_of(token, self.variable) for token in stage.tokens]

    def result_of(self, pipeline: Pipeline) -> Result:
        """Run the stages and give the last one's result, perhaps still being found.

        Raises UsageError, or what the stages raise.
        """
        first = pipeline.stages[0]
        rest: Sequence[Stage] = pipeline.stages[1:]
        if first.forced:
            result, rest = self._programs(None, pipeline.stages, pipeline.redirect, is_first=True)
        else:
            result = self._command(first, rest, pipeline.redirect)
        while rest:
            stage = rest[0]
            if _is_filter(stage):
                result = self._filter(stage, result)
                rest = rest[1:]
            else:
                result, rest = self._programs(result, rest, pipeline.redirect)
        return result

    def _command(self, stage: Stage, rest: Sequence[Stage], redirect: Redirect | None) -> Result:
        name, *arguments = self.words(stage)
        declared = COMMANDS.get(name)
        if declared is None:
            raise unknown_command(name)
        default = self.context.settings.text("output")
        form = format_for(self._target(redirect), default) if redirect else default
        filtered = bool(rest and _is_filter(rest[0]))
        self.context.whole_rows = form != "table" or filtered or self.context.keeps_rows
        return declared.run(expanded(declared, arguments, self.context), self.context)

    def _filter(self, stage: Stage, result: Result) -> Result:
        name, *arguments = self.words(stage)
        try:
            return FILTERS[name].run(arguments, Piped(self.context, result))
        except UsageError as error:
            message = error.message.removeprefix(f"{name}: ")
            remedy = error.remedy
            if message.startswith("no such option") and find_program(name):
                remedy = f"{remedy}; | !{name} runs the host's"
            raise UsageError(f"{name}: {message}", remedy) from None

    def _programs(
        self,
        result: Result,
        stages: Sequence[Stage],
        redirect: Redirect | None,
        *,
        is_first: bool = False,
    ) -> tuple[Result, Sequence[Stage]]:
        """Run the programs that stand side by side, and give what is left to run."""
        commands: list[list[str]] = []
        rest = list(stages)
        while rest and not _is_filter(rest[0]):
            # the shell's own line is where the host's wildcards are expected
            commands.append(self._argv(rest.pop(0), globs=is_first and not commands))
        if is_first and len(stages) == 1 and redirect is None:
            with self.attached():
                run_attached(commands[0], stdin=self.stdin)
            return None, rest
        fed = None if is_first else encoded(result, self.context.settings.text("output"))
        programs = HostPrograms(commands, fed, self.complain)
        return Blob(programs.blocks(), commands[-1][0], lambda: "its output"), rest

    def _argv(self, stage: Stage, *, globs: bool) -> list[str]:
        words = self.words(stage)
        program = find_program(words[0]) if words else None
        if program is None:
            if stage.forced:
                raise UsageError(f"{words[0]}: this host has no such program")
            error = unknown_filter(words[0])
            raise UsageError(f"column {stage.start + 1}: {error.message}", error.remedy)
        argv = [str(words[0]), *_host_arguments(words[1:], globs)]
        if any("\0" in argument for argument in argv):
            raise UsageError(f"{words[0]}: an argument cannot contain a NUL byte")
        return argv

    def _target(self, redirect: Redirect) -> Path:
        assert redirect.target is not None
        word = word_of(redirect.target, self.variable)
        if not word:
            raise UsageError(f"{redirect.operator} needs a file of this host")
        try:
            return Path(word).expanduser()
        except RuntimeError:  # ~name of nobody
            raise UsageError(f"{word}: this host has no such user") from None

    def write(self, result: Result, redirect: Redirect, advance: Callable[[int], None]) -> None:
        """Write a result into the file that it is redirected to. Raises HostError."""
        target = self._target(redirect)
        form = format_for(target, self.context.settings.text("output"))
        self.context.guest.protect(target)
        appends = redirect.operator == ">>"
        if isinstance(result, Records):
            form = result.format or form
            if appends:
                check_appendable(form, target)
        with HostFile(target, overwrite=redirect.operator == ">|", append=appends) as file:
            blocks = encoded(result, form)
            if form == "csv" and isinstance(result, Records) and not file.is_empty:
                _check_headings(target, next(blocks))  # which stand there already
            for block in blocks:
                if not (appends and form == "yaml" and block == b"[]\n"):  # no rows, no document
                    file.write(block)
                advance(len(block))
            if self.has_failed():
                raise HostError(f"{target}: not written, for a part of it failed")


def _check_headings(file: Path, headings: bytes) -> None:
    with file.open("rb") as before:
        if before.readline(2**16) != headings:
            raise UsageError(f"{file}: has other columns", "write another file, or -o jsonl")


def _is_filter(stage: Stage) -> bool:
    return not stage.forced and stage.name in FILTERS


def _host_arguments(words: Sequence[Word], globs: bool) -> Iterator[str]:
    """Yield arguments with ~, braces and, if `globs`, wildcards replaced as a shell would."""
    for word in words:
        for alternative in word.alternatives():
            pattern = alternative.pattern
            names = sorted(glob.glob(pattern)) if pattern and globs else []  # noqa: PTH207  text in, text out
            if names:
                yield from names
            elif alternative.text.startswith("~") and word.cells[0][1]:
                yield os.path.expanduser(alternative.text)  # noqa: PTH111  keeps a last slash
            else:
                yield alternative.text


def close(result: Result) -> None:
    """End what a result is still being found by: walks stop, programs end, files close."""
    if isinstance(result, Records):
        source: object = result.rows
    elif isinstance(result, Text):
        source = result.lines
    else:
        source = getattr(result, "blocks", None)
    end = getattr(source, "close", None)
    if end is not None:
        end()
