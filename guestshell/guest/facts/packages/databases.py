"""All package databases of a system, and what they say together."""

from collections.abc import Iterator
from contextlib import suppress

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.packages.aliases import Aliases
from guestshell.guest.facts.packages.apk import find_apk
from guestshell.guest.facts.packages.dpkg import find_dpkg
from guestshell.guest.facts.packages.pacman import find_pacman
from guestshell.guest.facts.packages.rows import Package, PackageDatabase
from guestshell.guest.facts.packages.rpm import find_rpm


def find_databases(files: Files) -> list[PackageDatabase]:
    """Give the databases there are; several managers may live on one system."""
    single = (find_dpkg(files), find_apk(files), find_pacman(files))
    return [*(database for database in single if database is not None), *find_rpm(files)]


def read_packages(databases: list[PackageDatabase]) -> list[Package]:
    """Give the packages of all databases by name."""
    found = (package for database in databases for package in database.packages())
    return sorted(found, key=lambda package: (package.name, package.manager))


def owners_of(files: Files, databases: list[PackageDatabase], path: str) -> Iterator[Package]:
    """Yield the packages that brought an absolute path, be the file there or not."""
    directory, name = paths.split(path)
    with suppress(PathError):
        path = paths.child(files.resolve(directory), name) if name else "/"
    spellings = Aliases(files).spellings(path)
    for database in databases:
        yield from database.owners(spellings)
