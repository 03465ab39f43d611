import contextlib
import os
import random
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.engine.bytecalls import Dirent
from guestshell.engine.machine import cache_directory
from guestshell.guest import index as index_module
from guestshell.guest.image import Image, open_image
from guestshell.guest.index import Extent, Index, Kind
from guestshell.guest.knowledge import Knowledge
from guestshell.values import Name, decode_name

ETC = Name("/etc")
LISTING = [
    Dirent(Name("hostname"), "r"),
    Dirent(Name("caf\udce9\n\x1b[31m"), "d"),
    Dirent(Name("mtab"), "l"),
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def raw(path: Path) -> Path:
    path.write_bytes(bytes(4096))
    return path


def overlay(path: Path, base: str) -> Path:
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return raw(tmp_path / "disk.img")


class Known(Knowledge):
    """Names of directories, for they are the simplest of what an index keeps."""

    def close(self) -> None:
        self.index.close()


def of(*paths: Path) -> Known:
    return Known(Index.of([open_image(path) for path in paths]))


def learned(*paths: Path) -> None:
    index = of(*paths)
    index.learn_names(ETC, LISTING)
    index.close()


def recalled(*paths: Path) -> list[Dirent] | None:
    index = of(*paths)
    found = index.names(ETC)
    index.close()
    return found


def files() -> list[Path]:
    return sorted((cache_directory() / "index").iterdir())


def big(count: int, seed: int = 0) -> list[Dirent]:
    chance = random.Random(seed)
    return [
        Dirent(Name(f"lib{number:05d}-{chance.randbytes(8).hex()}-é.so"), chance.choice("rdl"))
        for number in range(count)
    ]


# -- what is learned -------------------------------------------------------------------------------


def test_what_was_learned_is_known_after_the_shell_ends(disk: Path) -> None:
    assert recalled(disk) is None
    learned(disk)
    assert recalled(disk) == LISTING
    index = of(disk)
    assert index.names(Name("/")) is None


names = (
    st.binary(min_size=1, max_size=40)
    .map(lambda b: decode_name(b.translate(None, b"\0/")))
    .filter(lambda name: name not in (".", ".."))
)
kinds = st.sampled_from("rdlcbfsu?")
dirents = st.builds(Dirent, names, kinds)


@settings(deadline=None, max_examples=60)
@given(
    learned=st.dictionaries(names.map(lambda name: Name(f"/{name}")), st.lists(dirents, max_size=9))
)
def test_any_names_come_back(
    tmp_path_factory: pytest.TempPathFactory, learned: dict[Name, list[Dirent]]
) -> None:
    disk = raw(tmp_path_factory.mktemp("any") / "disk.img")
    index = of(disk)
    for directory, listing in learned.items():
        index.learn_names(directory, listing)
    assert all(index.names(directory) == listing for directory, listing in learned.items())
    index.close()
    reopened = of(disk)
    assert all(reopened.names(directory) == listing for directory, listing in learned.items())
    reopened.close()


def test_the_last_answer_counts(disk: Path) -> None:
    index = of(disk)
    index.learn_names(ETC, [])
    index.learn_names(ETC, LISTING)
    index.learn_names(Name("/empty"), [])
    assert index.names(ETC) == LISTING
    index.close()
    assert recalled(disk) == LISTING
    assert of(disk).names(Name("/empty")) == []


def test_nothing_is_opened_before_the_first_question(disk: Path) -> None:
    index = of(disk)
    index.close()
    assert not cache_directory().exists()


def test_disk_is_written_at_most_once_a_second(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_WRITE_SECONDS", 3600.0)
    first, second = of(disk), of(disk)
    first.learn_names(Name("/"), LISTING)
    first.learn_names(ETC, LISTING)
    assert second.names(Name("/")) == LISTING
    assert (first.names(ETC), second.names(ETC)) == (LISTING, None)
    monkeypatch.setattr(index_module, "_WRITE_SECONDS", 0.0)
    first.learn_names(Name("/usr"), LISTING)
    assert second.names(ETC) == LISTING
    first.close()
    second.close()


def test_a_closed_index_knows_and_learns_nothing(disk: Path) -> None:
    learned(disk)
    index = of(disk)
    assert index.names(ETC) == LISTING
    index.close()
    index.close()
    index.learn_names(Name("/usr"), LISTING)
    assert (index.names(ETC), index.names(Name("/usr"))) == (None, None)
    assert recalled(disk) == LISTING


def test_what_trouble_with_reading_may_have_falsified_is_not_learned(disk: Path) -> None:
    index = of(disk)
    index.index.believes = lambda: False
    index.learn_names(ETC, LISTING)
    assert index.names(ETC) is None
    index.index.believes = lambda: True
    index.learn_names(Name("/usr"), LISTING)
    index.close()
    assert recalled(disk) is None
    assert of(disk).names(Name("/usr")) == LISTING


def test_it_says_how_much_is_known(disk: Path) -> None:
    index = of(disk).index
    assert index.extent() == Extent(0, 0, 0)
    for place in ("/", "/etc"):
        index.put(Kind.NAMES, place, b"names")
        index.put(Kind.LISTING, place, b"listing")
    index.put(Kind.FACT, "fact", b"fact")
    assert index.extent() == Extent(2, 5, files()[0].stat().st_size)
    index.drop()
    assert files()[0].stat().st_size == 0
    index.put(Kind.FACT, "fact", b"fact")
    extent = index.extent()
    assert (extent.directories, extent.values) == (0, 1)
    index.close()


def test_what_is_forgotten_is_not_known(disk: Path) -> None:
    index = of(disk)
    index.learn_names(Name("/"), LISTING)
    index.learn_names(ETC, LISTING)
    index.index.drop()
    assert (index.names(Name("/")), index.names(ETC)) == (None, None)
    index.learn_names(ETC, LISTING)
    index.close()
    assert recalled(disk) == LISTING


# -- which images it is about ----------------------------------------------------------------------


def grow(path: Path) -> None:
    status = path.stat()
    os.truncate(path, status.st_size + 512)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touch(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def replace(path: Path) -> None:
    status = path.stat()
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    copy.replace(path)


@pytest.mark.parametrize("change", [grow, touch, replace])
@pytest.mark.parametrize("name", ["disk.img", "base.img", "top.qcow2"])
def test_a_changed_file_is_not_the_one_that_was_known(
    tmp_path: Path, disk: Path, change: Callable[[Path], None], name: str
) -> None:
    raw(tmp_path / "base.img")
    top = overlay(tmp_path / "top.qcow2", "base.img")
    learned(disk, top)
    assert recalled(disk, top) == LISTING
    change(tmp_path / name)
    assert recalled(disk, top) is None
    learned(disk, top)
    assert recalled(disk, top) == LISTING
    assert len(files()) == 1


def test_another_backing_file_is_another_image(tmp_path: Path) -> None:
    raw(tmp_path / "a.img")
    raw(tmp_path / "b.img")
    top = overlay(tmp_path / "top.qcow2", "a.img")
    status = top.stat()
    learned(top)
    command = ["qemu-img", "rebase", "-u", "-b", "b.img", "-F", "raw", str(top)]
    subprocess.run(command, check=True)
    os.utime(top, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert top.stat().st_size == status.st_size
    assert recalled(top) is None


def test_sets_orders_and_formats_are_kept_apart(tmp_path: Path, disk: Path) -> None:
    other = raw(tmp_path / "other.img")
    learned(disk, other)
    assert recalled(disk, other) == LISTING
    assert [recalled(disk), recalled(other, disk), recalled(other)] == [None] * 3
    learned(other)
    assert Known(Index.of([Image(other, "qcow2", 4096)])).names(ETC) is None


def test_a_link_leads_to_what_is_known(tmp_path: Path, disk: Path) -> None:
    learned(disk)
    (tmp_path / "link.img").symlink_to("disk.img")
    assert recalled(tmp_path / "link.img") == LISTING


def test_an_image_that_can_change_unseen_is_not_kept(tmp_path: Path) -> None:
    command = ["qemu-img", "create", "-q", "-f", "vmdk", "-o"]
    for subformat, kept in (("monolithicFlat", None), ("monolithicSparse", LISTING)):
        image = tmp_path / f"{subformat}.vmdk"
        subprocess.run([*command, f"subformat={subformat}", str(image), "8M"], check=True)
        learned(image)
        assert recalled(image) == kept
    device = Known(Index.of([Image(Path("/dev/null"), "raw", 4096)]))
    device.learn_names(ETC, LISTING)
    assert device.names(ETC) is None


@pytest.mark.parametrize(("sectors", "kept"), [(0, False), (1, True), (2**56, True)])
def test_a_vmdk_without_a_capacity_may_have_its_data_elsewhere(
    tmp_path: Path, sectors: int, kept: bool
) -> None:
    image = tmp_path / "disk.vmdk"
    image.write_bytes(struct.pack("<4sIIQQ", b"KDMV", 3, 1, sectors, 128))
    assert Index.of([Image(image, "vmdk", 4096)]).is_kept is kept


def test_an_image_that_went_away_is_not_known(disk: Path) -> None:
    image = open_image(disk)
    disk.unlink()
    index = Known(Index.of([image]))
    index.learn_names(ETC, LISTING)
    assert index.names(ETC) is None


# -- the file --------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_only_its_owner_can_read_it(disk: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        learned(disk)
    finally:
        os.umask(before)
    (file,) = files()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_foreign_format_is_begun_anew(disk: Path) -> None:
    learned(disk)
    with sqlite3.connect(files()[0]) as database:
        database.executescript(
            "PRAGMA user_version = 999; DROP TABLE known; DROP TABLE about;"
            'CREATE TABLE "a ""table" (x);'
        )
    assert recalled(disk) is None
    learned(disk)
    assert recalled(disk) == LISTING


def relearned(disk: Path) -> bool:
    """Whether what is learned is kept again; damage may show only when a page is written."""
    for _ in range(2):
        learned(disk)
        if recalled(disk) == LISTING:
            return True
    return False


@pytest.mark.parametrize("garbage", [b"", b"x", b"SQLite format 3\0", b"no database\n" * 2000])
def test_a_file_of_garbage_is_begun_anew(disk: Path, garbage: bytes) -> None:
    learned(disk)
    files()[0].write_bytes(garbage)
    assert recalled(disk) is None
    assert relearned(disk)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk with an index that knows DAMAGED, and a copy of that beside it."""
    disk = raw(tmp_path_factory.mktemp("damaged") / "disk.img")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(disk.parent))
        index = of(disk)
        for directory, listing in DAMAGED.items():
            index.learn_names(directory, listing)
        index.close()
        disk.with_suffix(".intact").write_bytes(files()[0].read_bytes())
        yield disk


DAMAGED = {Name(f"/{number}"): big(number * 20, number) for number in range(15)}


@settings(deadline=None, max_examples=150)
@given(
    at=st.integers(0, 100) | st.integers(0, 4096) | st.integers(0),
    garbage=st.none() | st.binary(min_size=1, max_size=600),
)
def test_damage_anywhere_is_survived_and_never_believed(
    damaged: Path, at: int, garbage: bytes | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(damaged.parent))
        content = damaged.with_suffix(".intact").read_bytes()
        at %= len(content)
        rest = b"" if garbage is None else garbage + content[at + len(garbage) :]
        files()[0].write_bytes(content[:at] + rest)
        index = of(damaged)
        for directory, listing in DAMAGED.items():
            assert index.names(directory) in (None, listing)
        index.close()
        assert relearned(damaged)


@pytest.mark.parametrize(
    "change",
    ["value = x'6f74686572'", "value = 'text'", "value = 1", "key = x'2f75'", "kind = 4",
     "checksum = checksum + 1"],
)  # fmt: skip
def test_a_value_that_is_not_what_was_written_is_not_believed(disk: Path, change: str) -> None:
    index = of(disk).index
    index.put(Kind.FOLLOWED, "/etc", b"value")
    index.close()
    with contextlib.closing(sqlite3.connect(files()[0])) as database, database:
        database.execute(f"UPDATE known SET {change}")
    index = of(disk).index
    for kind in (Kind.FOLLOWED, Kind.STATUS):
        assert [index.get(kind, key) for key in ("/etc", "/u")] == [None, None]
    index.close()
    assert relearned(disk)


def test_damage_while_it_is_open(disk: Path) -> None:
    index = of(disk)
    index.learn_names(ETC, LISTING)
    assert index.names(ETC) == LISTING
    files()[0].write_bytes(b"garbage" * 4000)
    assert index.names(ETC) is None
    index.learn_names(ETC, LISTING)
    index.close()
    assert recalled(disk) == LISTING


def test_a_file_that_is_taken_away_while_it_is_open(disk: Path) -> None:
    index = of(disk)
    index.learn_names(Name("/"), LISTING)
    files()[0].unlink()
    index.learn_names(Name("/usr"), LISTING)
    index.close()
    assert relearned(disk)


def test_no_more_than_the_bound_is_learned(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bound = 2**18
    monkeypatch.setattr(index_module, "_MOST_BYTES", bound)
    monkeypatch.setattr(index_module, "_WRITE_SECONDS", 0.0)
    index = of(disk)
    for number in range(30):
        index.learn_names(Name(f"/{number}"), big(1000))
    index.close()
    assert bound // 2 < files()[0].stat().st_size <= bound
    index = of(disk)
    assert index.names(Name("/0")) == big(1000)
    assert index.names(Name("/29")) is None
    index.close()


def test_of_too_many_images_the_oldest_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_MOST_FILES", 3)
    disks = [raw(tmp_path / f"{number}.img") for number in range(5)]
    for number, disk in enumerate(disks):
        learned(disk)
        [newest] = [file for file in files() if file.stat().st_mtime > 10]
        os.utime(newest, (number, number))
    assert len(files()) == 3
    assert [recalled(disk) for disk in disks] == [None, None, LISTING, LISTING, LISTING]


def test_the_oldest_is_forgotten_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_MOST_FILES", 3)
    for number in range(3):
        learned(raw(tmp_path / f"{number}.img"))
    *others, oldest = files()
    os.utime(oldest, (1, 1))
    learned(raw(tmp_path / "newest.img"))
    assert len(files()) == 3
    assert set(others) < set(files())
    assert oldest not in files()


def test_what_cannot_be_forgotten_hinders_nothing(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_MOST_FILES", 1)
    (cache_directory() / "index/directory.sqlite").mkdir(parents=True)
    learned(disk)
    assert recalled(disk) == LISTING


# -- where nothing can be written ------------------------------------------------------------------


def test_without_a_cache_it_does_without(tmp_path: Path, disk: Path) -> None:
    (tmp_path / "cache").write_text("a file where the directory would be")
    index = of(disk)
    assert index.index.is_kept
    index.learn_names(ETC, LISTING)
    assert index.names(ETC) is None
    assert not index.index.is_kept
    index.close()


def test_a_cache_that_is_somebody_elses_does_without(tmp_path: Path) -> None:
    """A sudo that keeps HOME leaves such a directory; looking for a file in it raises."""
    index = Index(tmp_path / ("x" * 300) / "index.sqlite", b"image")  # raises for root too
    index.put(index_module.Kind.FACT, "fact", b"value")
    assert index.get(index_module.Kind.NAMES, "/etc") is None
    index.drop()
    assert index.extent().values == 0
    index.close()


def test_a_directory_in_its_place(disk: Path) -> None:
    learned(disk)
    (file,) = files()
    file.unlink()
    file.mkdir()
    learned(disk)
    assert recalled(disk) is None


def test_a_cache_that_may_only_be_read_is_read(disk: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    learned(disk)
    (file,) = files()
    file.chmod(0o400)
    file.parent.chmod(0o500)
    try:
        index = of(disk)
        index.learn_names(Name("/"), LISTING)
        index.close()
        assert recalled(disk) == LISTING
    finally:
        file.parent.chmod(0o700)


# -- several at once -------------------------------------------------------------------------------


def test_a_locked_file_means_not_known_and_not_learned(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_BUSY_SECONDS", 0.01)
    learned(disk)
    other = sqlite3.connect(files()[0], isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    index = of(disk)
    assert index.names(ETC) is None
    index.learn_names(Name("/"), LISTING)
    other.close()
    assert index.names(ETC) == LISTING
    assert index.names(Name("/")) is None
    index.close()


def test_what_is_known_is_read_while_another_shell_writes(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_BUSY_SECONDS", 0.01)
    learned(disk)
    with contextlib.closing(sqlite3.connect(files()[0], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert recalled(disk) == LISTING


def test_a_shell_on_the_image_as_it_was_learns_nothing_more(disk: Path) -> None:
    old = of(disk)
    old.learn_names(ETC, LISTING)
    touch(disk)
    learned(disk)
    old.learn_names(Name("/stale"), LISTING)
    assert old.names(Name("/other")) is None
    old.close()
    assert recalled(disk) == LISTING
    assert of(disk).names(Name("/stale")) is None


def learn_and_check(disk: Path, who: int, rounds: int) -> list[Name]:
    """Learn through an index of one's own; give the directories whose names came back wrong."""
    index = of(disk)
    wrong = []
    for number in range(rounds):
        directory = Name(f"/{who}/{number}")
        index.learn_names(directory, big(20, number))
        for asked in (directory, Name(f"/{(who + 1) % 4}/{number}")):
            if index.names(asked) not in (None, big(20, number)):
                wrong.append(asked)
    index.close()
    return wrong


def all_known(disk: Path, rounds: int) -> bool:
    index = of(disk)
    listings = [index.names(Name(f"/{who}/{n}")) for who in range(4) for n in range(rounds)]
    index.close()
    return listings == [big(20, n) for _ in range(4) for n in range(rounds)]


def test_threads_on_indexes_of_their_own(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_WRITE_SECONDS", 0.0)
    monkeypatch.setattr(index_module, "_BUSY_SECONDS", 30.0)
    wrong: list[Name] = []
    threads = [
        threading.Thread(target=lambda who=who: wrong.extend(learn_and_check(disk, who, 30)))
        for who in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all_known(disk, 30)


def test_threads_on_one_index(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_WRITE_SECONDS", 0.0)
    index = of(disk)

    def learn(who: int) -> None:
        for number in range(50):
            index.learn_names(Name(f"/{who}/{number}"), big(20, number))

    threads = [threading.Thread(target=learn, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index.close()
    assert all_known(disk, 50)


_PROCESS = """
import sys
from pathlib import Path
from guestshell.guest import index
from tests.guest.test_index import learn_and_check
index._WRITE_SECONDS, index._BUSY_SECONDS = 0.0, 30.0
sys.exit(len(learn_and_check(Path(sys.argv[1]), int(sys.argv[2]), 40)))
"""


def test_processes_on_one_image(disk: Path) -> None:
    root = Path(__file__).parents[2]
    processes = [
        subprocess.Popen([sys.executable, "-c", _PROCESS, str(disk), str(who)], cwd=root)
        for who in range(4)
    ]
    assert [process.wait() for process in processes] == [0] * 4
    assert all_known(disk, 40)
