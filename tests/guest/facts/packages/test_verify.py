"""Packaged files against their databases: what is found, and that nothing else is."""

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.guest.entries import Entry
from guestshell.guest.facts.packages.databases import find_databases
from guestshell.guest.facts.packages.rows import Deviation, PackagedFile
from guestshell.guest.facts.packages.verify import verify
from guestshell.values import Name
from tests.guest.facts.host_tree import HostTree, make_tree
from tests.images import dpkg, rpm


class Bars:
    """Keeps what progress was shown."""

    def __init__(self) -> None:
        self.totals: list[int] = []
        self.advanced = 0
        self.shown = False

    @contextlib.contextmanager
    def __call__(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        self.totals.append(total)
        self.shown = True
        yield self._advance
        self.shown = False

    def _advance(self, count: int) -> None:
        self.advanced += count


class AsRoot(HostTree):
    """A tree in which all belongs to root, whoever runs this."""

    def entry(self, path: str) -> Entry:
        return replace(super().entry(path), uid=0, gid=0, owner=Name("root"), group=Name("root"))


def found_in(
    tree: HostTree, wanted: Callable[[str], bool] = lambda name: True
) -> dict[str, Deviation]:
    packaged = (file for database in find_databases(tree) for file in database.files(wanted))
    return {row.path: row for row in verify(tree, packaged, Bars())}


def problems_in(tree: HostTree) -> dict[str, tuple[str, ...]]:
    return {path: row.problems for path, row in found_in(tree).items()}


def check(tree: HostTree, *files: PackagedFile) -> list[Deviation]:
    return list(verify(tree, files, Bars()))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- dpkg ------------------------------------------------------------------------------------------


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    if missing := dpkg.missing_tools():
        pytest.skip(f"this host lacks {', '.join(missing)}")
    root = tmp_path / "root"
    root.mkdir()
    dpkg.make_dpkg_root(root, tmp_path)
    return root


def dpkg_says(root: Path) -> dict[str, bool]:
    """Give the paths that dpkg --verify complains of, and whether they are configuration."""
    done = subprocess.run(
        ["dpkg", "--root", str(root), "--verify"], capture_output=True, text=True, check=False
    )
    return {line[12:]: line[10] == "c" for line in done.stdout.splitlines()}


def test_a_clean_debian_has_nothing(debian: Path) -> None:
    assert problems_in(AsRoot(debian)) == {}
    assert dpkg_says(debian) == {}


def test_dpkg_finds_the_same(debian: Path) -> None:
    (debian / "usr/bin/alpha").write_text("backdoor\n")
    (debian / "usr/bin/alpha").chmod(0o4755)
    (debian / "etc/alpha.conf").write_text("changed\n")
    (debian / "usr/share/doc/alpha/README").unlink()
    (debian / "usr/share/taken").write_text("changed\n")
    (debian / "usr/bin/small").write_text("changed\n")
    found = found_in(AsRoot(debian))
    assert {path: row.configuration for path, row in found.items()} == dpkg_says(debian)
    alpha = found["/usr/bin/alpha"]
    assert (alpha.package, alpha.problems) == ("alpha", ("digest",))
    assert alpha.mode == 0o104755
    assert alpha.mtime == (debian / "usr/bin/alpha").stat().st_mtime_ns
    old, new = (hashlib.md5(text).hexdigest() for text in (b"alpha\n", b"backdoor\n"))
    assert (alpha.expected, alpha.actual) == (f"md5 {old}", f"md5 {new}")
    assert found["/bin/small"].problems == ("digest",)
    assert found["/usr/share/taken"].package == "beta"
    assert found["/usr/share/doc/alpha/README"].problems == ("missing",)
    assert found["/usr/share/doc/alpha/README"].mode is None
    assert list(found_in(AsRoot(debian), lambda name: name == "beta")) == ["/usr/share/taken"]


def test_what_dpkg_does_not_see(debian: Path) -> None:
    (debian / "usr/bin/raise").chmod(0o755)
    (debian / "usr/bin/alpha").unlink()
    (debian / "usr/bin/alpha").symlink_to("raise")
    (debian / "usr/share/diverted.alpha").write_text("changed\n")
    md5sums = debian / "var/lib/dpkg/info/gamma.md5sums"
    md5sums.write_text("")
    (debian / "usr/share/diverted").write_text("changed\n")
    assert problems_in(AsRoot(debian)) == {
        "/usr/bin/alpha": ("type",),
        "/usr/bin/raise": ("mode",),
        "/usr/share/diverted": ("unrecorded",),
        "/usr/share/diverted.alpha": ("digest",),
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", ["/usr/share/doc/alpha/README"]),
        ("path-exclude=/usr/share/doc/*\n", []),
        ("path-exclude /usr/share/doc/*\n", []),
        (
            "path-exclude=/usr/share/doc/*\npath-include=/usr/share/doc/*/README\n",
            ["/usr/share/doc/alpha/README"],
        ),
    ],
)
def test_what_dpkg_left_out_is_not_missing(
    debian: Path, settings: str, expected: list[str]
) -> None:
    (debian / "etc/dpkg/dpkg.cfg.d").mkdir(parents=True)
    (debian / "etc/dpkg/dpkg.cfg.d/slim").write_text(settings)
    (debian / "usr/share/doc/alpha/README").unlink()
    assert list(problems_in(AsRoot(debian))) == expected


# -- rpm -------------------------------------------------------------------------------------------

RPM_LETTERS = {
    "M": "mode", "S": "size", "5": "digest", "L": "link", "U": "owner", "G": "group", "T": "mtime",
}  # fmt: skip


def rpm_says(root: Path) -> dict[str, set[str]]:
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    done = subprocess.run(
        [*as_root, "rpm", "--root", str(root), "--dbpath", rpm.DATABASE, "-Va", "--nodeps",
         "--noscripts"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {}
    for line in done.stdout.splitlines():
        words, _, path = line.partition(" /")
        letters = words.split()[0]
        found[f"/{path}"] = (
            {"missing"} if letters == "missing"
            else {RPM_LETTERS[letter] for letter in letters if letter in RPM_LETTERS}
        )  # fmt: skip
    return found


def test_rpm_finds_the_same(tmp_path: Path) -> None:
    if missing := rpm.missing_tools():
        pytest.skip(f"this host lacks {', '.join(missing)}")
    rpm.make_rpm_root(tmp_path)
    assert problems_in(AsRoot(tmp_path)) == {} == rpm_says(tmp_path)

    table = tmp_path / "var/lib/tools/table"
    same_size = table.read_bytes().replace(b"299999", b"299998")
    times = table.stat().st_atime_ns, table.stat().st_mtime_ns
    table.write_bytes(same_size)
    os.utime(table, ns=times)
    (tmp_path / "usr/bin/tool").write_text("longer than before\n")
    (tmp_path / "usr/bin/tool").chmod(0o4755)
    os.utime(tmp_path / "usr/bin/tool", (0, 0))  # rpm compares seconds, and this is fast
    (tmp_path / "usr/bin/raise").unlink()
    (tmp_path / "usr/bin/also").unlink()
    (tmp_path / "usr/bin/also").symlink_to("raise")
    (tmp_path / "etc/tools.conf").write_text("a setting\n")
    (tmp_path / "etc/tools.local").unlink()  # may be missing
    (tmp_path / "var/log").mkdir()
    (tmp_path / "var/log/tools.log").write_text("written later")  # only its place is packaged
    (tmp_path / "var/log/tools.log").chmod(0o644)
    (tmp_path / "var/lib/tools").chmod(0o777)

    found = found_in(AsRoot(tmp_path))
    assert {path: set(row.problems) for path, row in found.items()} == rpm_says(tmp_path)
    assert found["/var/lib/tools/table"].problems == ("digest",)
    assert set(found["/usr/bin/tool"].problems) == {"digest", "size", "mode", "mtime"}
    assert [path for path, row in found.items() if row.configuration] == ["/etc/tools.conf"]
    assert "mode 0755" in found["/usr/bin/tool"].expected
    assert "mode 4755" in found["/usr/bin/tool"].actual


# -- in general ------------------------------------------------------------------------------------


def test_every_kind_of_problem(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path, {"/a/file": "text", "/a/link": "-> file", "/a/sub/x": "", "/moved/y": ""}
    )
    (tmp_path / "a/to-directory").symlink_to("../moved")
    os.mkfifo(tmp_path / "a/fifo")
    (tmp_path / "a/file").chmod(0o600)
    mine, other = os.geteuid(), os.geteuid() + 1

    def problems(path: str, **values: object) -> list[tuple[str, ...]]:
        return [row.problems for row in check(tree, PackagedFile(Name(path), "p", **values))]  # type: ignore[arg-type]

    assert problems("/a/file", kind="file") == []
    assert problems("/a/file", kind="file", size=5) == [("size",)]
    assert problems("/a/file", kind="file", mode=0o600, user=mine) == []
    assert problems("/a/file", kind="file", mode=0o644, user=other, group=other) == [
        ("mode", "owner", "group")
    ]
    assert problems("/a/file", kind="directory") == [("type",)]
    assert problems("/a/fifo", kind="file", algorithm="md5", digest="0" * 32) == [("type",)]
    assert problems("/a/link", kind="symlink", target=Name("file")) == []
    assert problems("/a/link", kind="symlink", target=Name("x")) == [("link",)]
    assert problems("/a/link", kind="symlink", algorithm="sha256", digest=sha256(b"file")) == []
    assert problems("/a/link", kind="symlink", algorithm="sha256", digest="00") == [("link",)]
    assert problems("/a/link", kind="file", algorithm="sha256", digest="00") == [("type",)]
    assert problems("/a/sub", kind="file") == [("type",)]
    assert problems("/a/to-directory", kind="directory") == []
    assert problems("/a/link", kind="directory") == [("type",)]
    assert problems("/a/nothing", kind="file") == [("missing",)]
    assert problems("/a/nothing", kind="file", may_be_missing=True) == []
    assert problems("/nowhere/at/all") == [("missing",)]
    assert problems("/a/file/below") == [("missing",)]
    assert problems("/a/file", needs_digest=True) == [("unrecorded",)]
    assert problems("/a/link", needs_digest=True) == []
    assert problems("/", kind="directory") == []
    assert tree.warnings == []


def test_names_mean_what_the_guest_says(tmp_path: Path) -> None:
    mine = os.geteuid()
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": f"root:x:0:0:::\nme:x:{mine}:1::\nother:x:{mine + 7}:1::\nbad\nx:x:y\n",
            "/usr/lib/passwd": f"image:x:{mine + 8}:1:::\nme:x:77:1:::\n",
            "/x": "",
        },
    )

    def is_fine(user: str) -> bool:
        return not check(tree, PackagedFile(Name("/x"), "p", user=user))

    assert is_fine("me")
    assert not is_fine("other")
    assert not is_fine("image")
    assert is_fine("nobody-knows") is (mine == 0), "rpm gives what is nobody's to root"


def test_large_files_are_read_to_their_end(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    tree = make_tree(tmp_path, {"/big": data, "/small": b"x", "/bad": b"y"})
    files = [
        PackagedFile(Name(f"/{name}"), "p", "file", "sha256", digest)
        for name, digest in (("big", sha256(data)), ("bad", sha256(b"x")), ("small", sha256(b"x")))
    ]
    bars = Bars()
    rows = verify(tree, files, bars)
    row = next(rows)
    assert (row.path, row.problems) == ("/bad", ("digest",))
    assert not bars.shown, "no bar stands in the way of a row"
    assert list(rows) == []
    assert bars.totals[0] == len(data) + 2
    assert sum(bars.totals[1:]) < 2 * len(data)
    assert bars.advanced == len(data) + 2


def test_a_file_of_another_size_is_not_read(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/x": "text"})

    def refuse(path: str) -> None:
        raise AssertionError(path)

    tree.open = refuse  # type: ignore[assignment, method-assign]
    [row] = check(tree, PackagedFile(Name("/x"), "p", "file", "md5", "0" * 32, size=5))
    assert row.problems == ("size", "digest")


@settings(max_examples=50, deadline=None)
@given(st.text("ab/.\0\udcff", max_size=8), st.sampled_from(["", "file", "directory", "x"]))
def test_no_record_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, path: str, kind: str
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    if not root.exists():
        make_tree(root, {"/a/b": "", "/b": "-> b"})
    file = PackagedFile(Name(path), "p", kind, "md5", "", -1, -1, -1, "", -1, Name(""))
    check(HostTree(root), file, replace(file, path=Name("/a/b"), digest="00", needs_digest=True))


def test_a_digest_that_is_not_known_is_warned_of(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/x": "text"})
    assert check(tree, PackagedFile(Name("/x"), "p", "file", "no such", "00")) == []
    assert tree.warnings == ["/x: this host cannot compute no such"]
