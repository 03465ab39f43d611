"""A registry of Python values in the place of hives; the contract tests compare it with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from guestshell.guest.facts.windows.keys import Key, User, Value, filetime
from guestshell.values import Name, Timestamp
from tests.images import windows_registry as registry
from tests.images.hives import DEFAULT_TIME, Contents


@dataclass
class FakeKey:
    path: str
    file: Name
    time: int = DEFAULT_TIME
    below: "dict[str, FakeKey]" = field(default_factory=dict)
    held: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.rpartition("\\")[2]

    @property
    def modified(self) -> Timestamp | None:
        return filetime(self.time)

    def subkeys(self) -> Iterator[Key]:
        return iter(sorted(self.below.values(), key=lambda key: key.name.upper()))

    def subkey(self, path: str) -> "FakeKey | None":
        key: FakeKey | None = self
        for name in path.split("\\"):
            if key is not None and name:
                key = key.below.get(name.casefold())
        return key

    def values(self) -> Iterator[Value]:
        return iter(self.held.values())

    def value(self, name: str) -> Value | None:
        return self.held.get(name.casefold())

    def make(self, name: str) -> "FakeKey":
        made = FakeKey(f"{self.path}\\{name}", self.file)
        return self.below.setdefault(name.casefold(), made)


class FakeRegistry:
    """Hives by name (`HKLM\\SAM`) with their file and contents; `warnings` are kept."""

    def __init__(
        self,
        hives: Mapping[str, tuple[str, Contents]],
        times: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        self.warnings: list[str] = []
        self._roots = {name.casefold(): FakeKey(name, Name(f)) for name, (f, _) in hives.items()}
        for name, (_, contents) in hives.items():
            root = self._roots[name.casefold()]
            for path, values in contents.items():
                key = root
                for part in path.split("\\"):
                    key = key.make(part)
                for value, data in values.items():
                    key.held[value.casefold()] = Value(value, data.type, data.data)
            for path, time in (times or {}).get(name, {}).items():
                found = root.subkey(path)
                assert found is not None
                found.time = time

    def key(self, path: str) -> FakeKey | None:
        parts = path.split("\\")
        root = self._roots.get("\\".join(parts[:2]).casefold())
        rest = ["ControlSet001" if part == "CurrentControlSet" else part for part in parts[2:]]
        return root.subkey("\\".join(rest)) if root is not None else None

    def users(self) -> Sequence[User]:
        roots = [root for name, root in self._roots.items() if name.startswith("hku\\")]
        return [User(root.name, root) for root in roots if not root.name.endswith("_Classes")]

    def warn(self, message: str) -> None:
        self.warnings.append(message)


_CONFIG = "/Windows/System32/config"


def windows_registry() -> FakeRegistry:
    """Give the registry of the Windows image."""
    machine = {
        rf"HKLM\{name}": (f"{_CONFIG}/{name}", contents)
        for name, contents in (
            ("SYSTEM", registry.SYSTEM),
            ("SOFTWARE", registry.SOFTWARE),
            ("SAM", registry.SAM),
            ("SECURITY", registry.SECURITY),
        )
    }
    users = {
        r"HKU\.DEFAULT": (f"{_CONFIG}/DEFAULT", registry.DEFAULT),
        r"HKU\alice": ("/Users/alice/NTUSER.DAT", registry.ALICE),
    }
    times = {
        r"HKLM\SYSTEM": registry.TIMES["SYSTEM"],
        r"HKLM\SOFTWARE": registry.TIMES["SOFTWARE"],
        r"HKU\alice": registry.TIMES["ALICE"],
    }
    return FakeRegistry({**machine, **users}, times)
