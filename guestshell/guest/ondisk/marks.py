"""By what Linux tells the parts of one image from those of another, and what may not meet.

Two file systems of Btrfs with one fsid are one file system of two devices to the kernel, two
volume groups of one name are ambiguous to LVM: copies of one image cannot share an appliance.
"""

from dataclasses import dataclass

from guestshell.guest.image import Image
from guestshell.guest.ondisk.outline import outline

_UNIQUE = ("LVM2_member", "btrfs", "xfs")
"""blkid types of which the kernel or LVM knows each identity but once."""


@dataclass(frozen=True)
class Standing:
    """What stands on an image: `marks` no other image in the same appliance may have too.

    `volumes` are its logical volumes by path in the order in which they are activated.
    """

    marks: frozenset[str]
    volumes: tuple[str, ...]


def standing(image: Image) -> Standing | None:
    """Say what stands on an image.

    None where only an appliance of its own can tell: arrays, parts of something larger, several
    volume groups, formats and file systems that are not read on the host.
    """
    found = outline([image])
    if found is None or found.volumes is None or len(found.groups) > 1:
        return None
    seen = [*found.devices, *found.volumes]
    kinds = [(device.tags.get("TYPE", ""), device) for device in seen if device.tags is not None]
    if len(kinds) < len(seen):
        return None
    identities = {
        f"{kind} {device.tags.get('UUID')}"
        for kind, device in kinds
        if kind in _UNIQUE and device.tags is not None
    }
    for group in found.groups:
        identities |= {f"group {group.name}", f"group {group.identity}"}
    return Standing(
        frozenset(identities), tuple(path for group in found.groups for path in group.volumes)
    )
