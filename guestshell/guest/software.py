"""The installed packages of a guest, from whatever says so."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from guestshell.errors import GuestError
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.packages.rows import Package, PackageDatabase
from guestshell.guest.knowledge import Knowledge
from guestshell.version import __version__

if TYPE_CHECKING:
    from guestshell.guest.registry import HiveRegistry

_ROWS = f"packages {__version__}"

Warn = Callable[[str], None]


def _ignore(_message: str) -> None:
    pass


class Software:
    """Reads the package databases; of a Windows what the registry lists as installed.

    `registry` gives None for any other system. What was read whole is kept in the index.
    """

    def __init__(
        self,
        files: Callable[[Warn], Files],
        registry: "Callable[[Warn], HiveRegistry | None]",
        knowledge: Callable[[], Knowledge | None],
    ) -> None:
        self._files = files
        self._registry = registry
        self._knowledge = knowledge

    def packages(self, warn: Warn = _ignore) -> list[Package]:
        """Give the packages by name; what is damaged is said to `warn`.

        Raises GuestError where there is no database of packages.
        """
        knowledge = self._knowledge()
        known = knowledge.rows(_ROWS, Package) if knowledge else None
        if known is not None:
            return known
        warned: list[str] = []

        def note(message: str) -> None:
            warned.append(message)
            warn(message)

        found = self._read(note)
        if knowledge is not None and not warned:  # what is wrong is to be said the next time too
            knowledge.learn_rows(_ROWS, found)
        return found

    def _read(self, warn: Warn) -> list[Package]:
        registry = self._registry(warn)
        if registry is not None:
            from guestshell.guest.facts.windows.programs import read_programs

            return sorted(read_programs(registry), key=lambda package: package.name)
        from guestshell.guest.facts.packages.databases import read_packages

        return read_packages(self.databases(warn))

    def databases(self, warn: Warn = _ignore) -> list[PackageDatabase]:
        """Give the databases that say what each package brought. Raises GuestError for none."""
        from guestshell.guest.facts.packages.databases import find_databases

        found = find_databases(self._files(warn))
        if not found:
            raise GuestError("there is no package database of dpkg, rpm, apk or pacman")
        return found

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the packages, read once."""
        return tuple(dict.fromkeys(package.name for package in self.packages()))
