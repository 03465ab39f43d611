"""Services and drivers: the SYSTEM hive's Services, as CreateService of Win32 documents them."""

from collections.abc import Iterator

from guestshell.guest.facts.services.service import Service
from guestshell.guest.facts.windows.keys import (
    Key,
    Registry,
    Value,
    subkeys_of,
    text_of,
)
from guestshell.values import Name

_SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
_STARTS = {0: "boot", 1: "system", 2: "automatic", 3: "manual", 4: "disabled"}
_DRIVERS = 0x0F
"""Of the type: kernel driver 1, file system driver 2, adapter 4, recognizer 8."""


def read_services(registry: Registry) -> Iterator[Service]:
    """Yield services and drivers in the order of the hive; keys without a type are neither."""
    keys = list(subkeys_of(registry.key(_SERVICES)))
    # a key that keeps only settings has no type
    found = [
        (key, values) for key in keys if "type" in (values := _by_name(key)) and "start" in values
    ]
    dependents: dict[str, list[Name]] = {}
    for key, values in found:
        for needed in values["dependonservice"].texts() if "dependonservice" in values else ():
            dependents.setdefault(needed.casefold(), []).append(Name(key.name))
    for key, values in found:
        yield _service(key, values, tuple(dependents.get(key.name.casefold(), ())))


def _by_name(key: Key) -> dict[str, Value]:
    return {value.name.casefold(): value for value in key.values()}


def _service(key: Key, values: dict[str, Value], dependents: tuple[Name, ...]) -> Service:
    def text(name: str) -> str:
        return values[name].text() if name in values else ""

    kind = values["type"].number() or 0
    start = values["start"].number()
    loads = []
    if not kind & _DRIVERS:
        parameters = key.subkey("Parameters")
        library = text_of(parameters, "ServiceDll") or text("servicedll")
        if library:
            loads.append(f"ServiceDll={library}")
        if failure := text("failurecommand"):
            loads.append(f"FailureCommand={failure}")
    state = _STARTS.get(start if start is not None else -1, f"start {start}")
    names = [name for name in (text("displayname"), text("description")) if name]
    # one that begins with @ is kept in a DLL's resources
    description = next((name for name in names if not name.startswith("@")), "".join(names[:1]))
    return Service(
        name=Name(key.name),
        manager="windows",
        kind="driver" if kind & _DRIVERS else "service",
        state=state,
        enabled=start in (0, 1, 2),
        wanted_by=dependents,
        command=text("imagepath"),
        also_runs=tuple(loads),
        user=text("objectname"),
        description=description,
        file=key.file,
        mtime=key.modified,
    )
