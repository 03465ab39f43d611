"""Programs that run to their end: seconds from process start, and what they said."""

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.terminal import GUESTCTL
from tests.images.build import guestfish_environment

STOCK = {"GUESTCTL_APPLIANCE": "stock"}
"""What makes guestctl leave the lean appliance alone."""


@dataclass(frozen=True)
class Ran:
    """How long a program took to its end, and its whole output."""

    seconds: float
    output: str

    def expect(self, text: str, count: int = 1) -> float:
        """Give the seconds. Raises RuntimeError unless the output holds a text so many times."""
        if self.output.count(text) != count:
            raise RuntimeError(f"{self.output.count(text)} times {text!r} in the answer")
        return self.seconds


def ran(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ran:
    """Run a program in the benchmarks' environment. Raises RuntimeError when it fails."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=guestfish_environment() | dict(environment or {}),
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode != 0:
        problem = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise RuntimeError(f"{Path(command[0]).name}: {problem[-1]}")
    return Ran(seconds, done.stdout.decode(errors="surrogateescape"))


def guestctl(command: str, image: Path, *arguments: str, **environment: str) -> Ran:
    """Ask guestctl one question in a process of its own."""
    return ran([GUESTCTL, command, str(image), *arguments], environment)


def virt(program: str, image: Path, *arguments: str) -> Ran:
    """Run one of the virt tools on a raw image."""
    return ran([program, "--format=raw", "-a", str(image), *arguments])


def guestctl_without_appliance(command: str, image: Path, *arguments: str) -> Ran:
    """Ask the same where any emulator that is started springs a trap instead.

    Raises RuntimeError when guestctl did start one, be it only to ask whether KVM works.
    """
    with tempfile.TemporaryDirectory(prefix="guestctl-trap-") as directory:
        trap = Path(directory)
        sprung, emulator = trap / "sprung", trap / "qemu"
        emulator.write_text(f'#!/bin/sh\n: > "{sprung}"\nexit 1\n')
        emulator.chmod(0o700)
        environment = {
            "LIBGUESTFS_HV": str(emulator),
            "LIBGUESTFS_PATH": directory,
            "PATH": directory,
        }
        answer = guestctl(command, image, *arguments, **environment)
        if sprung.exists():
            raise RuntimeError(f"guestctl {command} started an emulator for what it knows")
    return answer
