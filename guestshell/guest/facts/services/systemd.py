"""Services of systemd: units as `systemctl list-unit-files` gives them, systemd.unit(5)."""

from collections.abc import Iterator

from guestshell.guest import paths
from guestshell.guest.facts.accounts.homes import homes_of_users
from guestshell.guest.facts.files import Files, entries_if_there, is_there
from guestshell.guest.facts.services.service import Service
from guestshell.guest.facts.services.unit_file import kind_of_unit, value_of, values_of
from guestshell.guest.facts.services.units import Unit, Units
from guestshell.values import Name

SYSTEM = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
)
"""Where system units are looked for, systemd.unit(5)."""

USER = (
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/share/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
    "/lib/systemd/user",
)
"""Where the units of every user's own manager are looked for."""

_OF_A_HOME = (".config/systemd/user.control", ".config/systemd/user", ".local/share/systemd/user")

_SIGNS = (".config/systemd", ".local/share/systemd")

_ALSO_RUN = ("ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop",
             "ExecStopPre", "ExecStopPost")  # fmt: skip

_PROGRAMS = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")


def has_systemd(files: Files) -> bool:
    """Say whether the guest boots with systemd, as far as its program being there tells."""
    return any(is_there(files, path) for path in _PROGRAMS)


def system_units(files: Files) -> Units:
    """Give the units of the system's manager."""
    return Units(files, SYSTEM, ("/etc/systemd/system", "/run/systemd/system"))


def user_units(files: Files) -> Iterator[tuple[Name, Units]]:
    """Yield the units of the users' managers: what all have as "", then each user's own."""
    yield Name(""), Units(files, USER, ("/etc/systemd/user", "/run/systemd/user"))
    for home in homes_of_users(files):
        if not any(is_there(files, paths.join(home.path, path)) for path in _SIGNS):
            continue
        own = [paths.join(home.path, path) for path in _OF_A_HOME]
        units = Units(files, [*own, *USER], [own[1], "/etc/systemd/user"])
        if any(directory in own for directory in units.directories):
            yield home.user, units


def command_of(unit: Unit) -> str:
    """Give what a unit runs to do its work, several commands joined by ` ; `."""
    return " ; ".join(values_of(unit.settings, "Service", "ExecStart"))


def user_of(unit: Unit) -> str:
    """Give the user that a unit's commands run as, empty for the manager's own."""
    return value_of(unit.settings, _section(unit), "User")


def _section(unit: Unit) -> str:
    return kind_of_unit(unit.name).capitalize()


def _service(unit: Unit, manager: str, user: str) -> Service:
    also = (
        f"{key}={value}"
        for key in _ALSO_RUN
        for value in values_of(unit.settings, _section(unit), key)
    )
    return Service(
        name=unit.name,
        manager=manager,
        kind=kind_of_unit(unit.name),
        state=unit.state,
        enabled=unit.is_enabled,
        wanted_by=unit.wanted_by,
        command=command_of(unit),
        also_runs=tuple(also),
        user=user or user_of(unit),
        description=value_of(unit.settings, "Unit", "Description"),
        file=unit.entry.path,
        target=unit.entry.target,
        mtime=unit.entry.mtime,
        drop_ins=unit.drop_ins,
    )


def read_systemd(files: Files) -> Iterator[Service]:
    """Yield the units of the system, of every user's manager, and those in users' homes."""
    for unit in system_units(files).units():
        yield _service(unit, "systemd", "")
    for user, units in user_units(files):
        for unit in units.units():
            if not user or is_own(unit, units):
                yield _service(unit, "systemd user", user)


_PROGRAM_DIRECTORIES = (
    "system-generators", "system-environment-generators", "user-generators",
    "user-environment-generators", "system-shutdown", "system-sleep",
)  # fmt: skip


def read_programs(files: Files) -> Iterator[Service]:
    """Yield the programs that systemd runs of its own accord: kinds `generator` and so on.

    systemd.generator(7), systemd.environment-generator(7), systemd-shutdown(8),
    systemd-sleep(8). A generator runs at the very beginning of each boot.
    """
    for top in ("/etc/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"):
        for directory in _PROGRAM_DIRECTORIES:
            for entry in entries_if_there(files, f"{top}/{directory}"):
                if entry.is_directory:
                    continue
                hidden = entry.target == "/dev/null"
                runs = not hidden and (entry.kind == "symlink" or bool(entry.mode & 0o111))
                yield Service(
                    name=entry.name,
                    manager="systemd",
                    kind=directory.removesuffix("s").rpartition("-")[2],
                    state="enabled" if runs else "masked" if hidden else "disabled",
                    enabled=runs,
                    wanted_by=(Name(directory),),
                    command=str(entry.path),
                    file=entry.path,
                    target=entry.target,
                    mtime=entry.mtime,
                )


def is_own(unit: Unit, units: Units) -> bool:
    """Say whether a unit is of a home: its file is there, or a link there wants it."""
    own = [path for path in units.directories if path not in USER]
    return paths.split(unit.entry.path)[0] in own or units.is_wanted_in(unit.name, own)
