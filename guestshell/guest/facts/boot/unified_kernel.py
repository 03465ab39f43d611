"""Unified kernel images: a kernel, its command line and initrd in one program of EFI.

Sections as UAPI.5 "Unified Kernel Image" names them, found by the section table of "PE Format"
(Microsoft).
"""

from guestshell.errors import PathError
from guestshell.guest.facts.files import Files

_TEXTS = (".cmdline", ".uname", ".osrel")
_MOST_TEXT = 64 * 1024
_MOST_SECTIONS = 96
"""More than the Windows loader takes, "COFF File Header"."""


def read_unified(files: Files, path: str) -> dict[str, str] | None:
    """Give the texts of a unified kernel image by section: `.cmdline`, `.uname`, `.osrel`.

    None for a program that holds no kernel, or that cannot be read, which is warned of.
    """
    try:
        with files.open(path) as image:
            sections = _sections(image.read(4096))
            if ".linux" not in sections:
                return None
            texts = {}
            for name in _TEXTS:
                if name in sections:
                    start, size = sections[name]
                    image.seek(start)
                    data = image.read(min(size, _MOST_TEXT))
                    texts[name] = data.decode("utf-8", "surrogateescape").strip("\0\n ")
            return texts
    except (PathError, OSError) as error:
        files.warn(str(error))
        return None


def _sections(head: bytes) -> dict[str, tuple[int, int]]:
    """Give where each section of a PE program is in its file, and its size, by name."""
    start = int.from_bytes(head[0x3C:0x40], "little")
    if head[:2] != b"MZ" or head[start : start + 4] != b"PE\0\0":
        return {}
    count = int.from_bytes(head[start + 6 : start + 8], "little")
    table = start + 24 + int.from_bytes(head[start + 20 : start + 22], "little")
    found = {}
    for index in range(min(count, _MOST_SECTIONS)):
        row = head[table + 40 * index : table + 40 * (index + 1)]
        if len(row) < 40:
            break
        name = row[:8].rstrip(b"\0").decode("ascii", "replace")
        virtual, _, raw, offset = (
            int.from_bytes(row[at : at + 4], "little") for at in (8, 12, 16, 20)
        )
        # the file's part is padded, the virtual size is that of the text
        found[name] = (offset, min(virtual, raw) if virtual else raw)
    return found
