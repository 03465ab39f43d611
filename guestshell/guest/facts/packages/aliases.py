"""One file under several spellings: `/bin/ls` and `/usr/bin/ls` where /bin is a link."""

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.values import Name

_WHERE = ("/", "/usr", "/var")
"""Directories in which distributions link one directory to another, hier(7), /usr merge."""


class Aliases:
    """The links between directories that package databases are known to look through."""

    def __init__(self, files: Files) -> None:
        self._real: dict[str, str] = {}
        for directory in _WHERE:
            for entry in entries_if_there(files, directory):
                if entry.kind == "symlink":
                    try:
                        self._real[entry.path] = files.resolve(entry.path)
                    except PathError:
                        continue

    def canonical(self, path: str) -> Name:
        """Give a path with the links of the system's layout followed, its last name not."""
        parts = path.strip("/").split("/")
        for count in (1, 2):
            real = self._real.get("/" + "/".join(parts[:count])) if len(parts) > count else None
            if real is not None:
                return paths.join(real, "/".join(parts[count:]))
        return Name(path)

    def spellings(self, path: str) -> frozenset[Name]:
        """Give the paths under which a database may know this one."""
        canonical = self.canonical(path)
        return frozenset(
            [Name(path), canonical]
            + [
                paths.join(alias, canonical[len(real) :].lstrip("/"))
                for alias, real in self._real.items()
                if canonical.startswith(real.rstrip("/") + "/")
            ]
        )
