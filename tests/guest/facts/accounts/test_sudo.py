import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.accounts.doas import read_doas
from guestshell.guest.facts.accounts.sudo import Privileges
from guestshell.guest.facts.accounts.sudoers import cut, pieces, read_sudoers, split
from tests.guest.facts.host_tree import HostTree, make_tree

SUDOERS = r"""# This file MUST be edited with the 'visudo' command as root.
Defaults	env_reset
Defaults	mail_badpass, secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults:carol !authenticate
User_Alias ADMINS = alice, %wheel : OPS = bob, \
   !dave
Cmnd_Alias SHUT = /sbin/shutdown, /sbin/reboot
Cmnd_Alias ALLOW = SHUT, !/sbin/halt, /usr/bin/apt-get update
root	ALL=(ALL:ALL) ALL
%sudo	ALL = (ALL : ALL) ALL
ADMINS ALL = (root) NOPASSWD: ALLOW, PASSWD: /bin/ls /tmp/*, (www-data) NOEXEC: sudoedit /etc/x
OPS, carol web01, web02 = NOPASSWD: SETENV: /usr/bin/a\:b "x y", sha224:0123 /bin/d : ALL = /bin/e
#1000 ALL = /bin/f   # comment
"odd user" ALL = (:disk) /bin/g
"""


def rules_of(tree: HostTree) -> list[tuple[str, str]]:
    return [(",".join(rule.users), rule.words()) for rule in read_sudoers(tree).rules]


def test_rules_are_worded_as_sudo_does(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/sudoers": SUDOERS})
    assert rules_of(tree) == [
        ("root", "(ALL : ALL) ALL"),
        ("%sudo", "(ALL : ALL) ALL"),
        ("alice,%wheel", "(root) NOPASSWD: /sbin/shutdown"),
        ("alice,%wheel", "(root) NOPASSWD: /sbin/reboot"),
        ("alice,%wheel", "(root) NOPASSWD: !/sbin/halt"),
        ("alice,%wheel", "(root) NOPASSWD: /usr/bin/apt-get update"),
        ("alice,%wheel", "(root) PASSWD: /bin/ls /tmp/*"),
        ("alice,%wheel", "(www-data) PASSWD: NOEXEC: sudoedit /etc/x"),
        ("bob,!dave,carol", r'(root) NOPASSWD: SETENV: /usr/bin/a\:b "x y" on web01,web02'),
        ("bob,!dave,carol", "(root) NOPASSWD: SETENV: sha224:0123 /bin/d on web01,web02"),
        ("bob,!dave,carol", "(root) /bin/e"),
        ("#1000", "(root) /bin/f"),
        ("odd user", "( : disk) /bin/g"),
    ]
    assert tree.warnings == []


def test_rules_are_those_that_sudo_reads(tmp_path: Path) -> None:
    program = shutil.which("cvtsudoers")
    if program is None:
        pytest.skip("no cvtsudoers here")
    text = SUDOERS.replace("sha224:0123 ", "")
    tree = make_tree(tmp_path, {"/etc/sudoers": text})
    run = subprocess.run(
        [program, "-e", "-f", "json", str(tmp_path / "etc/sudoers")],
        capture_output=True, check=True,
    )  # fmt: skip
    expected = []
    for specification in json.loads(run.stdout)["User_Specs"]:
        users = ",".join(_member(user) for user in specification["User_List"])
        for commands in specification["Cmnd_Specs"]:
            options = {
                key: on for option in commands.get("Options", ()) for key, on in option.items()
            }
            for command in commands["Commands"]:
                expected.append((users, options.get("authenticate"), _member(command)))
    asked = [
        (
            ",".join(rule.users),
            {"PASSWD": True, "NOPASSWD": False}.get(next(iter(rule.tags), "")),
            rule.command.replace("\\", ""),
        )
        for rule in read_sudoers(tree).rules
    ]
    assert asked == expected


def _member(member: dict[str, str]) -> str:
    prefix = {"usergroup": "%", "userid": "#"}
    [(kind, value)] = [(key, value) for key, value in member.items() if key != "negated"]
    return f"{'!' if member.get('negated') else ''}{prefix.get(kind, '')}{value}"


def test_who_may_what(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/sudoers": SUDOERS})
    ask = Privileges(tree).of
    assert ask("root", 0, ["root"], [0]) == ("(ALL : ALL) ALL",)
    assert ask("eve", 1001, ["eve", "sudo"], [1001, 27]) == ("(ALL : ALL) ALL",)
    assert ask("eve", 1000, ["eve"], [1000]) == ("(root) /bin/f",)
    assert len(ask("alice", 1002, ["alice"], [1002])) == 6
    assert ask("dave", 1003, ["dave"], [1003]) == ()
    assert ask("carol", 1004, ["carol"], [1004])[-1] == "(root) NOPASSWD: /bin/e"
    assert ask("bob", 1005, ["bob"], [1005])[-1] == "(root) /bin/e"


def test_the_last_that_fits_decides(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/sudoers": "ALL, !bob ALL = ALL\n!eve, ALL ALL = /bin/x\n"})
    ask = Privileges(tree).of
    assert ask("bob", 1, ["bob"], [1]) == ("(root) /bin/x",)
    assert ask("eve", 2, ["eve"], [2]) == ("(root) ALL", "(root) /bin/x")


def test_what_is_included_is_read_in_order(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/sudoers": "a ALL=/1\n@includedir /etc/sudoers.d\n#include local\nz ALL=/9\n",
            "/etc/sudoers.d/20-b": "b ALL=/3\n@include /etc/sudoers\n",
            "/etc/sudoers.d/10-a": "a ALL=/2\nthis is torn\n",
            "/etc/sudoers.d/README.txt": "x ALL=/no\n",
            "/etc/sudoers.d/old~": "x ALL=/no\n",
            "/etc/local": "c ALL=/4\n@include nothing\n",
        },
    )
    assert [rule[1] for rule in rules_of(tree)] == [f"(root) /{n}" for n in (1, 2, 3, 4, 9)]
    assert tree.warnings == [
        "/etc/sudoers.d/10-a: line 2: cannot be understood",
        "/etc/nothing: no such file or directory",
    ]


def test_aliases_in_a_circle_end(tmp_path: Path) -> None:
    doubling = "".join(f"Cmnd_Alias A{n} = A{n + 1}, A{n + 1}\n" for n in range(60))
    text = f"Cmnd_Alias X = Y, /x\nCmnd_Alias Y = X, /y\n{doubling}a ALL = X\nb ALL = A0\n"
    tree = make_tree(tmp_path, {"/etc/sudoers": text})
    assert ("a", "(root) /y") in rules_of(tree)


DOAS = """# who may what
permit persist :wheel
permit nopass keepenv alice as root cmd /usr/bin/apt args update
permit setenv { PATH -X Y=1 } bob cmd ls
permit nopass 1003 cmd /bin/a args
deny carol
permit
perhaps dave
"""


def test_doas(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path, {"/etc/doas.conf": DOAS, "/etc/doas.d/x.conf": "permit nopass eve as www\n"}
    )
    assert [(rule.identity, rule.words) for rule in read_doas(tree)] == [
        (":wheel", "doas (ALL) ALL"),
        ("alice", "doas (root) NOPASSWD: /usr/bin/apt update"),
        ("bob", "doas (ALL) ls"),
        ("1003", 'doas (ALL) NOPASSWD: /bin/a ""'),
        ("carol", "doas (ALL) !ALL"),
        ("eve", "doas (www) NOPASSWD: ALL"),
    ]
    assert tree.warnings == ["/etc/doas.conf: lines 7, 8: cannot be understood"]
    ask = Privileges(tree).of
    assert ask("x", 5, ["x", "wheel"], [5]) == ("doas (ALL) ALL",)
    assert ask("x", 1003, ["x"], [5]) == ('doas (ALL) NOPASSWD: /bin/a ""',)


def test_separators_that_do_not_count() -> None:
    assert split(r'a\,b, "c,d" ,,(e,f) g', ",") == [r"a\,b", "c,d", "(e,f) g"]
    assert cut("a=b=c", "=") == ("a", "=", "b=c")
    assert cut("abc", "=") == ("abc", "", "")


@settings(deadline=None)
@given(st.text('a,:=()"\\ \t!%#ALNOPSWD@include\n/', max_size=200))
def test_no_text_makes_the_parser_fail(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    assert "".join(part + end for part, end in pieces(text, ",:")) == text
    root = tmp_path_factory.getbasetemp() / "sudo"
    (root / "etc").mkdir(parents=True, exist_ok=True)
    for name in ("sudoers", "doas.conf"):
        (root / "etc" / name).write_text(text)
    Privileges(HostTree(root)).of("a", 1, ["b"], [2])


def test_what_is_made_to_take_long_does_not(tmp_path: Path) -> None:
    big = 2**19
    for text in ("a ALL = " + "x," * big, "a ALL = " + "(" * big, "a" + " " * big, '"' * big):
        tree = make_tree(tmp_path / str(hash(text)), {"/etc/sudoers": text, "/etc/doas.conf": text})
        Privileges(tree).of("a", 1, [], [])
