"""Ask a guest in the language of the prompt, and get rows."""

import contextlib
import subprocess
from typing import Any

from guestshell.api.rows import Rows
from guestshell.commands import COMMANDS, FILTERS
from guestshell.commands.context import Context
from guestshell.errors import GuestShellError, UsageError
from guestshell.guest.guest import Guest
from guestshell.language.parser import Pipeline, parse
from guestshell.output.results import Records
from guestshell.pipeline.run import Runner, close
from guestshell.settings import Settings


def rows_of(guest: Guest, line: str) -> Rows[Any]:
    """Give the rows of a command and its filters.

    Raises UsageError for a line that is not understood or gives no rows, and what the command
    raises; what failed of several things asked only if all did.
    """
    warnings: list[str] = []
    failures: list[GuestShellError] = []
    settings = Settings()
    settings.set("output", "json")  # rows with all their fields
    context = Context(guest, settings=settings, warn=warnings.append, fail=failures.append)
    runner = Runner(
        context,
        settings.variable,
        complain=lambda text: None,
        stdin=subprocess.DEVNULL,
        attached=contextlib.nullcontext,
        has_failed=lambda: bool(failures),
    )
    result = runner.result_of(_pipeline(line))
    try:
        if not isinstance(result, Records):
            raise UsageError(f"{line!r} gives no rows", "read_bytes and open give contents")
        rows = list(result.rows)
    finally:
        close(result)
    if failures and not rows:
        raise failures[0]
    return Rows(rows, result.type, result.columns, warnings=warnings, failures=failures)


def _pipeline(line: str) -> Pipeline:
    """Give the one pipeline of a line, of commands and filters of ours only."""
    parsed = parse(line)
    if parsed.problem is not None:
        raise UsageError(
            f"column {parsed.problem.column + 1}: {parsed.problem.message}", parsed.problem.remedy
        )
    if len(parsed.pipelines) != 1:
        raise UsageError(f"{line!r} is not one command")
    [pipeline] = parsed.pipelines
    if pipeline.redirect is not None:
        raise UsageError(f"{line!r} writes a file", "write the rows from Python")
    first, *filters = pipeline.stages
    declared = COMMANDS.get(first.name)
    if first.forced or (declared is not None and (declared.needs_session or declared.is_prefix)):
        raise UsageError(f"{first.name}: is for the prompt")
    for stage in filters:
        if stage.forced or stage.name not in FILTERS:
            raise UsageError(f"{stage.name}: is no filter", f"they are {', '.join(FILTERS)}")
    return pipeline
