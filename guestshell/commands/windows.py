"""What only Windows has: the registry, and what starts by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import PARTIAL, GuestPath, ParameterType, known_context
from guestshell.errors import GuestError, GuestShellError
from guestshell.guest.facts.windows.keys import Value, filetime_in
from guestshell.guest.facts.windows.rows import Autorun
from guestshell.guest.hive import Hive, HiveKey, locate_below
from guestshell.guest.registry import ROOTS, HiveRegistry, root_name
from guestshell.output.results import Records
from guestshell.values import Name, Size, Timestamp

_SHOWN = 32
"""Bytes of a binary value that text shows; data formats hold all."""

_WHOLE = 2**22


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    r"""A hive, key or value. `kind` is `hive`, `key` or a value's type such as `REG_SZ`.

    `data` is what a value holds: text, digits, hexadecimal bytes, several texts joined by ` ; `;
    of a hive its file. `size` is in bytes. `modified` is when a key was last written; a value
    has no time of its own. The default value has an empty name.
    """

    path: str
    name: str
    kind: str
    data: str
    size: Size | None
    modified: Timestamp | None
    file: Name


class RegistryPath(ParameterType):
    """A path in the registry; completes the names of keys."""

    name = "registry_path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the path as it was typed."""
        if not str(value).strip("\\/"):
            self.fail("an empty path leads nowhere", param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Give the keys below what is typed, once the guest is open."""
        context = known_context(ctx)
        if context is None or not context.guest.is_open:
            return []
        separator = "\\" if "\\" in incomplete else "/"
        typed, found, prefix = incomplete.rpartition(separator)
        try:
            names = _names_below(context.guest.registry(), typed)
        except GuestShellError:
            return []
        folded = prefix.casefold()
        return [
            CompletionItem(f"{typed}{found}{name}{separator}", type=PARTIAL)
            for name in names
            if name.casefold().startswith(folded)
        ]


def _names_below(registry: HiveRegistry, typed: str) -> list[str]:
    if not typed:
        return list(ROOTS)
    root = root_name(typed)
    if root in ("HKLM", "HKU"):
        names = [hive.name for hive in registry.hives()]
        return [name.partition("\\")[2] for name in names if name.startswith(f"{root}\\")]
    key = registry.locate(typed)
    if not isinstance(key, HiveKey):
        return []
    alias = ["CurrentControlSet"] if key.path == "HKLM\\SYSTEM" else []
    return alias + [below.name for below in key.subkeys()]


@command(
    category="windows",
    examples=[
        "registry",
        "registry HKLM/SYSTEM/CurrentControlSet/Control/ComputerName/ComputerName",
        "registry 'HKLM/SOFTWARE/Microsoft/Windows NT/CurrentVersion'",
        "registry -r HKU/alice/Software | where modified > 2024-01-01",
        "registry --file /Windows/appcompat/Programs/Amcache.hve Root",
    ],
)
@click.option("-r", "--recursive", is_flag=True, help="Show all below, keys before what they hold.")
@click.option(
    "-f", "--file", "file", type=GuestPath(), metavar="HIVE", help="Read this file as a hive."
)
@click.argument("path", required=False, type=RegistryPath())
@click.pass_obj
def registry(
    context: Context, path: str | None, recursive: bool, file: Name | None
) -> Records[RegistryEntry]:
    r"""Show a key of a Windows registry, or a value; without PATH the hives.

    PATH begins with HKLM, with HKU and the name of a user's folder, or with HKCR. Slashes will
    do for backslashes, which need quotes. CurrentControlSet is the set that Select calls
    current. With --file PATH begins below the root of that hive. Changes that only the hives'
    .LOG files hold are not shown.
    """
    hives = context.guest.registry(context.warn)
    most = _WHOLE if context.whole_rows else _SHOWN
    if file is not None:
        found = locate_below(hives.top(Hive(file, file)), path or "")
    else:
        if not hives.hives():
            raise GuestError("there is no Windows here, so there is no registry")
        root = root_name((path or "").strip("\\/"))
        if root in ("", "HKLM", "HKU"):
            rows = _hive_rows(context, hives, root)
            return Records(rows, RegistryEntry, ("path", "data", "size", "modified"))
        found = hives.locate(path or "")
    if found is None:
        raise GuestError(
            f"{path}: the registry has no such key or value", "registry alone lists the hives"
        )
    if not isinstance(found, HiveKey):
        key, value = found
        return Records([_value_row(key, value, _WHOLE)], RegistryEntry, _COLUMNS)
    if recursive:
        return Records(_below(hives, found, most), RegistryEntry, ("path", *_COLUMNS[1:]))
    return Records(_inside(found, most), RegistryEntry, _COLUMNS)


_COLUMNS = ("name", "kind", "data", "modified")


def _hive_rows(context: Context, hives: HiveRegistry, root: str) -> Iterator[RegistryEntry]:
    files = context.files()
    for hive in hives.hives():
        if root and not hive.name.startswith(f"{root}\\"):
            continue
        try:
            entry, base = files.entry(hive.path), files.read(hive.path, 512)
        except GuestError as error:
            context.warn(str(error))
            continue
        # the base block says when the hive was last written
        written = filetime_in(base, 12) if base.startswith(b"regf") else None
        name = hive.name.partition("\\")[2]
        yield RegistryEntry(hive.name, name, "hive", hive.path, entry.size, written, hive.path)


def _inside(key: HiveKey, most: int) -> Iterator[RegistryEntry]:
    for below in key.subkeys():
        yield _key_row(below)
    for value in key.values():
        yield _value_row(key, value, most)


def _below(hives: HiveRegistry, top: HiveKey, most: int) -> Iterator[RegistryEntry]:
    for key in hives.walk(top):
        yield _key_row(key)
        for value in key.values():
            yield _value_row(key, value, most)


def _key_row(key: HiveKey) -> RegistryEntry:
    return RegistryEntry(key.path, key.name, "key", "", None, key.modified, key.file)


def _value_row(key: HiveKey, value: Value, most: int) -> RegistryEntry:
    return RegistryEntry(
        path=f"{key.path}\\{value.name}",
        name=value.name,
        kind=value.kind,
        data=value.readable(most),
        size=Size(len(value.data)),
        modified=None,
        file=key.file,
    )


@command(
    category="windows",
    examples=["autoruns", "autoruns | where place != task", "autoruns -o json"],
)
@click.pass_obj
def autoruns(context: Context) -> Records[Autorun]:
    """List what Windows starts by itself, except services and drivers.

    Run keys of the machine and of users, Winlogon, AppInit_DLLs, debuggers of other programs,
    Active Setup, startup folders and scheduled tasks. What was switched off is listed as not
    enabled. `services` lists services and drivers.
    """
    from guestshell.guest.facts.windows.autoruns import read_autoruns

    hives = context.guest.registry(context.warn)
    if not hives.hives():
        raise GuestError("there is no Windows here")
    rows: Sequence[str] = ("place", "name", "command", "trigger", "user", "enabled", "modified")
    return Records(read_autoruns(context.files(), hives), Autorun, tuple(rows))
