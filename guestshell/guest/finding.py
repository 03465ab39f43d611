"""Find the systems of an image, the cheap way first.

It mounts what looks like a root and reads what decides: a second where libguestfs's own
inspection takes ten to eighty without KVM. What it leaves in doubt is asked of inspect_os.
"""

from collections.abc import Sequence

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.btrfs import is_on
from guestshell.guest.devices import CONTAINERS, Survey, survey
from guestshell.guest.image import Image
from guestshell.guest.inspect_os import ask_libguestfs
from guestshell.guest.layout import Layout, mount_rest, mount_system, number_of
from guestshell.guest.mounts import MountTable
from guestshell.guest.ondisk.state import NEEDS_RECOVERY
from guestshell.guest.search import Rooted, find_systems, holds_a_system


def journals(survey: Survey, *, replays: bool) -> list[str]:
    """Say of which file systems the journals hold changes, and what that means for what is seen."""
    consequence = (
        "what its journal holds is shown as if it were in its place, --no-replay leaves it out"
        if replays
        else "what its journal holds is left out"
    )
    return [
        f"{device.path} needs recovery: {consequence}"
        for device in survey.devices
        if device.state == NEEDS_RECOVERY
    ]


def open_layout(
    handle: Handle, table: MountTable, images: Sequence[Image] = (), root: str | None = None
) -> Layout:
    """Find the systems in images, mount the file systems of the first, and say what was found.

    With `root`, a number or root device, that one is mounted; GuestError when it is not there.
    Runs in the appliance's thread. Broken parts give warnings, never an error.
    """
    table.clear(handle)
    layout = Layout(survey(handle, images))
    for device in layout.survey.devices:
        if "encrypted" in CONTAINERS.get(device.type, ""):
            layout.notes.append(f"{device.path} is {CONTAINERS[device.type]} and stays closed")
    layout.notes += journals(layout.survey, replays=table.replays)
    rooted = Rooted(handle, replays=table.replays)
    found = find_systems(handle, layout.survey, rooted)
    layout.notes += found.warnings
    layout.failed = bool(found.warnings)
    layout.systems = found.systems

    def choose() -> None:
        layout.current = 0 if not layout.systems else 1
        if root is not None:
            try:
                layout.current = number_of(layout, root)
            except GuestError:
                handle.unmount_all()
                raise

    if not found.in_doubt:
        choose()
        rooted.hand_over(table, layout.root or "")
        mount_rest(handle, table, layout)
        parts = [m for m in table.all() if not any(is_on(m.device, d) for d in found.looked_at)]
        if not any(holds_a_system(handle, mount.directory) for mount in parts):
            return layout
    rooted.clear()
    table.clear(handle)
    if table.replays:
        try:
            layout.systems = ask_libguestfs(handle, layout.survey) or layout.systems
            layout.asked = True
        except GuestError as error:
            layout.failed = True
            layout.notes.append(f"libguestfs cannot inspect this image: {error.message}")
    else:
        layout.notes.append("libguestfs was not asked which systems there are: it replays journals")
    choose()
    mount_system(handle, table, layout, layout.current)
    return layout
