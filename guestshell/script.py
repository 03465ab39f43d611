"""Run lines that come from a file or pipe: no prompt, no colour, stop at the first error."""

import threading
from typing import BinaryIO

from guestshell.commands.context import Leave
from guestshell.errors import ExitCode
from guestshell.session import Session


def _announce(session: Session) -> None:
    try:
        inspection = session.guest.inspect()
    except Exception:  # the command that asks next says why
        return
    session.sink.notice(f"Found {inspection.headline}")
    for warning in inspection.warnings:
        session.sink.warn(warning)


def run_lines(session: Session, lines: BinaryIO) -> ExitCode:
    """Run each line and give the exit code of the first that fails."""
    threading.Thread(target=_announce, args=(session,), name="announcer", daemon=True).start()
    typed: list[str] = []
    session.context.history = lambda: typed
    for raw in lines:
        line = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if line.strip():
            typed.append(line)
        try:
            status = session.run(line)
        except Leave:
            break
        if status is not ExitCode.DONE:
            return status
    return ExitCode.DONE
