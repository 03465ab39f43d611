"""Run lines that come from a file, a pipe or the command line: no prompt, stop at an error."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from guestshell.commands.context import Leave
from guestshell.errors import ExitCode, HostError
from guestshell.session import Session
from guestshell.source import logical_lines


def announce(session: Session) -> None:
    """Say which system was found, once it is known, behind the lines that run."""
    threading.Thread(target=_announce, args=(session,), name="announcer", daemon=True).start()


def _announce(session: Session) -> None:
    try:
        inspection = session.guest.inspect()
    except Exception:  # the command that asks next says why
        return
    session.sink.notice(f"Found {inspection.headline}")
    for warning in inspection.warnings:
        session.sink.warn(warning)


def run_lines(session: Session, lines: Iterable[tuple[str, str]]) -> ExitCode:
    """Run each line, given with its origin, and give the exit code of the first that fails.

    A session that keeps going runs them all and gives the last one's that failed.
    """
    typed: list[str] = []
    session.context.history = lambda: typed
    outcome = ExitCode.DONE
    for origin, line in lines:
        try:
            status = session.run(line, origin)
        except Leave:
            break
        typed.append(session.executed)
        if status is not ExitCode.DONE:
            outcome = status
            if not session.keeps_going or status is ExitCode.INTERRUPTED:
                break
    return outcome


def lines_of(stream: BinaryIO, name: str) -> Iterable[tuple[str, str]]:
    """Yield the lines of a script, each with what an error says of where it stands."""
    return ((f"{name}:{number}: ", line) for number, line in logical_lines(stream))


def open_script(file: Path) -> BinaryIO:
    """Open a script of this host. Raises HostError."""
    try:
        return file.open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise HostError(f"{file}: {reason}", "name a file of this host") from None
