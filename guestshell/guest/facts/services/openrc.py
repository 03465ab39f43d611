"""Services of OpenRC (rc(8), openrc-run(8)) and runit (runsvdir(8), runsv(8))."""

from collections import defaultdict
from collections.abc import Iterator

from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files, entries_if_there, read_small
from guestshell.guest.facts.formats.assignments import parse_assignments
from guestshell.guest.facts.services.service import Service
from guestshell.guest.facts.services.sysv import init_scripts, is_openrc_script
from guestshell.values import Name

_RUNLEVELS = "/etc/runlevels"


def read_openrc(files: Files) -> Iterator[Service]:
    """Yield the scripts of OpenRC with the runlevels they are in, and those of local.d."""
    levels = defaultdict[str, list[Name]](list)
    for level in entries_if_there(files, _RUNLEVELS):
        if level.is_directory:
            for entry in entries_if_there(files, level.path):
                levels[entry.name].append(level.name)
    for entry in init_scripts(files):
        data = read_small(files, entry.path) or b""
        if not is_openrc_script(data):
            continue
        values, _ = parse_assignments(data)
        words = (values.get("command", ""), values.get("command_args", ""))
        wanted_by = tuple(levels.pop(entry.name, ()))
        yield Service(
            name=entry.name,
            manager="openrc",
            kind="service",
            state="enabled" if wanted_by else "disabled",
            enabled=bool(wanted_by),
            wanted_by=wanted_by,
            command=" ".join(word for word in words if word) or f"{entry.path} start",
            user=values.get("command_user", ""),
            description=values.get("description", ""),
            file=entry.path,
            target=entry.target,
            mtime=entry.mtime,
        )
    yield from _local(files)


def _local(files: Files) -> Iterator[Service]:
    """Yield the scripts that OpenRC's service `local` runs: /etc/local.d/*.start."""
    for entry in entries_if_there(files, "/etc/local.d"):
        if entry.name.endswith(".start") and not entry.is_directory:
            runs = entry.kind == "symlink" or bool(entry.mode & 0o111)
            yield Service(
                name=entry.name,
                manager="openrc",
                kind="service",
                state="enabled" if runs else "disabled",
                enabled=runs,
                wanted_by=(Name("local"),),
                command=str(entry.path),
                file=entry.path,
                target=entry.target,
                mtime=entry.mtime,
            )


_SUPERVISED = ("/etc/service", "/var/service", "/service", "/etc/runit/runsvdir/default")
_AVAILABLE = ("/etc/sv", "/etc/runit/sv")


def read_runit(files: Files) -> Iterator[Service]:
    """Yield the service directories of runit, those linked into a supervised one enabled."""
    supervised: dict[Name, list[Name]] = defaultdict(list)
    found: dict[Name, tuple[Name, Name | None]] = {}
    for directory in _SUPERVISED:
        for entry in entries_if_there(files, directory):
            if entry.kind in ("directory", "symlink") and not entry.name.startswith("."):
                supervised[entry.name].append(Name(directory))
                found.setdefault(entry.name, (entry.path, entry.target))
    for directory in _AVAILABLE:
        for entry in entries_if_there(files, directory):
            if entry.is_directory:
                found.setdefault(entry.name, (entry.path, None))
    for name in sorted(found):
        path, target = found[name]
        inside: dict[str, Entry] = {entry.name: entry for entry in entries_if_there(files, path)}
        if "run" not in inside:
            continue
        down = "down" in inside  # runsv(8): not started until asked
        yield Service(
            name=name,
            manager="runit",
            kind="service",
            state="down" if down else "enabled" if supervised[name] else "disabled",
            enabled=bool(supervised[name]) and not down,
            wanted_by=tuple(supervised[name]),
            command=str(paths.child(path, "run")),
            file=inside["run"].path,
            target=target,
            mtime=inside["run"].mtime,
        )
