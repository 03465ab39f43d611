import pytest

from guestshell.commands import COMMANDS
from guestshell.commands.declaration import CATEGORIES, command
from guestshell.language.lexer import lex

ISSUED = [
    "cd",
    "pwd",
    "ls",
    "tree",
    "find",
    "cat",
    "head",
    "tail",
    "less",
    "grep",
    "hexdump",
    "strings",
    "file",
    "stat",
    "du",
    "df",
    "hash",
    "inspect",
    "packages",
    "users",
    "groups",
    "disks",
    "partitions",
    "filesystems",
    "mounts",
    "mount",
    "umount",
    "save",
    "help",
    "history",
    "clear",
    "exit",
    "quit",
]


def test_every_command_is_there() -> None:
    assert sorted(COMMANDS) == sorted(ISSUED)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_explains_itself(name: str) -> None:
    declared = COMMANDS[name]
    page = "\n".join(declared.page(80))
    assert declared.category in CATEGORIES
    assert len(declared.summary) <= 72
    assert "--help" in page
    for example in declared.examples:
        assert lex(example)[0].value == name
        assert example in page
    for parameter in declared.params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"


def test_a_command_without_help_is_refused() -> None:
    with pytest.raises(ValueError, match="docstring"):

        @command(category="read", examples=["nothing"])
        def nothing() -> None: ...

    with pytest.raises(ValueError, match="category"):

        @command(category="elsewhere", examples=["nothing"])
        def nothing_either() -> None:
            """Do nothing."""

    with pytest.raises(ValueError, match="twice"):

        @command(name="ls", category="read", examples=["ls"])
        def ls_again() -> None:
            """List again."""
