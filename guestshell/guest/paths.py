"""Paths inside a guest: text arithmetic, nothing is looked up."""

from guestshell.values import Name


def join(directory: str, path: str) -> Name:
    """Give `path` as seen from `directory`, absolute, without `.` and doubled slashes.

    `..` stays, for what it leads to depends on symbolic links; `lexical` removes it.
    """
    combined = path if path.startswith("/") else f"{directory}/{path}"
    parts = [part for part in combined.split("/") if part not in ("", ".")]
    return Name("/" + "/".join(parts))


def lexical(path: str) -> Name:
    """Give an absolute path with each `..` taken back by name, as a shell's `cd ..` does."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return Name("/" + "/".join(parts))


def split(path: str) -> tuple[Name, Name]:
    """Give the directory and the last name of an absolute path; ("/", "") for the root."""
    directory, _, name = path.rstrip("/").rpartition("/")
    return Name(directory or "/"), Name(name)


def child(directory: str, name: str) -> Name:
    """Give the path of a name in a directory."""
    return Name(f"/{name}" if directory == "/" else f"{directory}/{name}")


def is_below(path: str, directory: str) -> bool:
    """Say whether a path is a directory itself or lies under it."""
    return directory == "/" or path == directory or path.startswith(directory + "/")
