"""Look at one image: open it, run the lines on it, and report."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from guestshell.commands import COMMANDS
from guestshell.commands.context import Leave
from guestshell.commands.suggestions import unknown_command
from guestshell.engine.appliance import Appliance
from guestshell.engine.handle import Handle
from guestshell.engine.shared import NotShareable
from guestshell.errors import ExitCode, GuestShellError, UsageError
from guestshell.guest.damage import damage
from guestshell.guest.guest import Guest
from guestshell.guest.index import fingerprint
from guestshell.language.parser import parse
from guestshell.scan.capture import Capture
from guestshell.scan.report import Failure, Report, Target
from guestshell.session import Session
from guestshell.settings import Settings

Lend = Callable[[Callable[[Handle], None]], Appliance]
"""Gives an appliance that has the image's drive already; it is told how mounts are restored."""


@dataclass(frozen=True)
class Plan:
    """What is asked of every image, and how it is opened. `memory` of an appliance is in MiB."""

    lines: tuple[str, ...]
    image_format: str | None = None
    memory: int | None = None
    index: bool = True
    verbose: bool = False


def check_lines(lines: tuple[str, ...]) -> None:
    """Raise UsageError for a line that no image could answer."""
    for line in lines:
        parsed = parse(line)
        if parsed.problem is not None:
            problem = parsed.problem
            column = problem.column + 1
            raise UsageError(f"{line}: column {column}: {problem.message}", problem.remedy)
        if not parsed.pipelines:
            raise UsageError("-c gives an empty line", "inspect is asked without -c")
        for pipeline in parsed.pipelines:
            first, *_ = pipeline.stages
            if first.forced:
                raise UsageError(f"{line}: begins with a program of this host", "ask the images")
            if first.tokens and first.name not in COMMANDS:
                raise unknown_command(first.name)


def examine(target: Target, plan: Plan, lend: Lend | None = None) -> Report:
    """Run the lines on one image. What goes wrong with it is part of the report.

    With `lend` it does so in an appliance that has other images too; raises NotShareable where
    only one of its own can tell.
    """
    report = Report(target.name)
    try:
        guest = Guest(
            target.name,
            image_format=plan.image_format,
            memory=plan.memory,
            index=plan.index,
            notice=report.remarks.append,
            appliance=lend,
        )
        with guest:
            key = fingerprint(guest.images)
            report.key = key.hex() if key else None
            if lend is not None and not guest.is_known:
                guest.layout()  # before any line has run
            _ask(guest, plan, report)
    except GuestShellError as error:
        # the report says of which image it speaks
        message = str(error).removeprefix(f"{Path(target.name).absolute()}: ")
        report.failures.append(Failure(None, message, int(error.exit_code)))
    except OSError as error:
        report.failures.append(Failure(None, f"{error.strerror or error}".lower()))
    except Exception as error:  # a scan outlives a defect that one image shows
        report.failures.append(Failure(None, f"unexpected {type(error).__name__}: {error}"))
    if lend is not None and any(f.exit_code == ExitCode.APPLIANCE for f in report.failures):
        raise NotShareable(f"{target.name}: needs an appliance of its own")
    return report


def _ask(guest: Guest, plan: Plan, report: Report) -> None:
    if not guest.is_known:
        guest.start()
    capture = Capture(report, verbose=plan.verbose)
    for image in guest.images:
        if wrong := damage(image):
            capture.warn(wrong)
    settings = Settings()
    settings.set("image", Path(report.image).name)
    session = Session(guest, capture, settings, keeps_going=True)
    session.context.keeps_rows = True
    session.attached = _no_terminal
    for number, line in enumerate(plan.lines):
        capture.line = number
        try:
            status = session.run(line)
        except Leave:
            break
        if status is ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if status is ExitCode.DONE:
            capture.forgive()


@contextlib.contextmanager
def _no_terminal() -> Iterator[None]:
    raise UsageError("a program of this host has no terminal in a scan", "put it behind a |")
    yield
