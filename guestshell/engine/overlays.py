"""Which drives are read-only, and so overlays: see `boot.name_content_format`."""

import re
from typing import Any

_READ_ONLY_CALLS = frozenset({"add_cdrom", "add_drive_ro", "add_drive_ro_with_if"})
_DRIVE_CALLS = frozenset({"add_drive", "add_drive_opts", "add_drive_with_if", "add_drive_scratch"})
_READ_ONLY_IN_LISTING = re.compile(r" readonly(?: [a-z]+=\S*)*$")


def is_overlay(name: str, options: dict[str, Any], listed: str) -> bool:
    """Say whether a drive is read-only: by the call that added it, else by `debug_drives`' line.

    The line alone could lie, for the name of an image may itself end in ` readonly`.
    """
    if name in _READ_ONLY_CALLS:
        return True
    if name in _DRIVE_CALLS:
        return bool(options.get("readonly"))
    return _READ_ONLY_IN_LISTING.search(listed) is not None
