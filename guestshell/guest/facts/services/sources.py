"""The services of every manager that a guest has."""

from collections.abc import Iterator

from guestshell.guest.facts.files import Files
from guestshell.guest.facts.services.openrc import read_openrc, read_runit
from guestshell.guest.facts.services.service import Service
from guestshell.guest.facts.services.systemd import (
    has_systemd,
    read_programs,
    read_systemd,
    system_units,
)
from guestshell.guest.facts.services.sysv import init_scripts, read_inittab, read_sysv
from guestshell.values import Name


def read_services(files: Files) -> Iterator[Service]:
    """Yield the services of systemd, System V init, OpenRC, runit and inittab."""
    booted = has_systemd(files)
    managed = set[str]()
    for service in read_systemd(files):
        if booted and service.manager == "systemd":
            managed.add(service.name.removesuffix(".service"))
        yield service
    yield from read_programs(files)
    yield from read_sysv(files, frozenset(managed))
    yield from read_openrc(files)
    yield from read_runit(files)
    yield from read_inittab(files, ignored=booted)


def service_names(files: Files) -> list[Name]:
    """Give the names of the system's units and init scripts, their files not read."""
    return sorted({*system_units(files).names(), *(entry.name for entry in init_scripts(files))})
