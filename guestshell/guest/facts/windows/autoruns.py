"""What Windows starts without being asked: the places that autostart programs register in.

Services and drivers are rows of `services`; they are not repeated here.
"""

from collections.abc import Iterator

from guestshell.errors import GuestShellError, PathError
from guestshell.guest import paths
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.guest.facts.windows import places
from guestshell.guest.facts.windows.accounts import names_by_sid
from guestshell.guest.facts.windows.keys import Key, Registry, Value, data_of, subkeys_of, text_of
from guestshell.guest.facts.windows.rows import Autorun
from guestshell.guest.facts.windows.shortcut import shortcut_command
from guestshell.guest.facts.windows.tasks import read_tasks
from guestshell.values import Name

_CURRENT = r"Microsoft\Windows\CurrentVersion"
_NT = r"Microsoft\Windows NT\CurrentVersion"

_RUN_KEYS = (
    ("Run", rf"{_CURRENT}\Run"),
    ("RunOnce", rf"{_CURRENT}\RunOnce"),
    ("RunOnceEx", rf"{_CURRENT}\RunOnceEx"),
    ("RunServices", rf"{_CURRENT}\RunServices"),
    ("RunServicesOnce", rf"{_CURRENT}\RunServicesOnce"),
    ("Policies Run", rf"{_CURRENT}\Policies\Explorer\Run"),
)
"""Keys whose values are commands, `Run and RunOnce Registry Keys` of the Win32 documentation."""

_APPROVED = rf"{_CURRENT}\Explorer\StartupApproved"

_NT_VALUES = (
    ("Winlogon", rf"{_NT}\Winlogon", ("Shell", "Userinit", "Taskman", "VmApplet"), "logon"),
    ("AppInit_DLLs", rf"{_NT}\Windows", ("AppInit_DLLs", "Load", "Run"), "program"),
    ("Command Processor", r"Microsoft\Command Processor", ("AutoRun",), "program"),
)
"""Values of fixed names in the SOFTWARE hive and in users' Software: place, key, names, trigger."""

_CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
_SYSTEM_VALUES = (
    ("BootExecute", rf"{_CONTROL}\Session Manager", ("BootExecute", "SetupExecute"), "boot"),
    ("LSA", rf"{_CONTROL}\Lsa", ("Authentication Packages", "Security Packages"), "boot"),
    ("LSA", rf"{_CONTROL}\Lsa", ("Notification Packages",), "boot"),
)
"""The same in the SYSTEM hive."""

_STARTUP = ("Microsoft", "Windows", "Start Menu", "Programs", "Startup")


def read_autoruns(files: Files, registry: Registry) -> Iterator[Autorun]:
    """Yield what is started by itself: machine, users, startup folders, tasks."""
    for hive in (r"HKLM\SOFTWARE", r"HKLM\SOFTWARE\WOW6432Node"):
        yield from _software(registry.key(hive), "", bits="32-bit" if "WOW" in hive else "")
    for place, path, names, trigger in _SYSTEM_VALUES:
        yield from _values(registry.key(path), names, place, trigger, "")
    for user in registry.users():
        yield from _software(user.root.subkey("Software"), user.name)
        environment = user.root.subkey("Environment")
        script = ("UserInitMprLogonScript",)
        yield from _values(environment, script, "logon script", "logon", user.name)
    yield from _startup_folders(files)
    names_of = names_by_sid(registry)
    for task in read_tasks(files):
        yield Autorun(
            place="task",
            name=task.name,
            command=task.command,
            trigger=", ".join(task.triggers),
            user=names_of.get(task.user, task.user),
            enabled=task.enabled,
            modified=task.modified,
            source=task.file,
        )


def _software(software: Key | None, user: str, bits: str = "") -> Iterator[Autorun]:
    """Yield what one SOFTWARE tree starts."""
    if software is None:
        return
    for place, path in _RUN_KEYS:
        key = software.subkey(path)
        if key is not None:
            approved = _approved(software, place, bits)
            label = f"{place} ({bits})" if bits else place
            yield from _run_key(key, label, user, approved)
            for below in key.subkeys():  # RunOnceEx keeps its commands in sections
                yield from _run_key(below, label, user, None)
    for place, path, names, trigger in _NT_VALUES:
        yield from _values(software.subkey(path), names, place, trigger, user)
    options = software.subkey(rf"{_NT}\Image File Execution Options")
    for key in subkeys_of(options):
        yield from _values(key, ("Debugger",), "Image File Execution Options", "program", user)
    exits = software.subkey(rf"{_NT}\SilentProcessExit")
    for key in subkeys_of(exits):
        yield from _values(key, ("MonitorProcess",), "SilentProcessExit", "program", user)
    for key in subkeys_of(software.subkey(r"Microsoft\Active Setup\Installed Components")):
        command = text_of(key, "StubPath")
        if command and not user:
            name = text_of(key, "") or key.name
            yield _autorun("Active Setup", name, command, "logon", user, key)


def _run_key(key: Key, place: str, user: str, approved: Key | None) -> Iterator[Autorun]:
    for value in key.values():
        if command := value.text():
            enabled = _is_enabled(data_of(approved, value.name))
            yield _autorun(place, value.name, command, "logon", user, key, enabled)


def _approved(software: Key, place: str, bits: str) -> Key | None:
    if place != "Run":
        return None
    return software.subkey(rf"{_APPROVED}\{'Run32' if bits else 'Run'}")


def _is_enabled(approval: bytes) -> bool:
    """Say whether StartupApproved lets one start: an odd first byte means switched off."""
    return not approval or not approval[0] & 1


def _values(
    key: Key | None, names: tuple[str, ...], place: str, trigger: str, user: str
) -> Iterator[Autorun]:
    for name in names:
        value: Value | None = key.value(name) if key is not None else None
        if key is not None and value is not None and (command := value.text()):
            # of Image File Execution Options it is the program that says something
            shown = key.name if trigger == "program" and len(names) == 1 else value.name
            yield _autorun(place, shown, command, trigger, user, key)


def _autorun(
    place: str, name: str, command: str, trigger: str, user: str, key: Key, enabled: bool = True
) -> Autorun:
    return Autorun(place, name, command, trigger, user, enabled, key.modified, key.path)


def _startup_folders(files: Files) -> Iterator[Autorun]:
    folders = [("", places.find(files, "/", "ProgramData", *_STARTUP))]
    folders += [
        (name, places.find(files, folder, "AppData", "Roaming", *_STARTUP))
        for name, folder in places.profiles(files)
    ]
    for user, folder in folders:
        for entry in entries_if_there(files, folder) if folder is not None else ():
            if entry.is_directory or entry.name.lower() == "desktop.ini":
                continue
            command: str = entry.path
            if entry.name.lower().endswith(".lnk"):
                command = _shortcut(files, entry.path)
            name = paths.split(entry.path)[1]
            yield Autorun(
                "startup folder", name, command, "logon", user, True, entry.mtime, entry.path
            )


def _shortcut(files: Files, path: Name) -> str:
    try:
        return shortcut_command(files.read(path, 2**20))
    except PathError as error:
        files.warn(str(error))
    except GuestShellError as error:
        files.warn(f"{path}: {error.message}")
    return ""
