"""Where a shortcut leads: shell links, [MS-SHLLINK]."""

import struct

from guestshell.errors import GuestShellError

_HEADER = 0x4C
_TARGET_LIST, _LINK_INFO, _ARGUMENTS, _UNICODE = 0x1, 0x2, 0x20, 0x80
_TEXTS = (0x4, 0x8, 0x10, _ARGUMENTS)
"""LinkFlags of the texts before and with the arguments, in their order, section 2.4."""


def shortcut_command(data: bytes) -> str:
    """Give what a shell link runs: its local path and arguments. Raises GuestShellError."""
    if len(data) < _HEADER or data[:4] != b"\x4c\0\0\0":
        raise GuestShellError("is no shortcut")
    try:
        return _command(data)
    except (struct.error, IndexError):
        raise GuestShellError("is a damaged shortcut") from None


def _command(data: bytes) -> str:
    [flags] = struct.unpack_from("<I", data, 20)
    at, path = _HEADER, ""
    if flags & _TARGET_LIST:
        at += 2 + struct.unpack_from("<H", data, at)[0]
    if flags & _LINK_INFO:
        [size] = struct.unpack_from("<I", data, at)
        path = _local_path(data[at : at + size])
        at += size
    relative = arguments = ""
    for text in _TEXTS:
        if not flags & text:
            continue
        [count] = struct.unpack_from("<H", data, at)
        end = at + 2 + count * (2 if flags & _UNICODE else 1)
        string = data[at + 2 : end].decode("utf-16-le" if flags & _UNICODE else "cp1252", "replace")
        at = end
        if text == 0x8:
            relative = string
        elif text == _ARGUMENTS:
            arguments = string
    return " ".join(part for part in (path or relative, arguments) if part)


def _local_path(info: bytes) -> str:
    """Give the path of a LinkInfo, section 2.3: Unicode where it has one."""
    header, flags = struct.unpack_from("<II", info, 4)
    if not flags & 1:
        return ""
    if header >= 0x24:
        [at] = struct.unpack_from("<I", info, 0x1C)
        text = info[at:].decode("utf-16-le", "replace").partition("\0")[0]
        [suffix_at] = struct.unpack_from("<I", info, 0x20)
        return text + info[suffix_at:].decode("utf-16-le", "replace").partition("\0")[0]
    at, suffix_at = struct.unpack_from("<I4xI", info, 0x10)
    ends = (info[place:].partition(b"\0")[0] for place in (at, suffix_at))
    return b"".join(ends).decode("cp1252", "replace")
