"""Examine this host: everything that must be there for the shell to work."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guestshell.engine.appliance import Appliance
from guestshell.engine.boot import Drive
from guestshell.engine.diagnosis import checks
from guestshell.engine.lean import store
from guestshell.errors import BindingMissing, GuestShellError


@dataclass(frozen=True)
class Finding:
    """One check. `verdict` is `ok`, `missing` (the shell cannot work) or `note`."""

    check: str
    verdict: str
    finding: str
    remedy: str


def examine(*, launch: bool) -> Iterator[Finding]:
    """Yield a finding for each check, and with `launch` one of a real appliance."""
    for check in checks():
        verdict = "ok" if check.ok else "missing" if check.vital else "note"
        yield Finding(check.name, verdict, check.finding, check.remedy)
    with contextlib.suppress(BindingMissing):  # said above
        yield _lean()
    if launch:
        yield _launch()


def _lean() -> Finding:
    found = store.standing()
    finding = f"{'lean' if found.used else 'stock'}: {found.why}"
    return Finding("appliance", "ok" if found.used else "note", finding, found.remedy)


def _launch() -> Finding:
    with tempfile.TemporaryDirectory(prefix="guestctl-") as directory:
        image = Path(directory) / "empty.img"
        with image.open("wb") as file:
            file.truncate(2**20)
        appliance = Appliance([Drive(str(image), "raw")])
        started = time.monotonic()
        try:
            devices = appliance.call(lambda handle: handle.list_devices())
        except GuestShellError as error:
            message = getattr(error, "message", str(error))
            return Finding("launch", "missing", message, error.remedy)
        finally:
            appliance.close()
        seconds = time.monotonic() - started
        accelerator = appliance.accelerator.name if appliance.accelerator else ""
        return Finding("launch", "ok", f"{accelerator}, {seconds:.1f} s, {devices[0]} is there", "")
