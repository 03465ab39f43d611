r"""The registry of a Windows guest: hives by the names that a running Windows gives them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.windows import places
from guestshell.guest.facts.windows.keys import User, Value
from guestshell.guest.hive import Hive, HiveKey, HiveReader, locate_parts, path_parts, separator_of

_LONG = {
    "hkey_local_machine": "HKLM",
    "hkey_users": "HKU",
    "hkey_classes_root": "HKCR",
}
ROOTS = ("HKLM", "HKU", "HKCR")
"""What a path begins with; HKCR stands for HKLM\\SOFTWARE\\Classes."""

_MACHINE = ("SYSTEM", "SOFTWARE", "SAM", "SECURITY", "COMPONENTS", "DRIVERS")

_CLASSES = (
    ("AppData", "Local", "Microsoft", "Windows", "UsrClass.dat"),
    ("Local Settings", "Application Data", "Microsoft", "Windows", "UsrClass.dat"),
)
"""Where a user's own classes lie, since Windows Vista and before."""


class HiveRegistry(HiveReader):
    """All hives of a guest as one tree; see facts.windows.keys.Registry."""

    def __init__(self, files: Files, call: Callable[[Callable[[Handle], Any]], Any]) -> None:
        super().__init__(files, call)
        self._hives: dict[str, Hive] | None = None
        self._users: list[User] | None = None
        self._roots: dict[str, HiveKey | None] = {}

    # -- hives -----------------------------------------------------------------------------------

    def hives(self) -> Sequence[Hive]:
        """Give the hives there are, in the order of a running Windows's tree."""
        return list(self._known().values())

    def _known(self) -> dict[str, Hive]:
        if self._hives is None:
            self._hives = {hive.name.casefold(): hive for hive in self._find()}
        return self._hives

    def _find(self) -> Iterator[Hive]:
        root = places.system_root(self.files)
        if root is None:
            return
        for name in _MACHINE:
            if path := places.find(self.files, root, "System32", "config", name):
                yield Hive(f"HKLM\\{name}", path)
        if path := places.find(self.files, root, "System32", "config", "DEFAULT"):
            yield Hive("HKU\\.DEFAULT", path)
        for name, folder in places.profiles(self.files):
            if path := places.find(self.files, folder, "NTUSER.DAT"):
                yield Hive(f"HKU\\{name}", path)
            for below in _CLASSES:
                if path := places.find(self.files, folder, *below):
                    yield Hive(f"HKU\\{name}_Classes", path)
                    break

    def users(self) -> list[User]:
        """Give the users that have a hive of their own."""
        if self._users is None:
            names = [hive.name for hive in self.hives() if hive.name.startswith("HKU\\")]
            roots = ((name, self._root(name)) for name in names if not name.endswith("_Classes"))
            self._users = [User(name[4:], root) for name, root in roots if root is not None]
        return self._users

    def _root(self, name: str) -> HiveKey | None:
        """Give the root key of a hive; one that is missing or no hive is warned of once."""
        folded = name.casefold()
        if folded not in self._roots:
            self._roots[folded] = self._open(name)
        return self._roots[folded]

    def _open(self, name: str) -> HiveKey | None:
        hive = self._known().get(name.casefold())
        if hive is None:
            self.warn(f"{name}: there is no such hive")
            return None
        try:
            return self.top(hive)
        except GuestError as error:
            self.warn(str(error))
            return None

    # -- keys ------------------------------------------------------------------------------------

    def key(self, path: str) -> HiveKey | None:
        """Give a key by its path with backslashes, None where there is none."""
        parts = [part for part in path.split("\\") if part]
        root, rest = self._split(parts)
        if root is None:
            return None
        start = self._root(root)
        if start is None:
            return None
        if start.hive.name == "HKLM\\SYSTEM" and rest and rest[0].lower() == "currentcontrolset":
            rest[0] = self._control_set(start)
        return start.subkey("\\".join(rest))

    def locate(self, typed: str) -> "HiveKey | tuple[HiveKey, Value] | None":
        r"""Give the key or the value that a typed path means, None where there is neither.

        Either slash will do. Names may hold `/`, as in `…\Content Type\application/pdf`, so with
        `/` between names several are tried as one too, the shortest first.
        """
        parts = path_parts(typed)
        # what is a key before this many names
        lead = 1 if parts and root_name(parts[0]) == "HKCR" else 2
        lead += len(parts) > 2 and parts[2].lower() == "currentcontrolset"
        key = self.key("\\".join(parts[:lead]))
        return locate_parts(key, parts[lead:], separator_of(typed)) if key is not None else None

    def _split(self, parts: list[str]) -> tuple[str | None, list[str]]:
        """Give the hive that a path is in, and the rest of the path."""
        if not parts:
            return None, []
        first = root_name(parts[0])
        if first == "HKCR":
            return "HKLM\\SOFTWARE", ["Classes", *parts[1:]]
        if first not in ROOTS or len(parts) < 2:
            return None, []
        return f"{first}\\{parts[1]}", parts[2:]

    def _control_set(self, system: HiveKey) -> str:
        select = system.subkey("Select")
        current = select.value("Current") if select is not None else None
        number = current.number() if current is not None else None
        if number is None:
            self.warn(f"{system.path}\\Select: does not say which control set is current")
        return f"ControlSet{number or 1:03d}"


def root_name(typed: str) -> str:
    """Give HKLM, HKU or HKCR for what was typed, in short or in full."""
    return _LONG.get(typed.lower(), typed.upper())
