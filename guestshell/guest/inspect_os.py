"""libguestfs's own inspection: slow, and knows systems that are not known by their files here."""

import contextlib

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.devices import Survey
from guestshell.guest.layout import Place, System
from guestshell.guest.systems import written_version
from guestshell.values import Name

FIELDS = (
    "type",
    "distro",
    "product_name",
    "product_variant",
    "major_version",
    "minor_version",
    "hostname",
    "arch",
    "package_management",
    "package_format",
    "osinfo",
    "windows_systemroot",
    "windows_current_control_set",
)
"""What inspect_get_* calls are asked for, guestfs(3)."""


def ask_libguestfs(handle: Handle, survey: Survey) -> list[System]:
    """Give the systems that inspect_os finds, in its order; all is unmounted before and after.

    Raises GuestError when the inspection itself fails.
    """
    try:
        return [_system(handle, survey, root) for root in handle.inspect_os()]
    finally:
        handle.unmount_all()


def _system(handle: Handle, survey: Survey, root: str) -> System:
    system = System(root, "unknown system")
    for name in FIELDS:
        with contextlib.suppress(GuestError):
            value = handle.inspected(name, root)
            system.fields[name] = "" if value == "unknown" else value
    system.name = system.fields.get("product_name") or system.name
    major, minor = (system.fields.get(f"{part}_version", "") for part in ("major", "minor"))
    system.version = written_version(int(major or 0), int(minor or 0))
    try:
        mounts = {**handle.inspected_mounts(root), "/": root}
    except GuestError as error:
        system.warnings.append(f"only the root is mounted: {error.message}")
        mounts = {"/": root}
    with contextlib.suppress(GuestError):
        system.drives = handle.inspected_drives(root)
    for directory, device in sorted(mounts.items(), key=lambda item: len(item[0])):
        known = survey.find(device.removeprefix("btrfsvol:"))
        is_volume = device.startswith("btrfsvol:")
        kind = "btrfs" if is_volume else known.type if known else ""
        system.places.append(Place(device, Name(directory), kind))
    return system
