"""The evidence log of a session: its header, and an entry a line with what that gave out."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from guestshell.commands.context import Stream
from guestshell.evidence import EvidenceLog
from guestshell.guest.guest import Guest
from guestshell.guest.provenance import provenance
from guestshell.settings import Settings
from guestshell.values import Name

_STREAMS_AN_ENTRY = 1000


class LineLog:
    """An evidence log of lines."""

    def __init__(self, log: EvidenceLog) -> None:
        self._log = log

    @classmethod
    def open(cls, file: Path, guest: Guest, settings: Settings) -> Self:
        """Begin or continue a log; the header says of which images, by what, with which names.

        Raises HostError.
        """
        header = provenance(guest)
        header |= {"aliases": dict(settings.aliases), "variables": dict(settings.variables)}
        return cls(EvidenceLog.open(file, header))

    @property
    def path(self) -> Path:
        """The file."""
        return self._log.path

    def append_line(
        self,
        line: str,
        *,
        executed: str,
        cwd: Name,
        status: int,
        seconds: float,
        streams: Sequence[Stream],
    ) -> None:
        """Write a line as it was typed and as it ran. Raises HostError.

        More than 1,000 streams come in entries before its own, marked `more`.
        """
        rows = [dataclasses.asdict(stream) for stream in streams]
        while len(rows) > _STREAMS_AN_ENTRY:
            self._log.append({"line": line, "more": True, "streams": rows[:_STREAMS_AN_ENTRY]})
            del rows[:_STREAMS_AN_ENTRY]
        self._log.append(
            {
                "line": line,
                "executed": executed,
                "cwd": cwd,
                "status": status,
                "duration_ns": round(seconds * 1e9),
                "streams": rows,
            }
        )

    def append(self, entry: Mapping[str, object]) -> None:
        """Write what is no line. Raises HostError."""
        self._log.append(entry)

    def close(self) -> None:
        """End the log."""
        self._log.close()
