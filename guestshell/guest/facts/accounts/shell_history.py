"""What users typed into shells and other programs that keep it in their homes."""

from collections.abc import Iterator

from guestshell.errors import NoSuchPath, PathError
from guestshell.guest.entries import Entry
from guestshell.guest.facts.accounts.history_formats import (
    Parser,
    parse_fish,
    parse_lines,
    parse_powershell,
    parse_psql,
    parse_zsh,
)
from guestshell.guest.facts.accounts.homes import Home, read_homes
from guestshell.guest.facts.accounts.rows import ShellCommand
from guestshell.guest.facts.files import MOST, Files, entries_if_there, is_there
from guestshell.values import Name

_HISTORIES: dict[str, tuple[str, Parser]] = {
    ".bash_history": ("bash", parse_lines),
    ".zsh_history": ("zsh", parse_zsh),
    ".zhistory": ("zsh", parse_zsh),
    ".histfile": ("zsh", parse_zsh),
    ".sh_history": ("sh", parse_lines),
    ".ash_history": ("ash", parse_lines),
    ".ksh_history": ("ksh", parse_lines),
    ".history": ("tcsh", parse_lines),
    ".python_history": ("python", parse_lines),
    ".mysql_history": ("mysql", parse_lines),
    ".mariadb_history": ("mariadb", parse_lines),
    ".psql_history": ("psql", parse_psql),
    ".sqlite_history": ("sqlite", parse_lines),
    ".rediscli_history": ("redis", parse_lines),
}
"""Program and format by the name of the file, where the program's manual says it is by default."""

_DEEPER: dict[str, tuple[str, Parser]] = {
    ".local/share/fish/fish_history": ("fish", parse_fish),
    ".config/fish/fish_history": ("fish", parse_fish),
    ".local/share/powershell/PSReadLine/ConsoleHost_history.txt": ("powershell", parse_powershell),
}

_UNFINISHED = ".bash_history-"
"""How bash begins the name of the file it writes anew; one stays when it is killed meanwhile."""


def read_shell_history(files: Files, user: str | None = None) -> Iterator[ShellCommand]:
    """Yield the commands of every user, or one, file by file in the order they were kept."""
    for home in read_homes(files):
        if user in (None, home.user, str(home.uid)):
            for path, program, parse in _histories(files, home):
                for typed in parse(_content(files, path)):
                    yield ShellCommand(
                        home.user, program, typed.time, typed.line, typed.command, path
                    )


def _histories(files: Files, home: Home) -> Iterator[tuple[Name, str, Parser]]:
    entries = entries_if_there(files, home.path)
    for entry in entries:
        name = ".bash_history" if entry.name.startswith(_UNFINISHED) else entry.name
        if name in _HISTORIES and _holds_something(files, entry):
            yield entry.path, *_HISTORIES[name]
    below = {entry.name for entry in entries}
    for path, known in _DEEPER.items():
        place = Name(f"{home.path.rstrip('/')}/{path}")
        if path.partition("/")[0] in below and is_there(files, place):
            yield place, *known


def _holds_something(files: Files, entry: Entry) -> bool:
    """Say whether a history is a file, and warn where somebody had it kept nowhere."""
    if entry.kind == "symlink":
        try:
            files.resolve(entry.path)
        except NoSuchPath:
            files.warn(f"{entry.path}: leads to {entry.target}, so nothing was kept")
            return False
        except PathError:
            return True  # reading it will tell
    return entry.kind in ("file", "symlink")


def _content(files: Files, path: Name) -> bytes:
    try:
        data = files.read(path)
    except PathError as error:
        files.warn(str(error))
        return b""
    if len(data) == MOST:
        files.warn(f"{path}: only its first {MOST >> 20} MiB are read")
    return data
