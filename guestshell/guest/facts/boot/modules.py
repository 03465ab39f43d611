"""Kernel modules: what is to be loaded or not, and what is installed for each kernel.

modules-load.d(5), modprobe.d(5), modules.dep(5).
"""

from collections.abc import Iterator, Sequence

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.boot.kernels import module_trees
from guestshell.guest.facts.boot.rows import Module
from guestshell.guest.facts.files import (
    Files,
    entries_if_there,
    entry_if_there,
    read_if_there,
    read_small,
)
from guestshell.guest.facts.text import joined_lines, numbered_lines, warn_of_lines
from guestshell.values import Name, Timestamp

_LOAD = ("/etc/modules-load.d", "/run/modules-load.d", "/usr/local/lib/modules-load.d",
         "/usr/lib/modules-load.d", "/lib/modules-load.d")  # fmt: skip
_MODPROBE = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
             "/usr/lib/modprobe.d", "/lib/modprobe.d")  # fmt: skip
_ACTIONS = ("alias", "blacklist", "install", "options", "remove", "softdep", "weakdep")
_SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
_MOST_DEPENDENCIES = 8 * 2**20


def read_module_lines(files: Files) -> Iterator[Module]:
    """Yield what the configuration says about modules, file by file."""
    for entry in _configuration(files, _LOAD, ("/etc/modules",)):
        for number, text in _lines(files, entry):
            name, _, options = text.partition(" ")
            yield _line(entry, number, name, "load", options.strip())
    for entry in _configuration(files, _MODPROBE, ("/etc/modprobe.conf",)):
        bad = []
        for number, text in _lines(files, entry):
            words = text.split(None, 2)
            if len(words) < 2 or words[0] not in _ACTIONS:
                bad.append(number)
            else:
                yield _line(entry, number, words[1], words[0], " ".join(words[2:]))
        warn_of_lines(files, entry.path, bad, "says nothing that modprobe.d(5) knows")


def _line(entry: Entry, number: int, name: str, action: str, text: str) -> Module:
    return Module(Name(name), action, text, "", "", "", entry.path, number, entry.mtime)


def _configuration(
    files: Files, directories: Sequence[str], single: Sequence[str]
) -> Iterator[Entry]:
    """Yield the files that count: of equal names the first directory's, in order of names."""
    for path in single:
        alone = entry_if_there(files, path)
        if alone is not None and not alone.is_directory:
            yield alone
    found: dict[str, Entry] = {}
    for directory in directories:
        for entry in entries_if_there(files, directory):
            if entry.name.endswith(".conf") and not entry.is_directory:
                found.setdefault(entry.name, entry)
    for _, entry in sorted(found.items()):
        # Debian's modules.conf is a link to /etc/modules, and /dev/null hides a file of /usr/lib
        if entry.target not in ("/dev/null", "../modules", "/etc/modules"):
            yield entry


def _lines(files: Files, entry: Entry) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something with their numbers, words parted by blanks alone."""
    for number, line in joined_lines(read_small(files, entry.path) or b""):
        if not line.startswith(("#", ";")):  # a comment too goes on behind a backslash
            yield number, line.replace("\t", " ")


def read_installed(files: Files) -> Iterator[Module]:
    """Yield the modules of each kernel's tree, by file, and those listed that are not there."""
    for version, tree in module_trees(files).items():
        listed = _dependencies(files, tree)
        for entry in _below(files, tree):
            name = _module_name(entry.name)
            if name is None or entry.is_directory:
                continue
            relative = entry.path[len(tree) + 1 :]
            needs = listed.pop(relative, None)
            state = "unlisted" if needs is None else "listed"
            yield _installed(name, version, relative, needs or "", entry.path, entry.mtime, state)
        for relative, needs in listed.items():
            name = _module_name(paths.split("/" + relative)[1])
            if name is not None:
                file = paths.lexical(paths.join(tree, relative))
                yield _installed(name, version, relative, needs, file, None, "missing")


def _below(files: Files, tree: Name) -> Iterator[Entry]:
    try:
        yield from files.walk(tree)
    except PathError as error:
        files.warn(str(error))


def _installed(
    name: Name,
    version: str,
    relative: str,
    needs: str,
    file: Name,
    mtime: Timestamp | None,
    state: str,
) -> Module:
    place = relative.partition("/")[0] if "/" in relative else ""
    return Module(name, "installed", needs, version, place, state, file, None, mtime)


def _module_name(file: str) -> Name | None:
    """Give the name of a module by its file; the kernel takes - for _."""
    for suffix in _SUFFIXES:
        if file.endswith(suffix):
            return Name(file.removesuffix(suffix).replace("-", "_"))
    return None


def _dependencies(files: Files, tree: Name) -> dict[str, str]:
    """Give what modules.dep(5) says: the names of what each file needs, by path in the tree."""
    path = f"{tree}/modules.dep"
    data = read_if_there(files, path, _MOST_DEPENDENCIES)
    if data is None:
        files.warn(f"{path}: is missing, so no module of {tree} counts as known")
        return {}
    listed: dict[str, str] = {}
    bad = []
    for number, line in numbered_lines(data):
        file, colon, needs = line.partition(":")
        if colon:
            names = (_module_name(need.rpartition("/")[2]) or need for need in needs.split())
            listed[file.removeprefix(f"{tree}/")] = " ".join(names)
        elif line.strip():
            bad.append(number)
    warn_of_lines(files, path, bad, "is no line of modules.dep(5)")
    return listed
