"""Many images at once give what each gives alone, whatever dies on the way."""

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from guestshell.scan.examine import Plan
from guestshell.scan.report import Report, Target
from guestshell.scan.workers import scan_in_workers
from tests.conftest import own_cache
from tests.e2e.terminal import GUESTCTL, Terminal
from tests.test_cli import guestctl

pytestmark = pytest.mark.appliance

LINES = (
    "inspect",
    "users",
    "df",
    "filesystems",
    "stat /etc /boot /etc/passwd",
    "cat /etc/hostname",
    "ls /etc | where size > 1K | select name mtime mode",
)
ASKED = [word for line in LINES for word in ("-c", line)]


@pytest.fixture(scope="module")
def images(
    demo: Path, debian: Path, data_disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """The teaching image, Debian on LVM, no system, cut short, a text, and nothing at all."""
    root = tmp_path_factory.mktemp("images")
    for name, image in (("demo", demo), ("debian", debian), ("data", data_disk)):
        (root / f"{name}.img").symlink_to(image)
    cut = root / "cut.img"
    with demo.open("rb") as whole, cut.open("wb") as part:
        part.write(whole.read(3 * 2**20))
    (root / "text.img").write_text("no image\n")
    names = ("demo", "cut", "debian", "text", "data", "missing")
    return [root / f"{name}.img" for name in names]


class Scanner:
    """Scans with a cache of its own, so that nothing is known before."""

    def __init__(self, directory: Path) -> None:
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(own_cache(directory))}

    def run(self, *arguments: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [GUESTCTL, "scan", *map(str, arguments)],
            capture_output=True,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def begin(self, *arguments: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [GUESTCTL, "scan", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=self.environment,
        )


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    (tmp_path / "cache").mkdir()
    return Scanner(tmp_path / "cache")


def records(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def one_by_one(
    images: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Scanner, subprocess.CompletedProcess[bytes]]:
    scanner = Scanner(tmp_path_factory.mktemp("cache"))
    return scanner, scanner.run(*images, *ASKED, "--jobs", 1)


Serial = tuple[Scanner, subprocess.CompletedProcess[bytes]]


# -- what it says ---------------------------------------------------------------------------------


def test_rows_are_those_of_the_commands(one_by_one: Serial, images: list[Path]) -> None:
    scanner, done = one_by_one
    assert done.returncode == 1  # for those that are no images
    found = records(done.stdout)
    for image in images[:5]:
        for line in ("users", "df", "filesystems", "inspect"):
            alone = guestctl(line, str(image), "-o", "jsonl", environment=scanner.environment)
            ours = {"image": str(image), "line": line}
            rows = [row for row in found if row["image"] == str(image) and row["line"] == line]
            expected = [ours | row for row in records(alone.stdout)]
            if alone.returncode:
                assert len(rows) <= len(expected) + 1
                said = alone.stderr.decode().splitlines()[-1]
                if not expected and rows:
                    [row] = rows
                    assert row["error"] == said
            else:
                assert rows == expected
    hostnames = {row["image"]: row["text"] for row in found if "text" in row}
    assert hostnames == {str(images[0]): "web01", str(images[2]): "bookworm-lvm"}


def test_errors_are_records(one_by_one: Serial, images: list[Path]) -> None:
    _, done = one_by_one
    errors = {row["image"]: row for row in records(done.stdout) if row["line"] is None}
    assert errors[str(images[3])]["error"].startswith("is a text file, not a disk image")
    assert errors[str(images[5])]["error"].startswith("no such file or directory")
    lines = Counter(row["image"] for row in records(done.stdout) if row["line"] == "inspect")
    assert lines == {str(image): 1 for image in (*images[:3], images[4])}
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("way", [("--jobs", 2), ("--share",), ("--share", "--jobs", 2)])
def test_every_way_gives_the_same_bytes(
    one_by_one: Serial, images: list[Path], scanner: Scanner, way: tuple[object, ...]
) -> None:
    _, before = one_by_one
    done = scanner.run(*images, *ASKED, *way)
    by_image = lambda line: json.loads(line)["image"]  # noqa: E731  each image's lines stay in order
    assert sorted(done.stdout.splitlines(), key=by_image) == sorted(
        before.stdout.splitlines(), key=by_image
    )
    assert sorted(done.stderr.splitlines()) == sorted(before.stderr.splitlines())
    assert done.returncode == 1


def test_what_is_known_starts_no_appliance(one_by_one: Serial, images: list[Path]) -> None:
    scanner, before = one_by_one
    good = [str(images[0]), str(images[2])]
    environment = {**scanner.environment, "LIBGUESTFS_HV": "/bin/false"}
    for way in (["--jobs", "1"], ["--share"], ["--jobs", "2"]):
        done = guestctl("scan", *good, "-c", "inspect", "-c", "df", *way, environment=environment)
        assert done.returncode == 0, done.stderr
        expected = [
            line
            for line in before.stdout.splitlines()
            if (row := json.loads(line))["image"] in good and row["line"] in ("inspect", "df")
        ]
        assert sorted(done.stdout.splitlines()) == sorted(expected)


def test_what_is_learned_in_company_holds_alone(images: list[Path], scanner: Scanner) -> None:
    done = scanner.run(images[0], images[2], "--share", "-c", "ls -l /etc", "-c", "mounts")
    assert done.returncode == 0, done.stderr
    alone = guestctl(
        "run", "-q", str(images[2]), "-c", "ls -l /etc -o jsonl", "-c", "mounts -o jsonl",
        environment={**scanner.environment, "LIBGUESTFS_HV": "/bin/false"},
    )  # fmt: skip
    mine = [row for row in records(done.stdout) if row["image"] == str(images[2])]
    expected = [{k: v for k, v in row.items() if k not in ("image", "line")} for row in mine]
    assert records(alone.stdout) == expected


# -- what it looks like ---------------------------------------------------------------------------


def test_a_table_for_each_line(one_by_one: Serial, images: list[Path]) -> None:
    scanner, _ = one_by_one
    root = images[0].parent
    done = subprocess.run(
        [GUESTCTL, "scan", "demo.img", "text.img", "debian.img", "-o", "table",
         "-c", "groups | where gid < 2 | select name gid", "-c", "inspect"],
        cwd=root, env=scanner.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "groups | where gid < 2 | select name gid",
        "Image       Name    GID",
        "demo.img    root      0",
        "demo.img    daemon    1",
        "debian.img  root      0",
        "debian.img  daemon    1",
        "",
        "inspect",
        "Image       OS                              Hostname      Architecture  Root",
        "demo.img    Debian GNU/Linux 12 (bookworm)  web01         x86_64        /dev/sda1",
        "debian.img  Debian GNU/Linux 12 (bookworm)  bookworm-lvm  x86_64        /dev/vg0/root",
    ]
    assert done.stderr.splitlines() == [
        "text.img: is a text file, not a disk image (--image-format raw opens it anyway)"
    ]
    assert done.returncode == 1


def test_other_formats(one_by_one: Serial, images: list[Path]) -> None:
    scanner, _ = one_by_one
    asked = ["scan", *map(str, images[:4]), "-c", "disks", "-c", "users | select name uid | first"]
    done = {
        form: guestctl(*asked, "-o", form, environment=scanner.environment).stdout
        for form in ("csv", "json", "jsonl", "yaml")
    }
    rows = json.loads(done["json"])
    assert sorted(rows, key=str) == sorted(records(done["jsonl"]), key=str)
    assert yaml.safe_load(done["yaml"]) == rows
    table = list(csv.DictReader(done["csv"].decode().splitlines()))
    columns = list(table[0])
    assert columns == [
        "image", "line", "device", "size", "table", "format", "row_image", "name", "uid", "error",
    ]  # fmt: skip
    filled = [{name: row.get(name) for name in columns} for row in rows]
    assert table == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in filled
    ]
    assert {row["row_image"] for row in rows if "row_image" in row} == {
        str(image) for image in images[:3]
    }


def test_progress_on_a_terminal(one_by_one: Serial, images: list[Path]) -> None:
    scanner, _ = one_by_one
    named = [str(image) for image in images[:4]]
    environment = {"XDG_CACHE_HOME": scanner.environment["XDG_CACHE_HOME"]}
    with Terminal("scan", *named, "--jobs", "1", environment=environment) as terminal:
        terminal.wait_for("demo.img", 60)
        assert terminal.wait_exit() == 1
        assert "0/4" in terminal.seen.decode()
        assert "Debian GNU/Linux 12" in terminal.text
        assert "/4" not in terminal.text  # it is gone when the table stands


def test_names_are_made_safe(scanner: Scanner, tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b[2J\u202eb.img"
    hostile.write_text("no image\n")
    with Terminal("scan", str(hostile), str(tmp_path / "none"), "--jobs", "1") as terminal:
        assert terminal.wait_exit() == 1
        assert b"\x1b[2J" not in terminal.seen
        assert "\u202e" not in terminal.seen.decode()


# -- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no image is named"),
        (["x.img", "-c", "usrs"], "did you mean users?"),
        (["x.img", "-c", "users | 'open"], "column"),
        (["x.img", "-c", "!date"], "begins with a program of this host"),
        (["x.img", "-c", ""], "empty line"),
        (["x.img", "-0"], "-0 is about lists"),
        (["-", "--from", "-"], "read once"),
        (["x.img", "--jobs", "0"], "--jobs"),
        (["x.img", "-o", "xml"], "--output"),
        (["x.img", "--memory", "99999999"], "MiB available"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], words: str) -> None:
    done = guestctl("scan", *arguments)
    text = done.stderr.decode()
    assert done.returncode == 2, text
    assert done.stdout == b""
    assert words in text
    assert text.count("\n") == 1


def test_an_image_is_no_journal(demo: Path) -> None:
    done = guestctl("scan", str(demo), "--resume", str(demo))
    assert done.returncode == 2
    assert b"no journal of a scan" in done.stderr


def test_lists_from_standard_input(one_by_one: Serial, images: list[Path]) -> None:
    scanner, _ = one_by_one
    for names, words in ((b"\n".join, ["-"]), (b"\0".join, ["--from", "-", "-0"])):
        given = names(os.fsencode(image) for image in images[2:4])
        done = guestctl(
            "scan", *words, "-c", "cat /etc/hostname", lines=given,
            environment=scanner.environment,
        )  # fmt: skip
        found = {row["image"]: row.get("text") for row in records(done.stdout)}
        assert found == {str(images[2]): "bookworm-lvm", str(images[3]): None}


def test_a_line_may_fail_where_it_says_so(one_by_one: Serial, images: list[Path]) -> None:
    scanner, _ = one_by_one
    done = guestctl(
        "scan", str(images[0]), "-c", "-cat /nope", "-c", "echo $image",
        environment=scanner.environment,
    )  # fmt: skip
    assert done.returncode == 0
    assert records(done.stdout) == [
        {"image": str(images[0]), "line": "echo $image", "text": "demo.img"}
    ]
    assert done.stderr.decode().startswith(f"{images[0]}: warning: cat: /nope: no such file")
    done = guestctl("scan", str(images[0]), "-c", "time !date", environment=scanner.environment)
    assert done.returncode == 1
    assert "has no terminal" in records(done.stdout)[0]["error"]


# -- what dies ------------------------------------------------------------------------------------


def descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from descendants(child)


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def emulators(pid: int) -> list[int]:
    return [child for child in descendants(pid) if command(child).startswith("qemu")]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


@pytest.mark.parametrize("way", [("--jobs", 1), ("--jobs", 2), ("--share",)])
def test_a_killed_scan_goes_on_where_it_was(
    one_by_one: Serial, images: list[Path], scanner: Scanner, tmp_path: Path,
    way: tuple[object, ...],
) -> None:  # fmt: skip
    _, whole = one_by_one
    journal = tmp_path / "journal"
    asked = (*images, *ASKED, *way, "--resume", journal)
    running = scanner.begin(*asked)
    wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 2)
    family = list(descendants(running.pid))
    running.send_signal(signal.SIGKILL)
    running.communicate()
    before = journal.read_bytes()
    assert before.count(b"\n") < 5, "it was done before it was killed"
    wait_until(lambda: all(map(is_gone, family)))
    done = scanner.run(*asked)
    assert sorted(done.stdout.splitlines()) == sorted(whole.stdout.splitlines())
    after = journal.read_bytes()
    assert after.startswith(before[: before.rindex(b"\n") + 1])
    keys = [json.loads(line)["image"] for line in after.splitlines()[1:]]
    assert sorted(keys) == sorted(str(image) for image in (*images[:3], images[4]))


def test_a_worker_that_is_killed(one_by_one: Serial, images: list[Path], scanner: Scanner) -> None:
    _, whole = one_by_one
    running = scanner.begin(*images, *ASKED, "--jobs", 2)

    def workers() -> list[int]:
        return [child for child in descendants(running.pid) if emulators(child)]

    wait_until(lambda: len(workers()) > 0)
    victim = workers()[0]
    family = emulators(victim)
    os.kill(victim, signal.SIGKILL)
    stdout, stderr = running.communicate()
    assert sorted(stdout.splitlines()) == sorted(whole.stdout.splitlines()), stderr
    assert all(map(is_gone, family))


def test_an_image_that_kills_whoever_looks_at_it(demo: Path, tmp_path: Path) -> None:
    texts = [tmp_path / f"{number}.txt" for number in range(4)]
    for text in texts:
        text.write_text("no image\n")
    targets = [Target(n, str(p)) for n, p in enumerate([*texts[:2], demo, *texts[2:]])]
    begun: list[int] = []

    def begin(target: Target) -> None:
        begun.append(target.number)
        if target.name == str(demo):
            for child in multiprocessing.active_children():
                child.kill()

    plan = Plan(("inspect",), index=False)
    # one batch: those behind the image are looked at all the same
    found: list[tuple[Target, Report]] = list(
        scan_in_workers([(target,) for target in targets], plan, begin, 1)
    )
    assert Counter(target.number for target, _ in found) == dict.fromkeys(range(5), 1)
    assert begun.count(2) == 2
    messages = {target.number: report.failures[0].message for target, report in found}
    assert messages[2] == "the process that looked at it died twice (SIGKILL)"
    assert messages[4].startswith("is a text file")
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("way", [("--jobs", 1), ("--jobs", 2), ("--share",)])
def test_ctrl_c_leaves_nothing_behind(
    images: list[Path], scanner: Scanner, tmp_path: Path, way: tuple[object, ...]
) -> None:
    journal = tmp_path / "journal"
    running = scanner.begin(
        images[3], *images[:3], "-o", "json", "--resume", journal, "-c", "hash /usr/bin/*", *way
    )
    wait_until(lambda: len(emulators(running.pid)) > 0)
    family = list(descendants(running.pid))
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate()
    assert running.returncode == 130
    assert stderr.decode().splitlines()[-1] == "Interrupted"
    assert b"Traceback" not in stderr
    # what was done is shown, and as a whole document
    assert {row["image"] for row in json.loads(stdout)} <= {str(image) for image in images}
    wait_until(lambda: all(map(is_gone, family)), 10)


def test_ctrl_c_at_a_terminal(images: list[Path], scanner: Scanner) -> None:
    named = [str(image) for image in (images[3], *images[:3])]
    environment = {"XDG_CACHE_HOME": scanner.environment["XDG_CACHE_HOME"]}
    asked = ["scan", *named, "-c", "hash /usr/bin/*", "--jobs", "2"]
    with Terminal(*asked, environment=environment) as terminal:
        wait_until(lambda: len(emulators(terminal.child.pid)) > 0)
        family = list(descendants(terminal.child.pid))
        terminal.press("ctrl-c")  # which all processes of the terminal get
        assert terminal.wait_exit() == 130
        assert "Traceback" not in terminal.seen.decode()
        assert "Interrupted" in terminal.text
    wait_until(lambda: all(map(is_gone, family)), 10)


def test_a_shared_appliance_that_dies_comes_back(
    one_by_one: Serial, images: list[Path], scanner: Scanner
) -> None:
    _, whole = one_by_one
    good = [images[0], images[2], images[4]]
    running = scanner.begin(*good, *ASKED, "--share")
    assert running.stdout is not None
    first = running.stdout.readline()  # the first image is done, two are to come
    for emulator in emulators(running.pid):
        os.kill(emulator, signal.SIGKILL)
    rest = running.stdout.read()  # communicate() would leave out what is buffered
    _, stderr = running.communicate()
    expected = [
        line for line in whole.stdout.splitlines() if json.loads(line)["image"] in map(str, good)
    ]
    assert sorted((first + rest).splitlines()) == sorted(expected)
    assert b"The appliance stopped" in stderr


def test_a_reader_that_leaves(images: list[Path], scanner: Scanner) -> None:
    running = scanner.begin(images[3], *images[:3], "-c", "hash /usr/bin/*", "--jobs", 2)
    assert running.stdout is not None
    wait_until(lambda: len(emulators(running.pid)) > 0)
    family = list(descendants(running.pid))
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    assert running.wait() == 1
    wait_until(lambda: all(map(is_gone, family)), 10)


def test_a_scan_whose_parent_is_gone_ends(images: list[Path], scanner: Scanner) -> None:
    running = scanner.begin(*images[:3], "-c", "hash /usr/bin/*", "--jobs", 2)
    wait_until(lambda: len(emulators(running.pid)) > 0)
    family = list(descendants(running.pid))
    running.kill()
    running.communicate()
    wait_until(lambda: all(map(is_gone, family)))
