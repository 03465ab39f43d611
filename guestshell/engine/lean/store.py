"""Where lean appliances are kept, and whether one fits this host as it is now."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from guestshell.engine import binding, machine
from guestshell.engine.diagnosis import kernels
from guestshell.errors import HostError
from guestshell.homes import needed

RECIPE = 1
"""Counts up when the same host and the same `files` would now give another appliance."""

FILES = Path(__file__).parent / "files"
"""What of ours goes into an appliance."""

CHOICE = "GUESTCTL_APPLIANCE"
"""This environment variable set to `stock` leaves the lean appliance alone."""

_MANIFEST = "manifest.json"
_FAILURE = "failure"


@dataclass(frozen=True)
class Manifest:
    """What is written down of a built appliance. `built` is in seconds since 1970."""

    signature: dict[str, object]
    features: list[str]
    built: float


@dataclass(frozen=True)
class Standing:
    """The lean appliance as it is: `directory` is None when none fits, and `why` says so."""

    directory: Path | None
    used: bool
    why: str
    remedy: str = ""


def home() -> Path:
    """Give the directory that holds lean appliances; it may not exist yet."""
    return machine.cache_directory() / "appliance"


@cache
def _stock_files() -> tuple[str, list[Path]]:
    """Give the version of libguestfs and the files from which supermin makes its appliance."""
    handle = binding.load().module.GuestFS(python_return_dict=True, environment=False)
    try:
        places = str(handle.get_path()).split(":")
    finally:
        handle.close()
    files = [file for place in places for file in sorted(Path(place).glob("supermin.d/*"))]
    return binding.library_version(), files


@cache
def _recipe() -> str:
    digest = hashlib.sha256(str(RECIPE).encode())
    for file in sorted(FILES.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _marked(files: list[Path]) -> dict[str, list[int]]:
    marks = {}
    for file in files:
        with contextlib.suppress(OSError):
            stat = file.stat()
            marks[str(file)] = [stat.st_size, stat.st_mtime_ns]
    return marks


def signature() -> dict[str, object]:
    """Give all on which an appliance depends, each by the name that `status` gives it.

    Raises BindingMissing.
    """
    version, files = _stock_files()
    return {
        "recipe of guestctl": _recipe(),
        "libguestfs": version,
        "package of libguestfs": _marked(files),
        "kernel": _marked(kernels()),
    }


def place_of(signed: dict[str, object]) -> Path:
    """Give the directory of the appliance for a signature, whether it is there or not."""
    text = json.dumps(signed, sort_keys=True)
    return home() / hashlib.sha256(text.encode()).hexdigest()[:16]


def manifest_of(directory: Path) -> Manifest | None:
    """Give what was written down of an appliance; None when that is unreadable."""
    try:
        return Manifest(**json.loads((directory / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write down how an appliance was built; raises OSError."""
    (directory / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")


def built() -> list[Path]:
    """Give every appliance that was built and not dropped, fitting or not."""
    return sorted(manifest.parent for manifest in home().glob(f"*/{_MANIFEST}"))


def foreign() -> str:
    """Say what makes libguestfs start something else than its stock appliance; empty if nothing."""
    if "LIBGUESTFS_PATH" in os.environ:
        return "LIBGUESTFS_PATH names another appliance"
    if os.environ.get("LIBGUESTFS_BACKEND", "direct") != "direct":
        return "LIBGUESTFS_BACKEND is not direct"
    return ""


def _unwanted() -> str:
    return f"{CHOICE} is stock" if os.environ.get(CHOICE) == "stock" else foreign()


def standing() -> Standing:
    """Look at the appliance for this host. Raises BindingMissing."""
    if unwanted := _unwanted():
        return Standing(None, False, unwanted)
    signed = signature()
    directory = place_of(signed)
    if not (directory / _MANIFEST).exists():
        for other in built():
            manifest = manifest_of(other)
            then = manifest.signature if manifest else {}
            changed = [name for name, value in signed.items() if then.get(name) != value]
            why = f"built before a change of the {' and the '.join(changed)}"
            return Standing(None, False, why, "guestctl appliance build")
        return Standing(None, False, "not built", "guestctl appliance build")
    with contextlib.suppress(OSError):
        failure = (directory / _FAILURE).read_text(encoding="utf-8").strip()
        return Standing(directory, False, f"did not start: {failure}", "guestctl appliance build")
    return Standing(directory, True, "built for this libguestfs and kernel")


def chosen() -> Path | None:
    """Give the appliance to start, or None for the stock one."""
    try:
        if not home().is_dir():
            return None
        found = standing()
    except OSError:  # somebody else's directory, which sudo can leave behind
        return None
    return found.directory if found.used else None


def remember_failure(directory: Path, reason: str) -> None:
    """Leave this appliance alone from now on: it did not start where the stock one did."""
    with contextlib.suppress(OSError):  # a read-only home costs a failed launch a session
        (directory / _FAILURE).write_text(reason, encoding="utf-8")


def has_failed(directory: Path) -> bool:
    """Say whether an appliance did not start where the stock one did."""
    return (directory / _FAILURE).exists()


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Wait until nobody else builds or drops. Raises HostError where nothing can be kept."""
    lock = needed(machine.cache_directory()) / "appliance.lock"
    try:
        home().mkdir(parents=True, exist_ok=True, mode=0o700)
        file = lock.open("w")
    except OSError as error:
        raise HostError.of(lock, error) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def drop() -> int:
    """Remove every lean appliance and give the bytes that this frees; raises HostError."""
    if not home().is_dir():
        return 0
    with locked():
        freed = sum(file.stat().st_blocks * 512 for file in home().rglob("*") if file.is_file())
        try:
            shutil.rmtree(home())
        except OSError as error:
            raise HostError.of(home(), error) from None
    return freed
