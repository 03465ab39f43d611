"""Where Windows keeps its files, found whatever the case of their names."""

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.values import Name

_ROOTS = ("/Windows", "/WINNT")


def find(files: Files, directory: str, *names: str) -> Name | None:
    """Give the path of names below one another, case ignored, None where one is missing."""
    place = Name(directory)
    for name in names:
        exact = paths.child(place, name)
        try:
            files.entry(exact)  # dear listings are for what is written otherwise
            place = exact
            continue
        except NoSuchPath:
            pass
        except PathError as error:
            files.warn(str(error))
            return None
        folded = name.casefold()
        fitting = [e.path for e in entries_if_there(files, place) if e.name.casefold() == folded]
        if not fitting:
            return None
        place = fitting[0]
    return place


def system_root(files: Files) -> Name | None:
    r"""Give the directory that is %SystemRoot%, None where no Windows is."""
    for root in _ROOTS:
        found = find(files, "/", root[1:])
        if found is not None and find(files, found, "System32", "config") is not None:
            return found
    return None


def profiles(files: Files) -> list[tuple[Name, Name]]:
    """Give name and path of each user's folder, the services' own included."""
    folders = [find(files, "/", "Users"), find(files, "/", "Documents and Settings")]
    root = system_root(files)
    if root is not None:
        folders.append(find(files, root, "ServiceProfiles"))
    return [
        (entry.name, entry.path)
        for folder in folders
        if folder is not None
        for entry in entries_if_there(files, folder)
        if entry.is_directory
    ]
