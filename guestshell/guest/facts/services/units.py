"""The units that a search path of systemd holds, and what systemctl(1) calls their state."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import SMALL, Files, entries_if_there, read_needed, real_entry
from guestshell.guest.facts.services.unit_file import (
    Setting,
    Settings,
    drop_in_names,
    effective,
    is_unit_name,
    parse_unit,
    template_of,
    value_of,
    values_of,
)
from guestshell.guest.facts.text import warn_of_lines
from guestshell.values import Name

_DEPENDENCIES = (".wants", ".requires", ".upholds")
_INSTALL_RULES = ("Alias", "WantedBy", "RequiredBy", "UpheldBy")
_RUNTIME = "/run"


@dataclass(frozen=True, slots=True)
class Unit:
    """One name of a search path and what stands there.

    `entry` is its file, of an instance its template's. `file` is where a symbolic link as
    `entry` leads, else the path itself. `settings` are those of drop-ins too, in their order.
    """

    name: Name
    entry: Entry
    file: Name
    state: str
    wanted_by: tuple[Name, ...]
    drop_ins: tuple[Name, ...]
    settings: Settings

    @property
    def is_enabled(self) -> bool:
        """Whether it starts unasked: enabled, or pulled in by a link that came with it."""
        if self.state.startswith("enabled"):
            return True
        return bool(self.wanted_by) and not self.state.startswith(("masked", "bad"))


@dataclass(frozen=True, slots=True)
class _Link:
    directory: Name
    top: int
    name: Name
    target: Name


class Units:
    """The units of one search path, the directories that outrank others first.

    `configured` are those of them whose links enable units, the first of them for good.
    """

    def __init__(self, files: Files, search: Sequence[str], configured: Sequence[str]) -> None:
        self._files = files
        self._configured = configured
        self._first: dict[Name, tuple[Entry, int]] = {}
        self._links: dict[str, list[_Link]] = defaultdict(list)
        self._wants: dict[str, list[_Link]] = defaultdict(list)
        self._wanters: dict[str, set[Name]] = defaultdict(set)
        self._drop_ins: dict[str, list[Entry]] = defaultdict(list)
        self._read: dict[Name, list[Setting]] = {}
        self._effective: dict[tuple[Name, ...], Settings] = {}
        self.directories = self._different(search)
        for index, directory in enumerate(self.directories):
            self._look_into(directory, index)

    def _different(self, search: Sequence[str]) -> list[Name]:
        """Give the directories that are there, one that has two names (/lib) once."""
        found: dict[tuple[int, int], Name] = {}
        for directory in search:
            entry = real_entry(self._files, directory)
            if entry is not None and entry.is_directory:
                found.setdefault((entry.device, entry.inode), Name(directory))
        return list(found.values())

    def _look_into(self, directory: Name, index: int) -> None:
        for entry in entries_if_there(self._files, directory):
            if entry.is_directory:
                self._look_deeper(entry, index)
            elif entry.kind in ("file", "symlink") and is_unit_name(entry.name):
                self._first.setdefault(entry.name, (entry, index))
                if entry.target is not None:
                    link = _Link(directory, index, entry.name, entry.target)
                    self._links[entry.name].append(link)
                    self._links[paths.split(entry.target)[1]].append(link)

    def _look_deeper(self, directory: Entry, index: int) -> None:
        wanter, dot, kind = directory.name.rpartition(".")
        if dot + kind in _DEPENDENCIES:
            for entry in entries_if_there(self._files, directory.path):
                if entry.target is not None:
                    link = _Link(directory.path, index, entry.name, entry.target)
                    self._wants[entry.name].append(link)
                    if template := template_of(entry.name):
                        self._wants[template].append(link)
                if entry.kind in ("file", "symlink") and is_unit_name(entry.name):
                    self._wanters[entry.name].add(Name(wanter))
        elif kind == "d":
            self._drop_ins[directory.name] += [
                entry
                for entry in entries_if_there(self._files, directory.path)
                if entry.name.endswith(".conf") and not entry.is_directory
            ]

    def units(self, suffix: str = "") -> list[Unit]:
        """Give the units with names that end so, and the instances that links name."""
        found = {
            name: self._unit(name, entry)
            for name, (entry, _) in self._first.items()
            if name.endswith(suffix)
        }
        for name in self._wants:
            template = template_of(name)
            if name in found or template is None or not name.endswith(suffix):
                continue
            if not is_unit_name(name):
                continue
            if template in self._first:
                entry, _ = self._first[Name(template)]
                found[Name(name)] = self._unit(Name(name), entry)
        return [found[name] for name in sorted(found)]

    def names(self) -> list[Name]:
        """Give the names of the units that have files, none of which is read."""
        return sorted(self._first)

    def unit(self, name: str) -> Unit | None:
        """Give one unit, an instance by its template; None where there is none."""
        found = self._first.get(Name(name)) or self._first.get(Name(template_of(name) or ""))
        return self._unit(Name(name), found[0]) if found else None

    def is_wanted_in(self, name: str, directories: Sequence[str]) -> bool:
        """Say whether a link in one of these directories pulls a unit in."""
        return any(self.directories[link.top] in directories for link in self._wants.get(name, ()))

    # -- what a unit says ------------------------------------------------------------------------

    def _unit(self, name: Name, entry: Entry) -> Unit:
        file, there, masked = self._leads_to(entry)
        names = [name, *self._aliases(name)]
        wanted_by = set[Name]().union(*(self._wanters.get(each, set()) for each in names))
        drop_ins = self._drop_ins_of(names)
        alias = paths.split(file)[1] != entry.name and template_of(entry.name) is None
        readable = there and not masked and not alias
        settings = self._settings((file, *drop_ins)) if readable else {}
        state = self._state(name, entry, alias, settings)
        if masked or not there:
            runtime = paths.is_below(entry.path, _RUNTIME)
            state = "bad" if not masked else "masked-runtime" if runtime else "masked"
        return Unit(name, entry, file, state, tuple(sorted(wanted_by)), drop_ins, settings)

    def _leads_to(self, entry: Entry) -> tuple[Name, bool, bool]:
        """Give the file that an entry stands for, whether it is there, whether it masks.

        A link to another name means whatever stands first under that name.
        """
        seen = set[Name]()
        while entry.target is not None and entry.name not in seen:
            seen.add(entry.name)
            aim = paths.lexical(paths.join(paths.split(entry.path)[0], entry.target))
            if aim == "/dev/null":  # an image's /dev may well be empty
                return aim, True, True
            name = paths.split(aim)[1]
            if name == entry.name or name not in self._first:
                return self._outside(entry.path, aim)
            entry, _ = self._first[name]
        return entry.path, entry.target is None, entry.target is None and entry.size == 0

    def _outside(self, path: Name, aim: Name) -> tuple[Name, bool, bool]:
        """Give the same of a link that leads out of the search path, or that goes nowhere."""
        try:
            file = self._files.resolve(path)
            entry = self._files.entry(file)
        except PathError:
            return aim, False, False
        empty = entry.kind == "character device" or (entry.is_file and entry.size == 0)
        return file, entry.is_file or empty, empty

    def _aliases(self, name: Name) -> list[Name]:
        return [link.name for link in self._links.get(name, ()) if link.name != name]

    def _drop_ins_of(self, names: Sequence[Name]) -> tuple[Name, ...]:
        """Give the drop-ins by file name; of equal names the nearest directory's counts."""
        found: dict[Name, Name] = {}
        for directory_name in dict.fromkeys(d for name in names for d in drop_in_names(name)):
            for entry in self._drop_ins.get(directory_name, ()):
                gone = entry.target == "/dev/null"
                found.setdefault(entry.name, Name("") if gone else entry.path)
        return tuple(found[name] for name in sorted(found) if found[name])

    def _settings(self, sources: tuple[Name, ...]) -> Settings:
        """Give what a unit's file and drop-ins say; thousands of instances may share them."""
        if sources not in self._effective:
            self._effective[sources] = effective(
                setting for path in sources for setting in self._said(path)
            )
        return self._effective[sources]

    def _said(self, path: Name) -> list[Setting]:
        if path not in self._read:
            settings, bad = parse_unit(read_needed(self._files, path, SMALL))
            warn_of_lines(self._files, path, bad, "is no setting")
            self._read[path] = settings
        return self._read[path]

    # -- its state -------------------------------------------------------------------------------

    def _state(self, name: Name, entry: Entry, alias: bool, settings: Settings) -> str:
        """Give what `systemctl is-enabled` says of a unit that has a file and is not masked."""
        directory = paths.split(entry.path)[0]
        if "/transient" in directory:
            return "transient"
        if alias:
            return "alias"
        if "/generator" in directory:
            return "generated"
        if found := self._enabled(name, _known_names(name, settings)):
            return found
        if self._enabled(name, None):  # known by a name that [Install] does not give
            return "indirect"
        if any(values_of(settings, "Install", key) for key in _INSTALL_RULES):
            return "disabled"
        return "indirect" if values_of(settings, "Install", "Also") else "static"

    def _enabled(self, name: Name, known: set[str] | None) -> str:
        """Give the state that links of known names make, of any for None; empty for none."""
        linked = set[str]()
        enabled = set[str]()
        elsewhere = False
        first = self._first.get(name)
        for link in (*self._wants.get(name, ()), *self._links.get(name, ())):
            top = self.directories[link.top]
            if link.directory == top:
                outranked = first is not None and first[0].target is None and link.top > first[1]
                same = link.name == name and not outranked
                if same and paths.split(link.target)[1] == name:
                    linked.add(top)
                    continue
                if not same and paths.split(link.target)[1] != name:
                    continue
            if known is not None and link.name not in known:
                continue
            if top in self._configured:
                enabled.add(top)
            else:
                elsewhere = True
        for top in self._configured:
            if top in enabled:
                return "enabled-runtime" if paths.is_below(top, _RUNTIME) else "enabled"
        if elsewhere and template_of(name):
            return "static"
        for top in self._configured:
            if top in linked:
                return "linked-runtime" if paths.is_below(top, _RUNTIME) else "linked"
        return ""


def _known_names(name: str, settings: Settings) -> set[str]:
    """Give the names under which a unit's [Install] section would have it linked."""
    known = {name}
    for value in values_of(settings, "Install", "Alias"):
        known.update(value.split())
    instance = value_of(settings, "Install", "DefaultInstance")
    if instance and "@." in name:
        known.update([each.replace("@.", f"@{instance}.") for each in known])
    return known
