"""Measure the launch of the lean appliance beside the stock one: python -m benchmarks.launch."""

import itertools
import os
import signal
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from guestshell.engine import boot
from guestshell.engine.boot import Drive
from guestshell.engine.lean import store
from guestshell.engine.lean.build import build

ROUNDS = 3
FIRST_WORD = b"supermin:"
"""What supermin's init, the first user process, writes before anything else."""
_SAME = ("-machine", "-cpu", "-smp", "-m", "-kernel", "-initrd", "-append")
_FLOOR_SECONDS = 60.0


@dataclass(frozen=True)
class Launches:
    """Medians in seconds. `floor`: the lean kernel and initrd to the first user process."""

    stock: float
    lean: float
    floor: float


def launch_seconds(image: Path, *, lean: bool) -> tuple[float, list[str]]:
    """Give the seconds of one launch, and the command line of its emulator."""
    before = os.environ.pop(store.CHOICE, None)
    if not lean:
        os.environ[store.CHOICE] = "stock"
    notices: list[str] = []
    started = time.monotonic()
    try:
        launched = boot.launch(
            [Drive(str(image), "raw")],
            memory=None,
            progress=lambda share: None,
            notice=notices.append,
            wanted=lambda: True,
        )
    finally:
        os.environ.pop(store.CHOICE, None)
        if before is not None:
            os.environ[store.CHOICE] = before
    seconds = time.monotonic() - started
    assert not notices, notices
    command = os.fsdecode(Path(f"/proc/{launched.pid}/cmdline").read_bytes()).split("\0")
    launched.handle.raw.close()
    return seconds, command


def floor_seconds(command: list[str]) -> float:
    """Give the seconds from starting an emulator like this one to its first user process."""
    options = [pair for pair in itertools.pairwise(command) if pair[0] in _SAME]
    quiet = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    started = time.monotonic()
    process = subprocess.Popen(
        [command[0], *quiet, *itertools.chain(*options), "-serial", "stdio"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    seen = b""
    try:
        while FIRST_WORD not in seen and time.monotonic() - started < _FLOOR_SECONDS:
            seen += os.read(process.stdout.fileno(), 65536)
        seconds = time.monotonic() - started
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert FIRST_WORD in seen, "the lean kernel reached no user process"
    return seconds


def measure(rounds: int = ROUNDS) -> Launches:
    """Measure in turns, so that what else the machine does weighs on all alike."""
    build(lambda stage: None)
    stock, lean, floor = [], [], []
    with tempfile.TemporaryDirectory(prefix="guestctl-bench-") as directory:
        image = Path(directory) / "blank.img"
        with image.open("wb") as file:
            file.truncate(2**20)
        for _ in range(rounds):
            stock.append(launch_seconds(image, lean=False)[0])
            seconds, command = launch_seconds(image, lean=True)
            lean.append(seconds)
            floor.append(floor_seconds(command))
    return Launches(statistics.median(stock), statistics.median(lean), statistics.median(floor))


def main() -> None:
    """Print the medians and what they are of each other."""
    found = measure()
    print(f"launch of the stock appliance      {found.stock:6.2f} s")
    print(f"launch of the lean one             {found.lean:6.2f} s")
    print(f"its kernel to the first process    {found.floor:6.2f} s  (the floor)")
    print(f"lean / stock {found.lean / found.stock:.2f} (promised: at most 0.55)")
    print(f"lean / floor {found.lean / found.floor:.2f}")


if __name__ == "__main__":
    main()
