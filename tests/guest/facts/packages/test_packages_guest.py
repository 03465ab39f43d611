"""The packages of real guests."""

import json

import pytest
from click.shell_completion import ShellComplete

from guestshell import Guest
from guestshell.commands import COMMANDS
from tests.conftest import Console

pytestmark = pytest.mark.appliance


def test_a_clean_debian_has_no_changed_file(debian_guest: Guest) -> None:
    shell = Console(debian_guest)
    assert shell.run("packages --verify 'libc*'") == ""
    assert shell.run("packages --verify -o json openssh-client") == "[]\n"
    assert shell.error == ""
    assert shell.status == 0


def test_whose_a_file_is(debian_guest: Guest) -> None:
    shell = Console(debian_guest)
    for path, package in (
        ("/bin/ls", "coreutils"),
        ("/usr/bin/ls", "coreutils"),
        ("/bin/sh", "dash"),
        ("/etc/ssh/ssh_config", "openssh-client"),
    ):
        [row] = json.loads(shell.run(f"packages --file {path} -o json"))
        assert (row["name"], row["manager"]) == (package, "dpkg")
        assert row["installed"] is not None
    assert shell.run("packages --file /etc/fstab") == ""
    assert shell.error == "packages: /etc/fstab: no package brought it\n"
    assert shell.status == 1


def test_names_are_completed(debian_guest: Guest) -> None:
    shell = Console(debian_guest)
    shell.run("pwd")
    completer = ShellComplete(COMMANDS["packages"], {"obj": shell.session.context}, "packages", "")
    assert [item.value for item in completer.get_completions([], "openssh")] == ["openssh-client"]
