"""What the readers of network configuration share: small files, their times, addresses."""

from collections.abc import Iterable, Iterator

from guestshell.errors import GuestError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.assignments import parse_assignments
from guestshell.guest.facts.files import Files, entries_if_there, read_if_there
from guestshell.values import Name, Timestamp

LIMIT = 1024 * 1024
"""Bytes read of one configuration file: real ones have a few hundred."""

MOST_FILES = 1000
"""Files read of one directory: every one costs a call, and real ones hold a few."""


def read_small(files: Files, path: str) -> bytes | None:
    """Give the content of a configuration file, None where there is none; cut off at LIMIT."""
    data = read_if_there(files, path, LIMIT + 1) if "\0" not in path else None
    if data is not None and len(data) > LIMIT:
        files.warn(f"{path}: only the first {LIMIT} bytes were read")
        data = data[:LIMIT]
    return data


def read_values(files: Files, path: str) -> dict[str, str]:
    """Give the shell assignments of a file, none where there is no such file."""
    data = read_small(files, path)
    if data is None:
        return {}
    values, whole = parse_assignments(data)
    if not whole:
        files.warn(f"{path}: a quote or bracket is never closed")
    return values


def changed(files: Files, path: str) -> Timestamp | None:
    """Give when the file that a path leads to was last written."""
    try:
        entry = files.entry(path)
        if entry.kind == "symlink":
            entry = files.entry(files.resolve(path))
    except GuestError:
        return None
    return entry.mtime


def configured(files: Files, directory: str) -> Iterator[Entry]:
    """Yield the rows of a directory that may be configuration: no backups, at most MOST_FILES."""
    found = [
        entry
        for entry in entries_if_there(files, directory)
        if entry.kind in ("file", "symlink")
        and not entry.name.startswith(".")
        and not entry.name.endswith(("~", ".bak", ".orig", ".rpmsave", ".rpmnew", ".dpkg-old"))
    ]
    if len(found) > MOST_FILES:
        files.warn(f"{directory}: only the first {MOST_FILES} files were read")
    yield from found[:MOST_FILES]


def matching(files: Files, pattern: str) -> list[Name]:
    """Give the files that fit an absolute pattern with wildcards in its last part only."""
    from fnmatch import fnmatchcase

    if "\0" in pattern:
        return []
    directory, last = paths.split(pattern)
    if not set(pattern) & set("*?["):
        return [Name(pattern)]
    if len(last) > 255:
        return []
    return [
        paths.child(directory, entry.name)
        for entry in configured(files, directory)
        if fnmatchcase(entry.name, last)
    ]


def cidr(address: str, mask: str = "") -> str:
    """Give an address with its prefix length, from that or from a netmask, if it fits."""
    address, slash, own = address.strip().partition("/")
    mask = own if slash else mask.strip()
    if "." in mask:
        prefix = prefix_of_mask(mask)
        return address if prefix is None else f"{address}/{prefix}"
    return f"{address}/{int(mask)}" if is_prefix(mask) else address


def is_prefix(text: str) -> bool:
    """Say whether a text is a prefix length, 0 to 128."""
    return text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 128


def prefix_of_mask(mask: str) -> int | None:
    """Give the prefix length of an IPv4 netmask, None of one that is none."""
    parts = mask.split(".")
    if len(parts) != 4 or not all(
        p.isascii() and p.isdecimal() and len(p) <= 3 and int(p) < 256 for p in parts
    ):
        return None
    bits = "".join(f"{int(part):08b}" for part in parts)
    return bits.count("1") if "01" not in bits else None


def number(text: str) -> int | None:
    """Give a decimal number of at most 18 digits, None of any other text."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def words(text: str) -> tuple[str, ...]:
    """Give the words of a text, separated by blanks, commas or semicolons."""
    return tuple(text.replace(",", " ").replace(";", " ").split())


def names(found: Iterable[str]) -> tuple[Name, ...]:
    """Give texts as names of the guest."""
    return tuple(Name(name) for name in found)


def once(found: Iterable[str]) -> tuple[str, ...]:
    """Give each text once, in order, empty ones left out."""
    return tuple(dict.fromkeys(text for text in found if text))


def is_true(text: str) -> bool:
    """Say whether a value of a configuration file means yes."""
    return text.strip().lower() in ("yes", "true", "on", "1", "y", "t")


def truth(text: str, default: bool | None = None) -> bool | None:
    """Give what a value means, `default` where there is none."""
    return is_true(text) if text.strip() else default
