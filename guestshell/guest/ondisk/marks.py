"""By what Linux tells the parts of one image from those of another, and what may not meet.

Two file systems of Btrfs with one fsid are one file system of two devices to the kernel, two
volume groups of one name are ambiguous to LVM: copies of one image cannot share an appliance.
"""

from guestshell.guest.image import Image
from guestshell.guest.ondisk.outline import outline

_UNIQUE = ("LVM2_member", "btrfs", "xfs")
"""blkid types of which the kernel or LVM knows each identity but once."""


def marks(image: Image) -> frozenset[str] | None:
    """Give what no other image in the same appliance may have too.

    None for an image of which only an appliance of its own can tell what stands on it: arrays,
    parts of something larger, formats and file systems that are not read on the host.
    """
    found = outline([image])
    if found is None or found.volumes is None:
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
    return frozenset(identities | {f"group {group}" for group in found.groups})
