"""What an attacker's names and links can do to the host that files are saved on: nothing."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from guestshell import Guest
from guestshell.engine.bytecalls import StatNs
from guestshell.errors import ExitCode, GuestShellError, PathError
from guestshell.guest.content import Content
from guestshell.guest.entries import Entry, make_entry
from guestshell.guest.save import Saver
from guestshell.guest.tree import Tree
from guestshell.values import Name
from tests.conftest import Console, watch
from tests.images.traps import LEVELS, MARK, NAMES, traps_image

SECRET = "the host's own\n"

Snapshot = dict[bytes, tuple[int, int, int, bytes]]


def snapshot(top: Path) -> Snapshot:
    """Give all that stands below a directory: mode, inode, time of the last change, content."""
    found: Snapshot = {}
    for parent, directories, files in os.walk(os.fsencode(top)):
        for name in [*directories, *files]:
            path = os.path.join(parent, name)  # noqa: PTH118  bytes
            status = os.lstat(path)
            content = b""
            if stat.S_ISREG(status.st_mode):
                content = Path(os.fsdecode(path)).read_bytes()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)  # noqa: PTH115  bytes
            found[path] = (status.st_mode, status.st_ino, status.st_mtime_ns, content)
    return found


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A place on the host with what must not be touched around the target."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/file").write_text(SECRET)
    (tmp_path / "case").mkdir()
    return tmp_path


def outside(host: Path) -> Snapshot:
    """Give the surroundings of the target; its own directory changes when a name comes into it."""
    case = os.fsencode(host / "case")
    return {path: seen for path, seen in snapshot(host).items() if not path.startswith(case)}


def links_inside(top: Path) -> Iterator[Path]:
    real = top.resolve()
    for path in top.rglob("*"):
        if path.is_symlink():
            target = os.path.normpath(path.parent.resolve() / path.readlink())
            assert target == str(real) or target.startswith(f"{real}/"), (path, target)
            yield path


# -- names that no kernel gives, but a kernel that was taken over may ------------------------


class _FakeTree:
    """A guest's tree as what it says, whatever that is."""

    def __init__(self, names: Sequence[tuple[str, int, str]]) -> None:
        self._rows = [self._row(*name) for name in names]

    @staticmethod
    def _row(name: str, mode: int, target: str) -> Entry:
        number = hash(name) % 1000 + 10
        status = StatNs(1, number, mode, 1, 0, 0, 0, 4, 8, 0, 0, 0)
        link = Name(target) if target else None
        return make_entry(Name(f"/top/{name}"), Name(name), status, link, Name("0"), Name("0"))

    def resolve(self, path: str) -> Name:
        return Name(path)

    def entry(self, path: str) -> Entry:
        return self._row("top", stat.S_IFDIR | 0o755, "")

    def entries(self, directory: str) -> Sequence[Entry]:
        if directory == "/top/top":
            return self._rows
        return [self._row("below", stat.S_IFREG | 0o644, "")]


class _FakeContent:
    def blocks(self, path: str) -> Iterator[bytes]:
        return iter([b"evil"])


def saver(*names: tuple[str, int, str]) -> Saver:
    return Saver(cast(Tree, _FakeTree(names)), cast(Content, _FakeContent()))


FILE, DIRECTORY, LINK = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755, stat.S_IFLNK | 0o777
EVIL_NAMES = (
    "../../escaped",
    "../escaped",
    "/tmp/escaped",
    "a/escaped",
    "..",
    ".",
    "",
    "a\0b",
    "/",
)


@pytest.mark.parametrize("mode", [FILE, DIRECTORY, LINK])
def test_names_that_lead_out_are_left_out(host: Path, mode: int) -> None:
    before = outside(host)
    target = "below" if mode == LINK else ""
    rows = saver(*((name, mode, target) for name in EVIL_NAMES)).save(
        "/top", host / "case/top", recursive=True
    )
    assert [row.skipped for row in rows] == ["its name is no file name"] * len(EVIL_NAMES)
    assert list((host / "case/top").iterdir()) == []
    assert outside(host) == before


@pytest.mark.parametrize("first", [LINK, DIRECTORY, FILE])
def test_one_name_twice_is_saved_once(host: Path, first: int) -> None:
    (host / "case/elsewhere").mkdir()
    before = outside(host)
    pairs = [("x", first, "below"), ("x", DIRECTORY, ""), ("x", FILE, ""), ("x", LINK, "below")]
    names = [(name, mode, target if mode == LINK else "") for name, mode, target in pairs]
    rows = saver(*names).save("/top", host / "case/top", recursive=True)
    assert sum("another has its name" in row.skipped for row in rows) == 3
    assert sorted(os.listdir(host / "case/top")) == ["x"]  # noqa: PTH208
    assert outside(host) == before


def test_a_link_does_not_become_a_way_for_what_is_below_it(host: Path) -> None:
    # the second x has a file in it, which must not be written where the first one leads
    inside = ("y", DIRECTORY, "")
    rows = saver(inside, ("x", LINK, "y"), ("x", DIRECTORY, "")).save(
        "/top", host / "case/top", recursive=True
    )
    assert any("another has its name" in row.skipped for row in rows)
    assert [path.name for path in (host / "case/top/y").iterdir()] == ["below"]


@pytest.mark.parametrize("target", ["/etc", "../../secret", "a/../../../secret", "y/..", "//", "/"])
def test_links_that_lead_out_are_left_out(host: Path, target: str) -> None:
    rows = saver(("x", LINK, target)).save("/top", host / "case/top", recursive=True)
    assert [row.skipped for row in rows] == ["is a symlink that leads out"]
    assert not os.path.lexists(host / "case/top/x")


def test_no_more_is_saved_than_the_host_has_room_for(host: Path) -> None:
    class Endless(_FakeTree):
        @staticmethod
        def _row(name: str, mode: int, target: str) -> Entry:
            status = StatNs(1, 10, mode, 1, 0, 0, 0, 2**60, 0, 0, 0, 0)
            return make_entry(Name(f"/{name}"), Name(name), status, None, Name("0"), Name("0"))

    tree = cast(Tree, Endless([("sparse", FILE, "")]))
    failures: list[GuestShellError] = []
    [row] = Saver(tree, cast(Content, _FakeContent()), failures.append).save(
        "/top", host / "case/top", recursive=True
    )
    assert "more than this host has room for" in row.skipped
    assert [failure.message for failure in failures] == [row.skipped]
    tree.entry = lambda path: Endless._row("sparse", FILE, "")  # type: ignore[method-assign]
    with pytest.raises(PathError, match="more than this host has room for"):
        Saver(tree, cast(Content, _FakeContent())).save("/sparse", host / "case/sparse")
    assert sorted(os.listdir(host / "case")) == ["top"]  # noqa: PTH208


# -- an image ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def traps() -> Iterator[Guest]:
    with Guest(watch(traps_image())) as guest:
        guest.start()
        yield guest


@pytest.fixture
def console(traps: Guest) -> Console:
    return Console(traps)


@pytest.mark.appliance
def test_a_tree_of_every_kind_stays_in_its_place(console: Console, host: Path) -> None:
    before = outside(host)
    told = console.run(f"save -r /kinds {host}/case")
    assert console.status is ExitCode.DONE, console.error
    saved = host / "case/kinds"
    assert os.listdir(host / "case") == ["kinds"]  # noqa: PTH208
    for name in NAMES:
        assert (saved / os.fsdecode(name)).read_bytes() == name
    for kept in ("absolute", "up", "climbing", "proc", "device", "fifo", "character", "block"):
        assert not os.path.lexists(saved / kept), kept
    assert not os.path.lexists(saved / "inside/over")
    assert told.count("leads out") == 6
    for kind in ("fifo", "character device", "block device"):
        assert f"is a {kind}" in told
    assert {path.name for path in links_inside(saved)} == {
        "sideways", "itself", "first", "second", "top",
    }  # fmt: skip
    assert (saved / "inside/hard").read_text() == MARK
    assert all(
        stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
        for mode, *_ in snapshot(saved).values()
    )
    assert outside(host) == before


@pytest.mark.appliance
def test_names_written_raw_into_directories(console: Console, host: Path) -> None:
    before = outside(host)
    console.run(f"save -r /names {host}/case")
    assert console.status is ExitCode.FAILED
    assert all(line.startswith("save: ") for line in console.error.splitlines())
    assert "save: /names/slash: input/output error" in console.error
    assert outside(host) == before
    assert not list(host.rglob("escaped"))
    assert not Path("/tmp/escaped").exists()
    assert not any("escaped" in os.fsdecode(path) for path in snapshot(host))
    list(links_inside(host / "case/names"))
    assert (host / "case/names/twice/z").read_text() == MARK


@pytest.mark.appliance
@pytest.mark.parametrize("force", ["", "--force "])
def test_what_the_host_has_already_is_not_followed(
    console: Console, host: Path, force: str
) -> None:
    case = host / "case"
    (case / "kinds").symlink_to(host / "beside")
    (case / "end").symlink_to(host / "secret")
    (case / "dangling").symlink_to(host / "new")
    before = outside(host)
    for line in (
        f"save -r {force}/kinds {case}",
        f"save {force}/end {case}/dangling",
        f"save {force}/end {case}",
    ):
        console.run(line)
        # only a link to a file is replaced, by the file
        assert (console.status is ExitCode.DONE) == (line == f"save --force /end {case}"), line
        assert console.error.count("\n") <= 1
        assert outside(host) == before, line
    assert (host / "secret").read_text() == SECRET
    if not force:
        assert (case / "end").is_symlink()


@pytest.mark.appliance
def test_circles_and_doubled_directories_are_saved_in_part(console: Console, host: Path) -> None:
    for tree in ("circle", "levels", "chain"):
        before = outside(host)
        told = console.run(f"save -r /{tree} {host}/case | where skipped != ''")
        assert "unexpected" not in console.error, console.error
        assert told, tree
        assert outside(host) == before
    assert len(snapshot(host / "case/levels")) < 30 * LEVELS
    assert console.run("pwd") == "/\n"
