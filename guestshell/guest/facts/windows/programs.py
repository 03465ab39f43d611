"""Installed programs: the Uninstall keys that Apps & features shows."""

import datetime
from collections.abc import Iterator

from guestshell.guest.facts.packages.rows import Package
from guestshell.guest.facts.windows.keys import Key, Registry, number_of, subkeys_of, text_of
from guestshell.values import Size, Timestamp

_UNINSTALL = r"Microsoft\Windows\CurrentVersion\Uninstall"
_MACHINE = (
    (rf"HKLM\SOFTWARE\{_UNINSTALL}", ""),
    (rf"HKLM\SOFTWARE\WOW6432Node\{_UNINSTALL}", "x86"),
)


def read_programs(registry: Registry) -> Iterator[Package]:
    """Yield the programs of the machine, then those of each user.

    `source` says whose they are, empty for the machine's, and `architecture` is `x86` for those
    that the 32-bit half of the registry names. `installed` is the day that the installer wrote
    or else when the key was last written, which an update changes.
    """
    for path, architecture in _MACHINE:
        yield from _programs(registry.key(path), architecture, "")
    for user in registry.users():
        for path, architecture in (("Software", ""), (r"Software\WOW6432Node", "x86")):
            yield from _programs(user.root.subkey(rf"{path}\{_UNINSTALL}"), architecture, user.name)


def _programs(uninstall: Key | None, architecture: str, user: str) -> Iterator[Package]:
    for key in subkeys_of(uninstall):
        name = text_of(key, "DisplayName")
        if name:  # patches and components have none and are not shown by Windows either
            yield Package(
                name=name,
                version=text_of(key, "DisplayVersion"),
                architecture=architecture,
                size=Size((number_of(key, "EstimatedSize") or 0) * 1024),
                installed=_day(text_of(key, "InstallDate")) or key.modified,
                source=user,
                summary=text_of(key, "Publisher"),
                manager="windows",
            )


def _day(text: str) -> Timestamp | None:
    """Give the beginning of a day written as YYYYMMDD, None for anything else."""
    if len(text) != 8 or not text.isascii() or not text.isdecimal():
        return None
    try:
        day = datetime.datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=datetime.UTC)
    except ValueError:
        return None
    return Timestamp(int(day.timestamp()) * 10**9)
