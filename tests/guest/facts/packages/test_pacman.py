"""The database of pacman, with pacman itself as the oracle."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.packages.databases import find_databases, owners_of, read_packages
from guestshell.guest.facts.packages.mtree import tree_lines
from tests.guest.facts.host_tree import HostTree, make_tree
from tests.guest.facts.packages.test_verify import AsRoot, found_in
from tests.images.build import run
from tests.images.pacman import make_pacman_root, missing_tools, pacman

DESCRIPTION = "%NAME%\na\n\n%VERSION%\n1-1\n\n%SIZE%\n12\n\n%INSTALLDATE%\n1700000000\n"


@pytest.fixture
def installed(tmp_path: Path) -> tuple[Path, list[str]]:
    if missing := missing_tools():
        pytest.skip(f"this host lacks {', '.join(missing)}")
    root, work = tmp_path / "root", tmp_path / "work"
    root.mkdir()
    work.mkdir()
    make_pacman_root(root, work)
    return root, pacman(root, work)


def test_pacman_lists_the_same(installed: tuple[Path, list[str]]) -> None:
    root, command = installed
    [package] = read_packages(find_databases(HostTree(root)))
    assert run(*command, "-Q").split() == [package.name, package.version]
    assert (package.source, package.summary, package.size) == ("xbase", "A tool", 100)
    assert package.installed is not None
    for path in ("/usr/bin/also", "/usr/share/with space", "/usr/bin"):
        tree = HostTree(root)
        assert [p.name for p in owners_of(tree, find_databases(tree), path)] == ["xtool"]
    assert list(owners_of(HostTree(root), find_databases(HostTree(root)), "/var")) == []


def test_pacman_finds_the_same_changes(installed: tuple[Path, list[str]]) -> None:
    root, command = installed

    def theirs() -> set[str]:
        done = subprocess.run([*command, "-Qkk"], capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).splitlines()
        paths = (line.partition(str(root))[2].rpartition(" (")[0] for line in said if " (" in line)
        return {path for path in paths if path}

    assert found_in(AsRoot(root)) == {} == dict.fromkeys(theirs())
    (root / "usr/bin/xtool").chmod(0o755)
    (root / "etc/xtool.conf").write_text("changed\n")
    (root / "usr/bin/also").unlink()
    (root / "usr/bin/also").symlink_to("other")
    (root / "usr/share/with space").unlink()
    found = found_in(AsRoot(root))
    assert set(found) == theirs()
    assert found["/usr/bin/xtool"].problems == ("mode",)
    assert found["/usr/bin/also"].problems == ("link",)
    assert found["/usr/share/with space"].problems == ("missing",)
    conf = found["/etc/xtool.conf"]
    assert set(conf.problems) - {"mtime"} == {"digest"}
    assert conf.configuration


def test_damage_is_warned_of(tmp_path: Path) -> None:
    local = "/var/lib/pacman/local"
    tree = make_tree(
        tmp_path,
        {
            f"{local}/ALPM_DB_VERSION": "9\n",
            f"{local}/a-1-1/desc": DESCRIPTION,
            f"{local}/a-1-1/mtree": b"\x1f\x8b rubbish",
            f"{local}/b-1-1/desc": "rubbish",
            f"{local}/c-1-1/desc": "%NAME%\nc\n\n%SIZE%\n" + "9" * 50 + "\n",
        },
    )
    first, last = read_packages(find_databases(tree))
    assert (first.name, first.size, first.installed) == ("a", 12, 1700000000 * 10**9)
    assert (last.name, last.size, last.installed) == ("c", 0, None)
    [database] = find_databases(tree)
    assert list(database.files(lambda name: True)) == []
    assert sorted(set(tree.warnings)) == [
        f"{local}/a-1-1/mtree: is damaged, so a cannot be verified",
        f"{local}/c-1-1/mtree: is missing, so c cannot be verified",
        f"{local}: 1 packages without a description left out",
    ]


def test_a_tree() -> None:
    lines = list(
        tree_lines(
            b"#mtree\n/set type=file uid=0 mode=644\n./a time=17.5 size=3\n"
            b"/unset mode\n./b\\040c\\134 type=dir \\\n  mode=755\n../up type=file\n./\\777\n"
        )
    )
    assert [line.path for line in lines] == ["a", "b c\\", "\\777"]
    assert (lines[0].number("time"), lines[0].mode) == (17, 0o644)
    assert (lines[1].words["type"], lines[1].mode) == ("dir", 0o755)
    assert (lines[2].mode, lines[2].number("uid")) == (None, 0)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_nothing_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    list(tree_lines(data))
    root = tmp_path_factory.mktemp("root")
    local = "/var/lib/pacman/local/a"
    contents = {"desc": DESCRIPTION.encode() + data, "files": data, "mtree": gzip.compress(data)}
    tree = make_tree(root, {f"{local}/{name}": content for name, content in contents.items()})
    [database] = find_databases(tree)
    list(database.packages())
    list(database.files(lambda name: True))
    shutil.rmtree(root)
