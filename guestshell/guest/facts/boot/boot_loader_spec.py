"""Entries of the Boot Loader Specification (UAPI.1), and loader.conf(5) of systemd-boot."""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import replace

from guestshell.guest import paths
from guestshell.guest.facts.boot.rows import BootEntry
from guestshell.guest.facts.text import numbered_lines
from guestshell.values import Name, Timestamp

_PIECES = re.compile(r"\d+|[A-Za-z]+")


def parse_specified(data: bytes, file: Name, mtime: Timestamp | None) -> BootEntry:
    """Give the entry of a loader/entries/*.conf file: keys and values, UAPI.1 "Type #1"."""
    values: dict[str, str] = {}
    initrds: list[Name] = []
    options: list[str] = []
    for _, line in numbered_lines(data):
        key, _, value = line.strip().replace("\t", " ").partition(" ")
        value = value.strip()
        if key == "initrd":
            initrds += [Name(word) for word in value.split()]  # Fedora: `$tuned_initrd` behind it
        elif key == "options":
            options.append(value)
        elif key and not key.startswith("#"):
            values.setdefault(key, value)
    identity = file.rpartition("/")[2].removesuffix(".conf")
    kernel = values.get("linux") or values.get("efi") or values.get("uki")
    version = values.get("version", "")
    title = values.get("title", identity)
    return BootEntry(
        kind="entry",
        loader="systemd-boot",
        title=title if not version or version in title else f"{title} ({version})",
        kernel=Name(kernel) if kernel else None,
        initrds=tuple(initrds),
        options=" ".join(options),
        default=False,
        id=identity,
        file=file,
        line=1,
        mtime=mtime,
    )


def newest_first(entries: Sequence[BootEntry]) -> list[BootEntry]:
    """Give entries as a menu shows them: versions compared by their numbers, the highest first."""
    return sorted(entries, key=lambda entry: _version_key(entry.id), reverse=True)


def _version_key(text: str) -> list[tuple[int, int, str]]:
    """Give what orders versions: numbers by length and digits, and before letters."""
    return [
        (1, len(piece.lstrip("0")), piece.lstrip("0")) if piece.isdecimal() else (0, 0, piece)
        for piece in _PIECES.findall(text[:1000])
    ]


def parse_loader(
    data: bytes, file: Name, mtime: Timestamp | None, entries: Sequence[BootEntry]
) -> list[BootEntry]:
    """Give the settings of a loader.conf, and the entries with the default it means.

    Without one the first entry boots. `@saved` is a variable of the firmware, not on the disk.
    """
    settings = []
    pattern = ""
    for number, line in numbered_lines(data):
        key, _, value = line.strip().replace("\t", " ").partition(" ")
        value = value.strip()
        if not key or key.startswith("#"):
            continue
        if key == "default":
            pattern = value[:255]
        settings.append(
            BootEntry(
                "setting", "systemd-boot", key, None, (), value, False, "", file, number, mtime
            )
        )
    ordered = newest_first(entries)
    fitting = [entry for entry in ordered if _fits(entry, pattern)] if pattern else ordered
    if not fitting and not pattern.startswith("@"):
        fitting = ordered
    chosen = fitting[0] if fitting else None
    return [*(replace(entry, default=entry is chosen) for entry in ordered), *settings]


def _fits(entry: BootEntry, pattern: str) -> bool:
    """Say whether a pattern means an entry by its file's name; once it was without `.conf`."""
    names = [paths.split(entry.file)[1], entry.id]
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)
