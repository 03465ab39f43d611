"""Services, cron, boot, kernels and modules as commands, on a tree that stands in for a guest."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import click
import pytest

from guestshell.commands import COMMANDS
from guestshell.commands.boot import ModuleName
from guestshell.commands.context import Context
from guestshell.commands.services import ServiceName
from guestshell.guest.facts.files import Files
from guestshell.guest.guest import Guest
from guestshell.output.results import Records
from tests.guest.facts.host_tree import HostTree, make_tree

LIB = "/usr/lib/systemd/system"
VERSION = "6.1.0-37-amd64"


class StandIn:
    """A guest as far as these commands ask it."""

    is_open = is_known = True
    is_windows = False

    def __init__(self, tree: HostTree) -> None:
        self._tree = tree

    def at_once(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()

    def files(self, warn: Callable[[str], None] = lambda message: None) -> Files:
        return self._tree


@pytest.fixture
def context(tmp_path: Path) -> Context:
    tree = make_tree(
        tmp_path,
        {
            f"{LIB}/ssh.service": "[Service]\nExecStart=/usr/sbin/sshd\n[Install]\nWantedBy=m\n",
            f"{LIB}/ssh.socket": "[Socket]\nListenStream=22\n",
            f"{LIB}/m.target": "[Unit]\n",
            f"{LIB}/m.target.wants/ssh.service": "-> ../ssh.service",
            "/etc/crontab": "* * * * * root /bin/one\n* * * * * root /bin/two\n",
            "/etc/modprobe.d/a.conf": "blacklist usb-storage\nblacklist pcspkr\n",
            f"/usr/lib/modules/{VERSION}/kernel/usb-storage.ko": "x",
            f"/boot/vmlinuz-{VERSION}": "x",
            "/boot/grub/grub.cfg": f"menuentry D {{\nlinux /boot/vmlinuz-{VERSION} ro\n}}\n",
        },
    )
    return Context(cast(Guest, StandIn(tree)))


def rows(context: Context, line: str) -> list[Any]:
    name, *words = line.split()
    result = COMMANDS[name].run(words, context)
    assert isinstance(result, Records)
    found = list(result.rows)
    assert all(isinstance(row, result.type) for row in found)
    assert all(hasattr(row, column) for row in found for column in result.columns)
    return found


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("services", ["m.target", "ssh.service", "ssh.socket"]),
        ("services ssh", ["ssh.service", "ssh.socket"]),
        ("services *.socket", ["ssh.socket"]),
        ("services --enabled", ["ssh.service"]),
        ("services --kind target", ["m.target"]),
        ("modules", ["usb-storage", "pcspkr"]),
        ("modules usb_st", ["usb-storage"]),
        ("modules --installed", ["usb_storage"]),
        ("modules --installed nothing", []),
    ],
)
def test_names_that_are_listed(context: Context, line: str, names: list[str]) -> None:
    assert [row.name for row in rows(context, line)] == names


def test_cron_is_searched_by_command(context: Context) -> None:
    assert [row.line for row in rows(context, "cron two")] == [2]


def test_a_kernel_knows_that_it_is_the_default(context: Context) -> None:
    assert [(row.version, row.default) for row in rows(context, "kernels")] == [(VERSION, True)]
    assert [row.title for row in rows(context, "boot")] == ["D"]


@pytest.mark.parametrize(
    ("kind", "begun", "completed"),
    [
        (ServiceName(), "ssh.", ["ssh.service", "ssh.socket"]),
        (ModuleName(), "p", ["pcspkr"]),
    ],
)
def test_names_are_completed(context: Context, kind: Any, begun: str, completed: list[str]) -> None:
    ctx = click.Context(COMMANDS["services"], obj=context)
    parameter = COMMANDS["services"].params[0]
    assert [item.value for item in kind.shell_complete(ctx, parameter, begun)] == completed
