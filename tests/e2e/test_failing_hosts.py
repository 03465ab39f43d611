"""Hosts that fail: full and read-only disks, no home, no streams, no memory, a clock that jumps."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from guestshell.evidence import verify
from tests.conftest import Console, own_cache
from tests.e2e.terminal import GUESTCTL, Terminal
from tests.test_cli import guestctl, one_line

pytestmark = pytest.mark.appliance

HOSTNAME = "cat /etc/hostname"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, spare: int = 0) -> None:
    """Leave so many bytes on a disk."""
    with (disk / "filler").open("ab", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        file.truncate(file.tell() - spare)


def remount_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def run(
    demo: Path,
    *lines: str,
    more: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    given = [word for line in lines for word in ("-c", line)]
    return guestctl("run", "-q", *more, str(demo), *given, environment=environment)


def said(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """Give the lines on standard error, none of which may be raw."""
    text = done.stderr.decode()
    assert "Traceback" not in text, text
    assert "libguestfs:" not in text, text
    return text.splitlines()


# -- full disks -----------------------------------------------------------------------------------


def test_a_cache_that_fills_up(demo: Path, small_disk: Path) -> None:
    own_cache(small_disk)
    cache = {"XDG_CACHE_HOME": str(small_disk)}
    lines = ("ls -l /etc", "ls /var/cache/sessions | count", "ls -l /srv/names", "ls /home")
    for spare in (24 * 1024, 0):  # and what it holds of the first run is no lie in the second
        (small_disk / "filler").unlink(missing_ok=True)
        fill(small_disk, spare)
        done = run(demo, *lines, environment=cache)
        assert (done.returncode, said(done)) == (0, [])
        assert done.stdout == run(demo, *lines).stdout
    built = guestctl("demo", "--build-only", environment=cache)
    assert "no space left" in one_line(built, 1)


def test_a_prompt_without_room_for_its_history(demo: Path, small_disk: Path) -> None:
    fill(small_disk)
    environment = {"XDG_STATE_HOME": str(small_disk / "state")}
    with Terminal("interactive", str(demo), environment=environment) as terminal:
        terminal.wait_for("guestctl>")
        terminal.run("echo first")
        terminal.wait_for("\nfirst\n")
        terminal.press("up")
        terminal.wait_for("guestctl> echo first\nfirst\nguestctl> echo first")
        terminal.press("ctrl-u")
        terminal.run("exit")
        assert terminal.wait_exit() == 0
        assert "Traceback" not in terminal.everything


def nothing_new(place: Path, before: set[str]) -> bool:
    return {file.name for file in place.iterdir()} == before


SAVING = (
    "save /var/log/huge.log --force {target}",
    "cat /var/log/huge.log >| {target}",
    "save -r /var/log --force {target}.d",
)


def old_target(place: Path) -> Path:
    (place / "target").write_text("old\n")
    (place / "target.d").mkdir()
    (place / "target.d/old").write_text("old\n")
    return place / "target"


def is_as_before(target: Path) -> bool:
    kept = nothing_new(target.parent, {"target", "target.d"})
    return kept and nothing_new(target.with_suffix(".d"), {"old"}) and target.read_text() == "old\n"


@pytest.mark.parametrize(
    "line",
    [
        "save /var/log/syslog --force {target}",
        "cat /var/log/huge.log >| {target}",
        "save -r /etc --force {target}.d",
    ],
)
def test_a_target_that_fills_up_stays_as_it_was(
    console: Console, small_disk: Path, line: str
) -> None:
    target = old_target(small_disk)
    fill(small_disk, 8 * 1024)
    assert console.bytes(line.format(target=target)) == b""
    assert console.status == 1
    [message] = console.error.splitlines()
    assert "no space left on the host (nothing was left half-written)" in message
    (small_disk / "filler").unlink()
    assert is_as_before(target)


@pytest.mark.parametrize("line", [*SAVING, "cat /var/log/huge.log >> {target}"])
def test_a_target_that_may_not_grow_stays_as_it_was(
    console: Console, tmp_path: Path, line: str
) -> None:
    """As above for whoever may not mount: the kernel refuses to write more than 4 KiB."""
    target = old_target(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        assert console.bytes(line.format(target=target)) == b""
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert console.status == 1
    [message] = console.error.splitlines()
    assert "file too large" in message
    assert is_as_before(target)


def test_a_log_without_room_is_not_begun(demo: Path, small_disk: Path) -> None:
    fill(small_disk)
    done = run(demo, "pwd", more=("--log", str(small_disk / "log")))
    assert "no space left on device (make room, or log elsewhere" in one_line(done, 1)
    assert nothing_new(small_disk, {"filler"})


def test_a_log_that_fills_up_holds_all_that_it_could(demo: Path, small_disk: Path) -> None:
    fill(small_disk, spare=8192)
    log = small_disk / "log"
    count = 40
    done = run(demo, *["pwd"] * count, more=("--keep-going", "--log", str(log)))
    assert done.returncode == 1
    assert done.stdout == b"/\n" * count  # the session goes on
    messages = said(done)
    assert messages
    assert all("no space left on device (make room" in message for message in messages)
    verdict = verify(log)
    assert verdict.problem == ""
    assert verdict.entries > 10


@pytest.mark.parametrize(
    "arguments",
    [("ls", "{demo}", "/"), ("ls", "{demo}", "-o", "json"), ("--help",), ("config",),
     ("completion", "bash"), ("run", "-q", "{demo}", "-c", "ls /"), ("demo", "--build-only")],
)  # fmt: skip
def test_standard_output_that_is_full(demo: Path, arguments: tuple[str, ...]) -> None:
    given = [argument.format(demo=demo) for argument in arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [GUESTCTL, *given], stdout=full, stderr=subprocess.PIPE, check=False, text=False
        )
    done.stdout = b""
    assert done.returncode == 1
    assert "standard output: no space left on device" in said(done)[-1]


# -- the temporary directory, memory and limits ---------------------------------------------------


def test_a_temporary_directory_that_is_full_or_read_only(demo: Path, small_disk: Path) -> None:
    place = {"TMPDIR": str(small_disk)}
    steps: list[tuple[Callable[[Path], None] | None, str]] = [
        (None, "are free, 1024 are needed"),
        (fill, "0 KiB are free"),
        (remount_read_only, "cannot be written"),
    ]
    for make_bad, words in steps:
        if make_bad is not None:
            make_bad(small_disk)
        before = {file.name for file in small_disk.iterdir()}
        message = one_line(run(demo, HOSTNAME, more=("--no-index",), environment=place), 3)
        assert words in message
        assert "(make room there, or name another one by TMPDIR)" in message
        assert nothing_new(small_disk, before)


def test_a_temporary_directory_that_fills_up_during_a_launch(demo: Path, small_disk: Path) -> None:
    mount = ["mount", "-o", "remount,size=4m", str(small_disk)]
    subprocess.run(mount, check=True)
    # QEMU stops its machine when an overlay finds no room, unless it is told to report that
    full = f"!dd if=/dev/zero of={small_disk}/filler bs=4k status=none"
    lines = ("!sleep 1", f"-{full}", HOSTNAME)
    place = {"TMPDIR": str(small_disk)}
    done = run(demo, *lines, more=("--no-index", "--keep-going"), environment=place)
    assert done.returncode == 3
    assert "1024 are needed (make room there" in said(done)[-1]


def test_a_temporary_directory_that_is_not_there(demo: Path, tmp_path: Path) -> None:
    place = {"TMPDIR": str(tmp_path / "nowhere")}
    lines = (HOSTNAME, "pwd", HOSTNAME)
    done = run(demo, *lines, more=("--no-index", "--keep-going"), environment=place)
    assert (done.returncode, done.stdout) == (3, b"/\n")
    assert len(set(said(done))) == 1
    assert "nowhere: no such file or directory" in said(done)[0]
    doctor = guestctl("doctor", environment=place)
    assert doctor.returncode == 3
    assert b"nowhere: no such file" in doctor.stdout


def test_an_environment_that_libguestfs_does_not_understand(demo: Path) -> None:
    wrong = {"LIBGUESTFS_TRACE": "perhaps"}
    done = run(demo, HOSTNAME, more=("--no-index",), environment=wrong)
    assert "LIBGUESTFS_TRACE=perhaps" in one_line(done, 2)


@pytest.mark.parametrize(
    ("limit", "allowed", "option"),
    [(resource.RLIMIT_AS, 1500 * 2**20, "-v"), (resource.RLIMIT_NOFILE, 16, "-n"),
     (resource.RLIMIT_FSIZE, 100 * 2**10, "-f")],
)  # fmt: skip
def test_limits_that_no_appliance_can_keep(
    demo: Path, limit: int, allowed: int, option: str
) -> None:
    done = subprocess.run(
        [GUESTCTL, "run", "-q", "--no-index", str(demo), "-c", HOSTNAME],
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(limit, (allowed, allowed)),
    )
    assert f"ulimit {option} raises it" in one_line(done, 3)


def test_more_memory_than_there_is(demo: Path) -> None:
    done = run(demo, HOSTNAME, more=("--memory", "100000000"))
    assert "give a smaller --memory" in one_line(done, 2)


# -- homes ----------------------------------------------------------------------------------------


HOMELESS = (
    "import os, sys\n"
    "if os.geteuid() == 0:\n"
    "    os.setgroups([]); os.setgid(54321); os.setuid(54321)\n"
    "from guestshell.cli import main\n"
    "main()\n"
)


@pytest.fixture
def open_copy(demo: Path) -> Iterator[Path]:
    """The image where a user without a home can read it."""
    place = Path("/var/tmp") / f"guestctl-test-{os.getpid()}"
    place.mkdir(mode=0o755)
    shutil.copyfile(demo, place / "web01.img")
    os.truncate(place / "web01.img", demo.stat().st_size)
    yield place / "web01.img"
    shutil.rmtree(place)


def as_nobody(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    gone = ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    return subprocess.run(
        [sys.executable, "-c", HOMELESS, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd="/",
        env={name: value for name, value in os.environ.items() if name not in gone},
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a home")
def test_a_user_without_a_home(open_copy: Path) -> None:
    for arguments, status, words in (
        (("config",), 0, b"no-home"),
        (("doctor",), 0, b"this user has no home directory"),
        (("demo", "--build-only"), 1, b"set HOME, or XDG_CACHE_HOME"),
        (("appliance", "build"), 1, b"set HOME, or XDG_CACHE_HOME"),
        (("run", "-q", str(open_copy), "-c", "pwd"), 0, b"/\n"),
        (("index", str(open_copy)), 0, b""),
    ):
        done = as_nobody(*arguments)
        assert done.returncode == status, (arguments, done.stderr)
        assert words in done.stdout + done.stderr
        said(done)


def test_a_home_that_is_read_only(demo: Path, small_disk: Path) -> None:
    remount_read_only(small_disk)
    gone = dict.fromkeys(("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), "")
    home = {"HOME": str(small_disk), **gone}
    with Terminal("interactive", "--no-index", str(demo), environment=home) as terminal:
        terminal.wait_for("guestctl>")
        terminal.run("echo works")
        terminal.wait_for("\nworks\n")
        terminal.run("set --save pager off")
        terminal.wait_for("read-only file system")
        terminal.run("echo goes-on")
        terminal.wait_for("\ngoes-on\n")
        terminal.run("exit")
        assert terminal.wait_exit() == 0
        assert "Traceback" not in terminal.everything
    built = guestctl("demo", "--build-only", environment=home)
    assert "read-only file system" in one_line(built, 1)


@pytest.mark.parametrize("home", ["", "/nonexistent/home", "/dev/null", "relative/home"])
def test_a_home_that_is_none(demo: Path, home: str, tmp_path: Path) -> None:
    gone = dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME"), "")
    for arguments in (("config",), ("run", "-q", str(demo), "-c", "pwd")):
        done = guestctl(*arguments, environment={"HOME": home, **gone})
        assert done.returncode == 0, done.stderr
        said(done)
    assert not Path("relative").exists()


# -- locales --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "locale",
    [{}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LANG": "bogus", "LC_ALL": "bogus"},
     {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
     {"LC_ALL": "bogus", "PYTHONIOENCODING": "ascii"}],
    ids=lambda locale: " ".join(f"{name}={value}" for name, value in locale.items()) or "none",
)  # fmt: skip
def test_a_locale_changes_no_byte(demo: Path, locale: dict[str, str]) -> None:
    kept = {name: value for name, value in os.environ.items() if name[:3] not in ("LAN", "LC_")}
    lines = ["ls /srv/names", r"stat /srv/names/$'caf\xe9'", "stat /srv/names/日本語.txt"]
    command = [GUESTCTL, "run", "-q", str(demo), *(word for line in lines for word in ("-c", line))]
    done = subprocess.run(command, capture_output=True, env={**kept, **locale}, check=False)
    assert (done.returncode, said(done)) == (0, [])
    assert done.stdout == run(demo, *lines).stdout
    assert b"caf\xe9\n" in done.stdout
    wrong = [GUESTCTL, "cat", str(demo), "/srv/nöpe"]
    done = subprocess.run(wrong, capture_output=True, env={**kept, **locale}, check=False)
    assert done.returncode == 1
    assert len(said(done)) == 1


# -- standard streams that the caller has closed --------------------------------------------------


def shell(command: str, demo: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    line = f'g() {{ "{GUESTCTL}" "$@"; }}; IMG="{demo}"; {command}'
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, check=False, env={**os.environ, **environment}
    )


@pytest.mark.parametrize(
    ("command", "status", "output", "words"),
    [
        ("g run -q $IMG -c pwd <&-", 0, b"/\n", ""),
        ("g run -q $IMG -c pwd 2>&-", 0, b"/\n", ""),
        ("g ls $IMG / <&- >&- 2>&-", 0, b"", ""),
        ("g ls $IMG /nope >&-", 1, b"", "no such file or directory"),
        ("g ls $IMG /nope <&- >&- 2>&-", 1, b"", ""),
        ("g --help >&-", 0, b"", ""),
        ("g nonsense <&- >&- 2>&-", 2, b"", ""),
        ("g run $IMG <&-", 2, b"", "there is no standard input"),
        ("g interactive $IMG <&-", 2, b"", "there is no standard input"),
        ("g run -q $IMG -c '! cat' -c pwd <&-", 0, b"/\n", ""),
        ("g run -q $IMG -c '! sh -c \"echo x; echo y >&2\"' <&- >&- 2>&-", 0, b"", ""),
        ("g run -q $IMG -c 'echo hello | !cat' 2>&-", 0, b"hello\n", ""),
    ],
)
def test_closed_streams(demo: Path, command: str, status: int, output: bytes, words: str) -> None:
    done = shell(command, demo)
    assert (done.returncode, done.stdout) == (status, output)
    assert words in "\n".join(said(done))


def test_nothing_is_written_into_a_file_for_a_closed_stream(demo: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    # libguestfs prints its traces to descriptor 2, whatever that is
    command = f"g run -q --no-index --log {log} $IMG -c '{HOSTNAME} > {tmp_path}/out' <&- >&- 2>&-"
    done = shell(command, demo, LIBGUESTFS_TRACE="1")
    assert done.returncode == 0
    assert (tmp_path / "out").read_bytes() == b"web01\n"
    assert verify(log).complete


# -- pagers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pager",
    ["false", "/nonexistent/pager", "sh -c 'kill -9 $$'", "sh -c 'exec <&-; sleep 0.2'"],
)
def test_a_pager_that_dies(demo: Path, pager: str) -> None:
    with Terminal("interactive", str(demo), lines=10, environment={"PAGER": pager}) as terminal:
        terminal.wait_for("guestctl>")
        for line in ("help ls", "ls -l /var/cache/sessions"):
            terminal.run(line)
            terminal.run("echo goes-on")
            terminal.wait_for("\ngoes-on\n")
            terminal.run("clear")
            terminal.wait_gone("goes-on")
        assert "Traceback" not in terminal.everything
        terminal.run("exit")
        assert terminal.wait_exit() == 0


# -- a clock that goes backwards ------------------------------------------------------------------


BACKWARDS = (
    "import itertools, time\n"
    "hours = itertools.count()\n"
    "now, now_ns = time.time, time.time_ns\n"
    "time.time = lambda: now() - 3600 * next(hours)\n"
    "time.time_ns = lambda: now_ns() - 3600 * 10**9 * next(hours)\n"
    "from guestshell.cli import main\n"
    "main()\n"
)


def test_a_clock_that_goes_backwards(demo: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for more in ((), ("--verify",)):
        done = subprocess.run(
            [sys.executable, "-c", BACKWARDS, "run", "-q", str(demo), "--log", str(log), *more,
             "-c", "ls /", "-c", "users | first 1"],
            capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said(done)
    assert verify(log).complete
