"""The database of Alpine's apk."""

import base64
import hashlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.packages.databases import find_databases, owners_of, read_packages
from tests.guest.facts.host_tree import HostTree, make_tree


def checksum(data: bytes) -> str:
    return "Q1" + base64.b64encode(hashlib.sha1(data).digest()).decode()


INSTALLED = f"""C:Q1kQ8vZyl3m/ur9v1u6pEAPaiHOmg=
P:busybox
V:1.36.1-r29
A:x86_64
S:509609
I:962560
T:Size optimized toolbox of many common UNIX utilities
U:https://busybox.net/
L:GPL-2.0-only
o:busybox
m:Sören Tempel <soeren+alpine@soeren-tempel.net>
t:1716408446
D:so:libc.musl-x86_64.so.1
F:bin
R:busybox
a:0:0:755
Z:{checksum(b"busybox")}
R:sh
a:0:0:777
Z:{checksum(b"/bin/busybox")}
F:etc
R:securetty
Z:{checksum(b"console")}
F:usr/share/udhcpc
M:0:0:775
R:default.script
a:0:0:755

C:Q1x
P:suexec
V:1-r0
A:x86_64
f:f
F:usr/bin
R:bbsuid
a:0:0:4111
Z:{checksum(b"suid")}

"""


@pytest.mark.parametrize("place", ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"])
def test_a_database(tmp_path: Path, place: str) -> None:
    tree = make_tree(tmp_path, {place: INSTALLED})
    busybox, suexec = read_packages(find_databases(tree))
    assert (busybox.version, busybox.architecture, busybox.size) == (
        "1.36.1-r29", "x86_64", 962560,
    )  # fmt: skip
    assert (busybox.source, busybox.installed, busybox.status) == ("busybox", None, "")
    assert (suexec.source, suexec.status, suexec.size) == ("suexec", "files broken", 0)
    assert tree.warnings == []


def test_the_files(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/lib/apk/db/installed": INSTALLED})
    [database] = find_databases(tree)
    files = {file.path: file for file in database.files(lambda name: name == "busybox")}
    assert list(files) == [
        "/bin", "/bin/busybox", "/bin/sh", "/etc", "/etc/securetty", "/usr/share/udhcpc",
        "/usr/share/udhcpc/default.script",
    ]  # fmt: skip
    shell, plain = files[next(p for p in files if p.endswith("/sh"))], files
    assert (shell.kind, shell.mode) == ("symlink", None)
    assert [file.mode for file in plain.values() if file.kind == "directory"] == [
        0o755, 0o755, 0o775,
    ]  # fmt: skip
    securetty = next(file for file in files.values() if file.configuration and file.digest)
    assert (securetty.mode, securetty.algorithm) == (0o644, "sha1")
    assert securetty.digest == hashlib.sha1(b"console").hexdigest()


def test_whose_a_file_is(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path, {"/lib/apk/db/installed": INSTALLED, "/usr/bin/x": "", "/sbin": "-> usr/bin"}
    )
    databases = find_databases(tree)
    for path in ("/usr/bin/bbsuid", "/sbin/bbsuid"):
        assert [p.name for p in owners_of(tree, databases, path)] == ["suexec"]
    assert list(owners_of(tree, databases, "/bin/nothing")) == []


def test_damage_is_warned_of(tmp_path: Path) -> None:
    text = "P:a\nV:1\nrubbish\nF:x\nR:y\na:0:0:zzz\nZ:Q1???\n\nV:2\n\nP:b\nI:" + "9" * 40 + "\n"
    tree = make_tree(tmp_path, {"/lib/apk/db/installed": text})
    assert [(p.name, p.size) for p in read_packages(find_databases(tree))] == [("a", 0), ("b", 0)]
    assert tree.warnings == ["/lib/apk/db/installed: 2 damaged lines or packages left out"]
    [_, file] = find_databases(tree)[0].files(lambda name: True)
    assert (file.mode, file.digest) == (0o644, "")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400), st.lists(st.sampled_from("PFRMaZIf"), max_size=20))
def test_nothing_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, letters: list[str]
) -> None:
    lines = b"\n".join(letter.encode() + b":" + data[i : i + 9] for i, letter in enumerate(letters))
    root = tmp_path_factory.mktemp("root")
    tree: HostTree = make_tree(root, {"/lib/apk/db/installed": lines + b"\n\n" + data})
    [database] = find_databases(tree)
    list(database.packages())
    list(database.files(lambda name: True))
    shutil.rmtree(root)
