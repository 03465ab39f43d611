"""The time zone: localtime(5), timezone(5), adjtime(5), TZif files (RFC 8536)."""

import re

from guestshell.errors import PathError
from guestshell.guest.facts.configuration.rows import TimeZone
from guestshell.guest.facts.files import Files, read_if_there, read_small
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.values import Name

_LOCALTIME = Name("/etc/localtime")
_TIMEZONE = Name("/etc/timezone")
_ZONES = "/usr/share/zoneinfo"
_NOT_ZONES = ("posix", "right")
"""The same zones again, with and without leap seconds."""

_MOST = 256 * 1024
_MOST_COMPARED = 400
_HEADER = 44
_POSIX = re.compile(
    r"(?P<name><[A-Za-z0-9+-]{3,16}>|[A-Za-z]{3,16})(?P<offset>[+-]?\d{1,2}(?::\d{2}){0,2})"
    r"(?:(?P<summer><[A-Za-z0-9+-]{3,16}>|[A-Za-z]{3,16})"
    r"(?P<summer_offset>[+-]?\d{1,2}(?::\d{2}){0,2})?)?"
)


def read_time_zone(files: Files) -> TimeZone:
    """Give the time zone; UTC where nothing sets one, as localtime(5) says."""
    name, source, file = _configured(files)
    data = read_if_there(files, _LOCALTIME, _MOST)
    same_as: tuple[str, ...] = ()
    if data is None and source != "default":
        data = read_if_there(files, f"{_ZONES}/{name}", _MOST) if _is_zone(name) else None
        if data is None:
            files.warn(f"{_ZONES}/{name}: not there, so its rules are unknown")
    elif data is not None and source in ("file", "default"):
        found = _zones_of(files, data)
        if name in found:
            found.remove(name)
        elif found:
            if source == "file":
                files.warn(f"{file}: says {name}, but {_LOCALTIME} is {found[0]}")
            name, source, file = found.pop(0), "content", _LOCALTIME
        elif source == "default":
            name, source, file = "", "content", _LOCALTIME
        same_as = tuple(found)
    rules = rules_of(data) if data else None
    if data and rules is None:
        files.warn(f"{_LOCALTIME}: is no TZif file")
    standard, summer = offsets_of(rules or ("UTC0" if source == "default" else ""))
    return TimeZone(
        name=name,
        offset=standard,
        summer_offset=summer,
        rules=rules or "",
        hardware_clock=_hardware_clock(files),
        source=source,
        same_as=same_as,
        file=file,
    )


def _configured(files: Files) -> tuple[str, str, Name]:
    """Give the zone's name, how it is known, and where."""
    try:
        target = files.entry(_LOCALTIME).target
    except PathError:
        target = None
    if target is not None:
        _, marker, name = target.rpartition("zoneinfo/")
        return (name if marker else target), "link", _LOCALTIME
    for line in (read_small(files, _TIMEZONE) or b"").split(b"\n"):
        if name := line.partition(b"#")[0].strip().decode("utf-8", "surrogateescape"):
            return name, "file", _TIMEZONE
    for path, key in (("/etc/sysconfig/clock", "ZONE"), ("/etc/sysconfig/clock", "TIMEZONE")):
        if zone := read_assignments(files, path).get(key):
            return zone, "file", Name(path)
    return "UTC", "default", _LOCALTIME


def _is_zone(name: str) -> bool:
    return (
        "\0" not in name
        and ".." not in name.split("/")
        and not name.startswith("/")
        and len(name) < 256
    )


def _zones_of(files: Files, data: bytes) -> list[str]:
    """Give the zones whose file is this one, those of zone1970.tab first."""
    found = []
    compared = 0
    try:
        there = list(
            files.walk(
                _ZONES,
                depth=3,
                enter=lambda path: path.removeprefix(f"{_ZONES}/") not in _NOT_ZONES,
            )
        )
    except PathError:
        return []
    for entry in there:
        if entry.is_file and entry.size == len(data) and compared < _MOST_COMPARED:
            compared += 1
            if read_if_there(files, entry.path, _MOST) == data:
                found.append(entry.path.removeprefix(f"{_ZONES}/"))
    if len(found) < 2:
        return found
    table = (read_small(files, f"{_ZONES}/zone1970.tab") or b"").decode("utf-8", "replace")
    known = {fields[2] for line in table.splitlines() if len(fields := line.split("\t")) > 2}
    return sorted(found, key=lambda name: (name not in known, "/" not in name, name))


def rules_of(data: bytes) -> str | None:
    """Give the POSIX TZ string behind a TZif file, RFC 8536 section 3.3; None of other data.

    Files of version 1 have none and give an empty one.
    """
    if data[:4] != b"TZif" or len(data) < _HEADER:
        return None
    if data[4] < ord("2"):
        return ""
    second = _HEADER + _block_size(data[:_HEADER], 4)
    header = data[second : second + _HEADER]
    if header[:4] != b"TZif" or len(header) < _HEADER:
        return None
    footer = data[second + _HEADER + _block_size(header, 8) :]
    if footer[:1] != b"\n":
        return None
    return footer[1:].partition(b"\n")[0].decode("ascii", "replace")


def _block_size(header: bytes, width: int) -> int:
    utc, standard, leaps, times, types, characters = (
        int.from_bytes(header[at : at + 4], "big") for at in range(20, _HEADER, 4)
    )
    return times * (width + 1) + types * 6 + characters + leaps * (width + 4) + standard + utc


def offsets_of(rules: str) -> tuple[str, str]:
    """Give the offsets east of UTC of a POSIX TZ string: of standard and of summer time."""
    match = _POSIX.match(rules)
    if match is None:
        return "", ""
    standard = -_seconds(match["offset"])
    if not match["summer"]:
        return _offset(standard), ""
    given = match["summer_offset"]
    return _offset(standard), _offset(-_seconds(given) if given else standard + 3600)


def _seconds(text: str) -> int:
    hours, minutes, seconds = [*text.lstrip("+-").split(":"), "0", "0"][:3]
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return -total if text.startswith("-") else total


def _offset(seconds: int) -> str:
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{sign}{hours:02d}:{minutes:02d}" + (f":{left:02d}" if left else "")


def _hardware_clock(files: Files) -> str:
    """Give what the hardware clock counts: adjtime(5) says so in its third line, else it is UTC."""
    lines = (read_small(files, "/etc/adjtime") or b"").split(b"\n")
    if len(lines) > 2 and lines[2].strip():
        return "local" if lines[2].strip() == b"LOCAL" else "UTC"
    given = read_assignments(files, "/etc/conf.d/hwclock").get("clock", "")
    flags = read_assignments(files, "/etc/sysconfig/clock").get("HWCLOCK", "")
    return "local" if given.lower() == "local" or "--localtime" in flags else "UTC"
