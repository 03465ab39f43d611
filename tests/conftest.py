"""What the tests share: images, appliances launched once, and the proof that nothing changed."""

import contextlib
import hashlib
import io
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from guestshell import Guest
from guestshell.demo.image import demo_image, stage
from guestshell.engine.lean.build import build as build_lean
from guestshell.errors import ExitCode, GuestShellError
from guestshell.output.sink import Sink
from guestshell.session import Session
from tests.images.build import KEPT, cached, partitioned
from tests.images.debian import debian_image, debian_tar

CACHE = KEPT / "lean"
"""The cache of the program under test, not that of whoever runs the tests."""

os.environ["XDG_CACHE_HOME"] = str(CACHE)

# how long an example takes says more of the host's other work than of ours
hypothesis.settings.register_profile("whole suite", deadline=None)
hypothesis.settings.load_profile("whole suite")
# for mutmut: a mutant that lives today shall live tomorrow
hypothesis.settings.register_profile(
    "mutants", deadline=None, max_examples=15, derandomize=True, database=None
)

_watched: dict[Path, str] = {}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def watch(image: Path) -> Path:
    """Remember an image's digest; the session fails if it is another at its end."""
    if image not in _watched:
        _watched[image] = sha256_of(image)
    return image


@pytest.fixture(scope="session", autouse=True)
def _evidence_is_unchanged() -> Iterator[None]:
    yield
    changed = [str(image) for image, digest in _watched.items() if sha256_of(image) != digest]
    assert not changed, f"the tests changed {changed}"


@pytest.fixture(scope="session", autouse=True)
def _lean_appliance(request: pytest.FixtureRequest) -> None:
    """Start it nearly everywhere, for it saves minutes; tests/engine has the stock one."""
    if any(item.get_closest_marker("appliance") for item in request.session.items):
        with contextlib.suppress(GuestShellError):  # where it cannot be built, the stock one does
            build_lean(lambda stage: None)


def own_cache(directory: Path) -> Path:
    """Give a directory as a cache in which nothing is known; the lean appliance is there."""
    (directory / "guestctl").mkdir()
    (directory / "guestctl/appliance").symlink_to(CACHE / "guestctl/appliance")
    return directory


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heard() -> None:
    # a shell that runs the tests in the background leaves SIGINT ignored, nohup SIGHUP
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # the history of whoever runs the tests is theirs
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def demo() -> Path:
    return watch(demo_image())


@pytest.fixture(scope="session")
def debian() -> Path:
    if shutil.which("mmdebstrap") is None or shutil.which("guestfish") is None:
        pytest.skip("mmdebstrap and guestfish build the real Debian; this host lacks one")
    return watch(debian_image())


@pytest.fixture(scope="session")
def debian_contents(debian: Path) -> Path:
    return debian_tar()


@pytest.fixture(scope="session")
def data_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two file systems without a system; the first with a listing of over 4 MiB."""

    def tree(index: int) -> Path:
        root = tmp_path_factory.mktemp(f"part{index}")
        (root / f"only-on-{index + 1}").write_text("data\n")
        if index == 0:
            (root / "long").mkdir()
            for number in range(LONG_COUNT):
                (root / "long" / f"{number:05d}-{'x' * 230}").touch()
        return root

    def build(image: Path) -> None:
        partitioned(image, [64, 16], tree)

    return watch(cached("data.img", f"long listing 2 {LONG_COUNT}", build))


LONG_COUNT = 20_000


@pytest.fixture(scope="session")
def blank_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = tmp_path_factory.mktemp("blank") / "blank.img"
    with image.open("wb") as file:
        file.truncate(4 * 2**20)
    return watch(image)


@pytest.fixture(scope="session")
def demo_guest(demo: Path) -> Iterator[Guest]:
    with Guest(demo) as guest:
        guest.start()
        yield guest


@pytest.fixture(scope="session")
def debian_guest(debian: Path) -> Iterator[Guest]:
    with Guest(debian) as guest:
        guest.start()
        yield guest


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the teaching image as a tree of this host, for the host's own tools."""
    root = tmp_path_factory.mktemp("staged") / "root"
    root.mkdir()
    stage(root)
    return root


class Console:
    """A session whose output is kept: what `run` returns is what a pipe would get."""

    def __init__(self, guest: Guest) -> None:
        self.stdout = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape")
        self.stderr = io.StringIO()
        self.session = Session(guest, Sink(self.stdout, self.stderr))
        self.status = ExitCode.DONE

    def bytes(self, line: str) -> bytes:
        buffer = self.stdout.buffer
        assert isinstance(buffer, io.BytesIO)
        buffer.seek(0)
        buffer.truncate()
        self.stderr.seek(0)
        self.stderr.truncate()
        self.status = self.session.run(line)
        self.stdout.flush()
        return buffer.getvalue()

    def run(self, line: str) -> str:
        return self.bytes(line).decode("utf-8", "surrogateescape")

    def lines(self, line: str) -> list[str]:
        return self.run(line).splitlines()

    @property
    def error(self) -> str:
        return self.stderr.getvalue()


@pytest.fixture
def console(demo_guest: Guest) -> Console:
    return Console(demo_guest)


@pytest.fixture
def unreadable(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Take a file's read permission; root reads all the same, so the test is skipped for it."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")

    def close(path: Path) -> Path:
        path.chmod(0)
        return path

    yield close
    with contextlib.suppress(OSError):
        shutil.rmtree(tmp_path)
