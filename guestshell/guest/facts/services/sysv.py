"""Services of System V init: init scripts and their runlevels, inittab(5), rc.local.

The comment that describes a script is LSB's (LSB 5.0 Core, 22.3 "Comment Conventions for Init
Scripts") or chkconfig(8)'s.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterator

from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import (
    Files,
    entries_if_there,
    entry_if_there,
    read_if_there,
    read_small,
)
from guestshell.guest.facts.services.service import Service
from guestshell.guest.facts.text import numbered_lines, warn_of_lines
from guestshell.values import Name

SCRIPTS = ("/etc/init.d", "/etc/rc.d/init.d")
"""Where init scripts are: Debian's and the LSB's place, and Red Hat's."""

_LEVELS = "0123456S"
_START = re.compile(r"S\d\d.+")
_NO_SCRIPTS = {"README", "skeleton", "functions", "functions.sh", "rc", "rcS", "rc.status"}
_OF_PACKAGES = (".dpkg-", ".rpm", ".ucf-", ".apk-new", "~")
_HEAD = 16 * 1024


def read_sysv(files: Files, managed: frozenset[str] = frozenset()) -> Iterator[Service]:
    """Yield init scripts with the runlevels that start them, what else these start, and rc.local.

    `managed` are the services that systemd has units of, for which it ignores scripts; they get
    the state `ignored`.
    """
    started, strays = _runlevels(files)
    for entry in init_scripts(files, frozenset(started)):
        levels = started.pop(entry.name, ())
        head = read_if_there(files, entry.path, _HEAD) or b""
        if is_openrc_script(head):
            continue
        runs = entry.kind == "symlink" or bool(entry.mode & 0o111)
        state = "enabled" if levels and runs else "disabled"
        if entry.name.removesuffix(".sh") in managed:
            state = "ignored"
        yield Service(
            name=entry.name,
            manager="sysv",
            kind="service",
            state=state,
            enabled=state == "enabled",
            wanted_by=tuple(Name(level) for level in levels),
            command=f"{entry.path} start",
            description=description_of(head),
            file=entry.path,
            target=entry.target,
            mtime=entry.mtime,
        )
    for name in started:
        files.warn(f"/etc/init.d/{name}: is missing, though a runlevel starts it")
    for entry, level in strays:
        yield Service(
            name=entry.name,
            manager="sysv",
            kind="service",
            state="enabled",
            enabled=True,
            wanted_by=(Name(level),),
            command=f"{entry.path} start",
            file=entry.path,
            target=entry.target,
            mtime=entry.mtime,
        )
    yield from _rc_local(files)


def init_scripts(files: Files, started: Container[str] = ()) -> Iterator[Entry]:
    """Yield the files of init.d that a manager would take for scripts, and any that is started."""
    seen = set[Name]()
    for directory in SCRIPTS:
        for entry in entries_if_there(files, directory):
            if entry.kind not in ("file", "symlink") or entry.name in seen:
                continue
            left_over = any(part in entry.name for part in _OF_PACKAGES)
            no_script = entry.name in _NO_SCRIPTS or entry.name.startswith(".depend")
            if entry.name in started or not (left_over or no_script):
                seen.add(entry.name)
                yield entry


def is_openrc_script(head: bytes) -> bool:
    """Say whether a script is one of OpenRC, openrc-run(8)."""
    first = head.partition(b"\n")[0]
    return first.startswith(b"#!") and (b"openrc-run" in first or b"runscript" in first)


def _runlevels(
    files: Files,
) -> tuple[dict[str, tuple[str, ...]], list[tuple[Entry, str]]]:
    """Give the levels that start each script by its name, and what is started that is none."""
    started = defaultdict[str, dict[str, None]](dict)
    strays = []
    for level in _LEVELS:
        seen = set[Name]()
        for place in (f"/etc/rc{level}.d", f"/etc/rc.d/rc{level}.d", f"/etc/init.d/rc{level}.d"):
            for entry in entries_if_there(files, place):
                match = _START.fullmatch(entry.name)
                if match is None or entry.is_directory or entry.name in seen:
                    continue
                seen.add(entry.name)  # Red Hat's /etc/rc3.d is a link to /etc/rc.d/rc3.d
                directory, name = paths.split(entry.target or "")
                if entry.target is not None and paths.split(directory)[1] in ("init.d", ".."):
                    started[name][level] = None
                else:
                    strays.append((entry, level))
    # levels 0 and 6 halt and reboot: what they start is what stops the others
    real = {name: tuple(levels) for name, levels in started.items() if set(levels) - {"0", "6"}}
    return real, strays


_DESCRIPTION = re.compile(rb"^# *(?:Short-Description|description): *([^\n]*)", re.M | re.I)


def description_of(head: bytes) -> str:
    """Give the description that the beginning of an init script holds, else an empty text."""
    match = _DESCRIPTION.search(head)
    text = match[1].decode("utf-8", "surrogateescape").strip() if match else ""
    return text.removesuffix("\\").strip()


def _rc_local(files: Files) -> Iterator[Service]:
    for path in ("/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/boot.local"):
        entry = entry_if_there(files, path)
        if entry is None or not entry.is_file:
            continue
        runs = bool(entry.mode & 0o111)  # systemd and the init scripts ask for this too
        yield Service(
            name=entry.name,
            manager="sysv",
            kind="service",
            state="enabled" if runs else "disabled",
            enabled=runs,
            command=_commands(files, entry.path),
            description="commands of the administrator, run at the end of the boot",
            file=entry.path,
            mtime=entry.mtime,
        )


def _commands(files: Files, path: str) -> str:
    lines = (line.strip() for _, line in numbered_lines(read_if_there(files, path, _HEAD) or b""))
    return " ; ".join(line for line in lines if line and not line.startswith("#"))


def read_inittab(files: Files, *, ignored: bool = False) -> Iterator[Service]:
    """Yield the entries of inittab(5), sysvinit's or BusyBox's, as services by id or program.

    `ignored` where another init is what boots.
    """
    entry = entry_if_there(files, "/etc/inittab")
    if entry is None:
        return
    path = entry.path
    data = read_small(files, path) or b""
    damaged = []
    for number, line in numbered_lines(data):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fields = line.strip().split(":", 3)
        if len(fields) < 4:
            damaged.append(number)
            continue
        identity, levels, action, process = fields
        state = "ignored" if ignored else "disabled" if action == "off" else "enabled"
        program = process.split()[0].rpartition("/")[2] if process.split() else ""
        yield Service(
            name=Name(identity or program or action),
            manager="inittab",
            kind=action,
            state=state,
            enabled=state == "enabled" and bool(process.strip()),
            wanted_by=tuple(Name(level) for level in levels) if levels.isalnum() else (),
            command=process.strip(),
            file=path,
            mtime=entry.mtime,
        )
    warn_of_lines(files, path, damaged, "has not the four fields of inittab(5)")
