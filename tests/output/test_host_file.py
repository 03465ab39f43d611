import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.errors import HostError, UsageError
from guestshell.output.host_file import HostFile, check_appendable, format_for


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A directory in which nobody may leave temporary files."""
    yield tmp_path
    assert not list(tmp_path.rglob(".guestctl-*")), "a temporary file was left"


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def write(path: Path, *blocks: bytes, overwrite: bool = False, append: bool = False) -> None:
    with HostFile(path, overwrite=overwrite, append=append) as file:
        for block in blocks:
            file.write(block)


def fail_in_the_middle(path: Path, *, overwrite: bool = False, append: bool = False) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        HostFile(path, overwrite=overwrite, append=append) as file,
    ):
        file.write(b"half")
        raise KeyboardInterrupt


@pytest.mark.usefixtures("umask")
def test_a_new_file_holds_what_was_written(directory: Path) -> None:
    path = directory / "new"
    write(path, b"one ", b"", b"two")
    assert path.read_bytes() == b"one two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.stat().st_nlink == 1


def test_nothing_stands_under_the_name_before_the_end(directory: Path) -> None:
    path = directory / "new"
    with HostFile(path) as file:
        file.write(b"x" * 100_000)
        assert not path.exists()
        assert len(list(directory.iterdir())) == 1
    assert path.stat().st_size == 100_000
    assert list(directory.iterdir()) == [path]


@pytest.mark.parametrize(("overwrite", "append"), [(False, False), (True, False), (False, True)])
def test_an_error_in_the_middle_leaves_nothing(
    directory: Path, overwrite: bool, append: bool
) -> None:
    fail_in_the_middle(directory / "new", overwrite=overwrite, append=append)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(("overwrite", "append"), [(True, False), (False, True)])
def test_an_error_in_the_middle_leaves_what_was_there(
    directory: Path, overwrite: bool, append: bool
) -> None:
    path = directory / "old"
    path.write_bytes(b"old\n")
    fail_in_the_middle(path, overwrite=overwrite, append=append)
    assert path.read_bytes() == b"old\n"


def test_a_file_that_exists_is_refused_and_left(directory: Path) -> None:
    path = directory / "old"
    path.write_bytes(b"old")
    with pytest.raises(HostError, match=r"old: exists already \(>\| overwrites it, >> appends"):
        write(path, b"new")
    assert path.read_bytes() == b"old"


def test_overwriting_replaces_the_whole_file_at_once(directory: Path) -> None:
    path = directory / "old"
    path.write_bytes(b"old and long")
    with path.open("rb") as reader, HostFile(path, overwrite=True) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old and long"
        file.close(keep=True)
        assert reader.read() == b"old and long", "who reads it goes on reading the old one"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
@pytest.mark.usefixtures("umask")
def test_overwriting_opens_no_file_to_others(directory: Path, mode: int) -> None:
    path = directory / "secret"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path, b"new", overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_appending_adds_at_the_end(directory: Path) -> None:
    path = directory / "log"
    for number in range(3):
        with HostFile(path, append=True) as file:
            assert file.is_empty is (number == 0)
            file.write(b"%d\n" % number)
    assert path.read_bytes() == b"0\n1\n2\n"


def test_what_another_has_begun_meanwhile_is_not_taken_away(directory: Path) -> None:
    path = directory / "log"
    with pytest.raises(KeyboardInterrupt), HostFile(path, append=True):
        with HostFile(path, append=True) as other:
            other.write(b"theirs")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"theirs"


@pytest.mark.parametrize("append", [False, True])
def test_a_directory_is_no_file(directory: Path, append: bool) -> None:
    with pytest.raises(HostError, match=r"is a directory \(name a file in it\)"):
        write(directory, b"x", append=append)


@pytest.mark.parametrize("append", [False, True])
def test_a_missing_directory_is_named(directory: Path, append: bool) -> None:
    with pytest.raises(HostError) as told:
        write(directory / "no" / "such", b"x", append=append)
    assert told.value.message == f"{directory / 'no'}: this host has no such directory"
    assert told.value.remedy == "make it first"


def test_a_file_is_no_directory(directory: Path) -> None:
    (directory / "file").touch()
    with pytest.raises(HostError, match=r"file/x: not a directory"):
        write(directory / "file" / "x", b"x")


def test_no_name_holds_a_nul() -> None:
    with pytest.raises(HostError, match="NUL"):
        HostFile(Path("a\0b"))


@pytest.mark.parametrize("length", [255, 256])
def test_a_name_may_be_as_long_as_the_host_allows(directory: Path, length: int) -> None:
    path = directory / ("x" * length)
    if length == 255:
        write(path, b"x")
        assert path.read_bytes() == b"x"
    else:
        with pytest.raises(HostError, match="file name too long"):
            write(path, b"x")


@pytest.mark.parametrize("append", [False, True])
def test_a_full_device_says_so(append: bool) -> None:
    with pytest.raises(HostError, match="/dev/full: no space left on the host"):
        write(Path("/dev/full"), b"x", append=append)


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_character_device_is_written_as_it_is(append: bool, overwrite: bool) -> None:
    path = Path("/dev/null")
    write(path, b"x", append=append, overwrite=overwrite)
    fail_in_the_middle(path, append=append, overwrite=overwrite)
    assert path.is_char_device()


def test_a_block_device_is_never_written(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = directory / "disk"
    path.touch()
    monkeypatch.setattr(stat, "S_ISBLK", lambda mode: True)
    monkeypatch.setattr(stat, "S_ISREG", lambda mode: False)
    for overwrite, append in ((False, False), (True, False), (False, True)):
        with pytest.raises(HostError, match="disk: is a disk of this host"):
            write(path, b"x", overwrite=overwrite, append=append)
    assert path.read_bytes() == b""


def test_a_pipe_gets_the_bytes(directory: Path) -> None:
    path = directory / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    write(path, b"one ", b"two")
    reader.join(10)
    assert got == [b"one two"]
    assert path.is_fifo()


def test_a_reader_of_a_pipe_that_leaves_is_an_error_of_the_file(directory: Path) -> None:
    path = directory / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    # a BrokenPipeError would be taken for one of our own standard output
    with pytest.raises(HostError, match="broken pipe"), HostFile(path) as file:
        os.close(reader)
        file.write(b"x")
    assert path.is_fifo()


def linked(directory: Path, content: bytes | None) -> tuple[Path, Path]:
    target, link = directory / "target", directory / "link"
    if content is not None:
        target.write_bytes(content)
    link.symlink_to("target")
    return link, target


@pytest.mark.parametrize("content", [b"old", None])
def test_a_link_is_something_that_exists(directory: Path, content: bytes | None) -> None:
    link, target = linked(directory, content)
    with pytest.raises(HostError, match="link: exists already"):
        write(link, b"new")
    assert target.exists() is (content is not None)


@pytest.mark.parametrize("content", [b"old", None])
def test_overwriting_goes_where_a_link_leads(directory: Path, content: bytes | None) -> None:
    link, target = linked(directory, content)
    write(link, b"new", overwrite=True)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("content", [b"old ", None])
def test_appending_goes_where_a_link_leads(directory: Path, content: bytes | None) -> None:
    link, target = linked(directory, content)
    write(link, b"new", append=True)
    assert link.is_symlink()
    assert target.read_bytes() == (content or b"") + b"new"


def test_a_failed_append_through_a_dangling_link_leaves_the_link(directory: Path) -> None:
    link, target = linked(directory, None)
    fail_in_the_middle(link, append=True)
    assert link.is_symlink()
    assert not target.exists()


def test_a_link_to_itself_is_told(directory: Path) -> None:
    link = directory / "loop"
    link.symlink_to("loop")
    with pytest.raises(HostError, match=r"loop: (exists already|too many levels)"):
        write(link, b"x")
    assert link.is_symlink()


@pytest.mark.parametrize("append", [False, True])
def test_a_directory_that_takes_no_files_is_told(append: bool) -> None:
    if not os.path.ismount("/sys"):
        pytest.skip("this host has no /sys, in which even root makes no files")
    with pytest.raises(HostError, match=r"/sys/x: (permission denied|read-only)"):
        write(Path("/sys/x"), b"x", append=append)


def test_of_many_writers_one_wins(directory: Path) -> None:
    path = directory / "raced"
    start = threading.Barrier(8)
    refused: list[HostError] = []
    lock = threading.Lock()

    def race(number: int) -> None:
        try:
            with HostFile(path) as file:
                file.write(b"%d" % number * 10_000)
                start.wait(10)
        except HostError as error:
            with lock:
                refused.append(error)

    racers = [threading.Thread(target=race, args=[number]) for number in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(30)
    content = path.read_bytes()
    assert len(content) == 10_000
    assert len(set(content)) == 1, "it is all one writer's"
    assert len(refused) == 7
    assert {error.message for error in refused} == {f"{path}: exists by now"}


def test_without_hard_links_the_file_is_moved(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write(directory / "new", b"x")
    assert (directory / "new").read_bytes() == b"x"
    assert len(list(directory.iterdir())) == 1


def test_without_hard_links_nothing_is_replaced_either(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = directory / "new"
    with pytest.raises(HostError, match="exists by now"), HostFile(path) as file:
        file.write(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"


def test_closing_twice_is_safe(directory: Path) -> None:
    path = directory / "new"
    file = HostFile(path)
    file.open()
    file.write(b"x")
    file.close(keep=True)
    file.close(keep=False)
    assert path.read_bytes() == b"x"


def test_never_opened_is_closed_too(directory: Path) -> None:
    HostFile(directory / "new").close(keep=True)
    assert list(directory.iterdir()) == []


def test_writes_that_the_host_takes_in_parts(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Callable[[int, memoryview], int] = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, view: whole(descriptor, view[:3]))
    write(directory / "new", b"0123456789")
    assert (directory / "new").read_bytes() == b"0123456789"


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("written") / "file"
    write(path, *blocks)
    assert path.read_bytes() == b"".join(blocks)
    write(path, *blocks, append=True)
    assert path.read_bytes() == b"".join(blocks) * 2
    write(path, *blocks, overwrite=True)
    assert path.read_bytes() == b"".join(blocks)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.json", "json"),
        ("a.JSON", "json"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.csv", "csv"),
        ("a.yaml", "yaml"),
        ("a.yml", "yaml"),
        ("a.txt", "table"),
        ("a.json.gz", "default"),
        ("json", "default"),
        (".json", "default"),
        ("a", "default"),
    ],
)
def test_the_ending_chooses_the_format(name: str, form: str) -> None:
    assert format_for(Path("/dir.csv") / name, "default") == form


def test_only_a_json_document_cannot_be_appended_to() -> None:
    for form in ("table", "jsonl", "csv", "yaml"):
        check_appendable(form, Path("x"))
    with pytest.raises(UsageError, match="a JSON document cannot be appended to"):
        check_appendable("json", Path("x"))
