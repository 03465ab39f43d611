"""Timers of systemd as jobs, systemd.timer(5)."""

from collections.abc import Iterator

from guestshell.guest.facts.files import Files
from guestshell.guest.facts.jobs.job import Job
from guestshell.guest.facts.services.systemd import (
    command_of,
    is_own,
    system_units,
    user_of,
    user_units,
)
from guestshell.guest.facts.services.unit_file import template_of, value_of, values_of
from guestshell.guest.facts.services.units import Unit, Units

_WHEN = (
    "OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec",
    "OnUnitInactiveSec", "OnClockChange", "OnTimezoneChange",
)  # fmt: skip


def read_timers(files: Files) -> Iterator[Job]:
    """Yield the timers of the system and of users with the command of the unit they start."""
    system = system_units(files)
    for unit in system.units(".timer"):
        yield _job(unit, system, "root")
    for user, units in user_units(files):
        for unit in units.units(".timer"):
            if not user or is_own(unit, units):
                yield _job(unit, units, user)


def _job(timer: Unit, units: Units, manager: str) -> Job:
    whens = (f"{key}={value}" for key in _WHEN for value in values_of(timer.settings, "Timer", key))
    started = (
        value_of(timer.settings, "Timer", "Unit") or f"{timer.name.removesuffix('.timer')}.service"
    )
    if "%" in started and template_of(timer.name):
        instance = timer.name.partition("@")[2].removesuffix(".timer")
        started = started.replace("%i", instance)
    service = units.unit(started)
    note = "" if timer.is_enabled else timer.state
    if service is None or service.state == "bad":
        note = f"{started} is not there"
    elif service.state.startswith("masked"):
        note = f"{started} is masked"
    runs = service is not None and not service.state.startswith(("masked", "bad"))
    return Job(
        kind="timer",
        schedule="; ".join(whens),
        user=(user_of(service) if service and manager == "root" else "") or manager,
        command=(command_of(service) if service else "") or started,
        enabled=timer.is_enabled and runs,
        note=note,
        name=timer.name,
        file=timer.entry.path,
        mtime=timer.entry.mtime,
    )
