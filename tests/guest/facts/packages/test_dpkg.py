"""The database of dpkg, with dpkg itself as the oracle."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.packages.databases import find_databases, owners_of, read_packages
from guestshell.guest.facts.packages.dpkg_status import parse_stanzas
from guestshell.guest.facts.packages.rows import Package
from guestshell.guest.facts.packages.wildcards import fits, literal_start
from tests.guest.facts.host_tree import HostTree, make_tree
from tests.images.build import run
from tests.images.dpkg import make_dpkg_root, missing_tools

STATUS = """Package: nginx-core
Status: install ok installed
Priority: optional
Installed-Size: 1502
Architecture: amd64
Source: nginx
Version: 1.22.1-9
Conffiles:
 /etc/with blank 0123456789abcdef0123456789abcdef
 /etc/old 0123456789abcdef0123456789abcdef obsolete
 /etc/new newconffile
Description: nginx web/proxy server (standard version)
 A long text.

Package: broken
Status: install reinstreq half-installed
Version: 1
Architecture: all

Package: waiting
Status: install ok triggers-awaited
Version: 2
Architecture: all

Package: telnetd
Status: deinstall ok config-files
Version: 0.17
"""


def packages_of(tree: HostTree) -> list[Package]:
    return read_packages(find_databases(tree))


def test_a_status_file(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {"/var/lib/dpkg/status": STATUS, "/var/lib/dpkg/info/nginx-core.list": "/.\n"},
    )
    broken, nginx, waiting = packages_of(tree)
    assert (broken.name, broken.status) == ("broken", "half-installed, reinstallation required")
    assert (waiting.name, waiting.status) == ("waiting", "triggers-awaited")
    assert (nginx.size, nginx.source, nginx.status) == (1502 * 1024, "nginx", "")
    assert nginx.installed == (tmp_path / "var/lib/dpkg/info/nginx-core.list").stat().st_mtime_ns
    assert broken.installed is None
    assert (broken.source, broken.manager) == ("broken", "dpkg")
    assert tree.warnings == []


def test_only_configuration_files_that_are_current_have_a_digest() -> None:
    [stanza, *_] = parse_stanzas(STATUS.encode().split(b"\n"))
    assert stanza.conffiles == (
        ("/etc/with blank", "0123456789abcdef0123456789abcdef"),
        ("/etc/old", ""),
        ("/etc/new", ""),
    )


def test_a_system_without_dpkg_itself(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12.4\n",
            "/var/lib/dpkg/status.d/base-files.md5sums": f"{'a' * 32}  etc/debian_version\n",
        },
    )
    [package] = packages_of(tree)
    assert (package.name, package.version, package.installed) == ("base-files", "12.4", None)
    databases = find_databases(tree)
    assert [p.name for p in owners_of(tree, databases, "/etc/debian_version")] == ["base-files"]
    [file] = databases[0].files(lambda name: True)
    assert (file.path, file.algorithm, file.digest) == ("/etc/debian_version", "md5", "a" * 32)


def test_damage_is_warned_of(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/var/lib/dpkg/status": "Package: a\nVersion: 1\n\nrubbish\n\nPackage: b\n",
            "/var/lib/dpkg/info/a.list": "/.\n/x\n",
            "/var/lib/dpkg/info/a.md5sums": f"{'0' * 32}  x\nrubbish\n{'z' * 32}  y\n",
            "/var/lib/dpkg/diversions": "/x\n/y\n",
            "/var/lib/dpkg/statoverride": "root root 4755 /x\nroot\nroot root 9999 /y\n",
        },
    )
    assert [package.name for package in packages_of(tree)] == ["a", "b"]
    [file] = find_databases(tree)[0].files(lambda name: name == "a")
    assert (file.path, file.mode, file.user) == ("/x", 0o4755, "root")
    assert sorted(set(tree.warnings)) == [
        "/var/lib/dpkg/diversions: ends in the middle of a record",
        "/var/lib/dpkg/info/a.md5sums: 2 damaged lines left out",
        "/var/lib/dpkg/statoverride: 2 damaged lines left out",
        "/var/lib/dpkg/status: 1 damaged packages left out",
    ]
    empty = make_tree(tmp_path / "empty", {"/var/lib/dpkg/status": "\0" * 100})
    assert packages_of(empty) == []
    assert empty.warnings == ["/var/lib/dpkg/status: 1 damaged packages left out"]


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
def test_nothing_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, status: bytes, record: bytes, options: bytes
) -> None:
    root = tmp_path_factory.mktemp("root")
    tree = make_tree(
        root,
        {
            "/var/lib/dpkg/status": b"Package: a\nConffiles:\n " + record + b"\n\n" + status,
            "/var/lib/dpkg/info/a.list": record,
            "/var/lib/dpkg/info/a.md5sums": record,
            "/var/lib/dpkg/diversions": record,
            "/var/lib/dpkg/statoverride": record,
            "/etc/dpkg/dpkg.cfg": options,
        },
    )
    packages_of(tree)
    [database] = find_databases(tree)
    list(database.files(lambda name: True))
    list(database.owners(["/x"]))
    shutil.rmtree(root)


# -- dpkg as the oracle ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if missing := missing_tools():
        pytest.skip(f"this host lacks {', '.join(missing)}")
    root = tmp_path_factory.mktemp("installed") / "root"
    root.mkdir()
    make_dpkg_root(root, tmp_path_factory.mktemp("debs"))
    return root


def test_dpkg_lists_the_same(installed: Path) -> None:
    form = "${Package}|${Version}|${Architecture}|${source:Package}|${binary:Summary}\n"
    theirs = run("dpkg-query", f"--admindir={installed}/var/lib/dpkg", "-W", "-f", form)
    ours = [
        "|".join((p.name, p.version, p.architecture, p.source.split()[0], p.summary))
        for p in packages_of(HostTree(installed))
    ]
    assert ours == theirs.splitlines()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin/alpha", ["alpha"]),
        ("/bin/alpha", ["alpha"]),
        ("/usr/bin/small", ["alpha"]),
        ("/bin/small", ["alpha"]),
        ("/usr/share/taken", ["beta"]),
        ("/usr/share/diverted", ["gamma"]),
        ("/usr/share/diverted.alpha", ["alpha"]),
        ("/usr/share", ["alpha", "beta", "gamma"]),
        ("/etc/passwd", []),
        ("/gone/away", []),
    ],
)
def test_whose_a_file_is(installed: Path, path: str, expected: list[str]) -> None:
    tree = HostTree(installed)
    assert [p.name for p in owners_of(tree, find_databases(tree), path)] == expected
    done = subprocess.run(
        ["dpkg-query", f"--admindir={installed}/var/lib/dpkg", "-S", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    theirs = [line for line in done.stdout.splitlines() if not line.startswith("diversion")]
    if theirs and "divert" not in path:  # of a diversion dpkg says only that there is one
        names, _, found = theirs[0].rpartition(": ")
        assert (sorted(names.split(", ")), found) == (expected, path)


# -- wildcards -------------------------------------------------------------------------------------


@given(st.text("ab/*?[]!-\\", max_size=12), st.text("ab/-", max_size=12))
def test_wildcards_fit_as_the_library_says(pattern: str, text: str) -> None:
    import ctypes

    # a set that is never closed is not defined, and glibc takes some for nothing at all
    if "[" in pattern or "\\" in pattern:
        fits(text, pattern)
        return
    libc = ctypes.CDLL(None)
    assert fits(text, pattern) is (libc.fnmatch(pattern.encode(), text.encode(), 0) == 0)
    assert not fits(text, pattern) or text.startswith(literal_start(pattern))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("/usr/share/doc/*", "/usr/share/doc/a/b", True),
        ("/usr/share/doc/*", "/usr/share/docs", False),
        ("/a/[!b-d]*", "/a/ex", True),
        ("/a/[!b-d]*", "/a/cx", False),
        ("/a/[]x]", "/a/]", True),
        ("/a/[bc]", "/a/[bc]", False),
        (r"/a/\*", "/a/*", True),
        (r"/a/\*", "/a/b", False),
        ("*" * 40 + "a", "b" * 40, False),
    ],
)
def test_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert fits(text, pattern) is expected
