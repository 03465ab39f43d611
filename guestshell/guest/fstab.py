"""fstab(5): which device belongs where."""

import re
from dataclasses import dataclass

from guestshell.guest.devices import Survey
from guestshell.values import Name, decode_name

_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class FstabLine:
    """The first four fields of one line."""

    spec: str
    directory: Name
    type: str
    options: tuple[str, ...]


def _unescape(word: bytes) -> Name:
    # getmntent(3): blanks are written \040, \011, \012, the backslash \134
    return decode_name(_OCTAL.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), word))


def fields_of(line: bytes) -> list[Name]:
    """Give the fields of one line, none of a comment."""
    fields = [_unescape(word) for word in line.split()]
    return [] if line.lstrip().startswith(b"#") else fields


def _is_place(directory: str) -> bool:
    return directory.startswith("/") and "\0" not in directory and ".." not in directory.split("/")


def parse_fstab(data: bytes) -> list[FstabLine]:
    """Give the lines that name a place for a device; damaged lines are left out."""
    lines = []
    for line in data.splitlines():
        fields = [_unescape(word) for word in line.split()]
        if len(fields) >= 3 and not fields[0].startswith("#") and _is_place(fields[1]):
            options = fields[3].split(",") if len(fields) > 3 else []
            lines.append(FstabLine(fields[0], fields[1], fields[2], tuple(options)))
    return lines


_TAGS = {
    "UUID": "UUID",
    "LABEL": "LABEL",
    "PARTUUID": "PART_ENTRY_UUID",
    "PARTLABEL": "PART_ENTRY_NAME",
}
_LINK_TAGS = {
    "by-uuid": "UUID",
    "by-label": "LABEL",
    "by-partuuid": "PART_ENTRY_UUID",
    "by-partlabel": "PART_ENTRY_NAME",
}
_DISK_NAME = re.compile(
    r"/dev/(?:(?:[hsv]|xv)d([a-z])(\d+)?|(?:nvme(\d)n1|mmcblk(\d))(?:p(\d+))?)$"
)


def _by_tag(survey: Survey, tag: str, value: str) -> str | None:
    wanted = value.strip('"').lower() if "UUID" in tag else value.strip('"')
    for device in survey.devices:
        found = device.tags.get(tag, "")
        if found and (found.lower() if "UUID" in tag else found) == wanted:
            return device.path
    return None


def resolve_spec(spec: str, survey: Survey) -> str | None:
    """Give the appliance's device for an fstab spec, or None when there is no such device.

    Names of the guest's own (`/dev/vda1`, `/dev/nvme0n1p2`) count disks in order, as
    libguestfs(3) inspection does.
    """
    key, equals, value = spec.partition("=")
    if equals and key in _TAGS:
        return _by_tag(survey, _TAGS[key], value)
    if spec.startswith("/dev/disk/"):
        link, _, value = spec.removeprefix("/dev/disk/").partition("/")
        return _by_tag(survey, _LINK_TAGS[link], value) if link in _LINK_TAGS else None
    if spec.startswith("/dev/mapper/"):
        # device mapper joins group and volume by one dash and doubles those of the names
        group, _, volume = spec.removeprefix("/dev/mapper/").replace("--", "\0").partition("-")
        spec = f"/dev/{group}/{volume}".replace("\0", "-")
    elif match := _DISK_NAME.match(spec):
        letter, number, nvme, mmc, part = match.groups()
        index = ord(letter) - ord("a") if letter else int(nvme or mmc)
        disk = f"/dev/sd{chr(ord('a') + index)}"
        spec = disk + (number or part or "")
    device = survey.find(spec)
    return device.path if device else None
