import pytest

from guestshell.commands import COMMANDS, FILTERS, GuestCommand
from guestshell.commands.declaration import CATEGORIES, FILTER_CATEGORY, command
from guestshell.language.parser import parse

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
    "use",
    "index",
    "timezone",
    "locale",
    "fstab",
    "selinux",
    "cloud",
    "boot",
    "kernels",
    "modules",
    "users",
    "groups",
    "logins",
    "ssh-keys",
    "shell-history",
    "packages",
    "containers",
    "services",
    "cron",
    "network",
    "routes",
    "dns",
    "leases",
    "hosts",
    "firewall",
    "logs",
    "recent",
    "suid",
    "world-writable",
    "large",
    "registry",
    "autoruns",
    "events",
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
    "echo",
    "set",
    "unset",
    "alias",
    "unalias",
    "source",
    "watch",
    "time",
    "log",
    "record",
]
FILTERS_ISSUED = [
    "where",
    "sort",
    "select",
    "first",
    "last",
    "skip",
    "count",
    "group",
    "unique",
    "flatten",
    "grep",
    "wc",
    "tee",
    "save",
    "jq",
]
EVERYTHING: list[GuestCommand] = [*COMMANDS.values(), *FILTERS.values()]


def test_every_command_is_there() -> None:
    assert sorted(COMMANDS) == sorted(ISSUED)
    assert sorted(FILTERS) == sorted(FILTERS_ISSUED)


@pytest.mark.parametrize("declared", EVERYTHING, ids=str)
def test_a_command_explains_itself(declared: GuestCommand) -> None:
    page = "\n".join(declared.page(80))
    is_filter = declared.name in FILTERS and declared is FILTERS[declared.name]
    assert declared.category == FILTER_CATEGORY if is_filter else declared.category in CATEGORIES
    assert len(declared.summary) <= 72
    assert "--help" in page
    for example in declared.examples:
        parsed = parse(example)
        assert parsed.problem is None
        places = slice(1, None) if is_filter else slice(1)
        names = [stage.name for line in parsed.pipelines for stage in line.stages[places]]
        assert declared.name in names
        assert example in page
    for parameter in declared.params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{declared.name} {parameter.name} has no help"


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
