"""What the figures depend on: this host in a few words, without names or paths of it."""

import os
import re
import subprocess

from benchmarks import dissect
from benchmarks.processes import ran
from guestshell.engine.binding import library_version
from guestshell.engine.machine import choose_accelerator, find_qemu
from tests.e2e.terminal import GUESTCTL


def facts() -> list[tuple[str, str]]:
    """Give names and values: processor and cores, memory, accelerator, versions."""
    accelerator = choose_accelerator()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return [
        ("Processors", str(len(os.sched_getaffinity(0)))),
        ("Memory", f"{memory / 2**30:.0f} GiB"),
        ("Accelerator", "KVM" if accelerator.kvm else "none: the appliance is emulated (TCG)"),
        ("Linux", ".".join(os.uname().release.split("-")[0].split(".")[:2])),
        ("QEMU", _version([find_qemu() or "qemu", "--version"])),
        ("libguestfs and guestfish", library_version()),
        ("virt-inspector, virt-cat, virt-ls", _version(["virt-cat", "--version"])),
        ("dissect.target", dissect.VERSION),
    ]


def _version(command: list[str]) -> str:
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", output)
    return found.group() if found else "unknown"


def has_lean_appliance() -> bool:
    """Say whether guestctl starts the lean appliance, rather than the stock one in its place."""
    return ran([GUESTCTL, "appliance", "status"]).output.startswith("lean:")


def have_lean_appliance() -> None:
    """Build the lean appliance unless one fits. Raises RuntimeError when that fails."""
    if not has_lean_appliance():
        ran([GUESTCTL, "appliance", "build"])
