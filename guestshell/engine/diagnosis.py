"""What must be there for an appliance to start; `doctor` shows it, a failed launch asks it."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guestshell.engine import binding, machine
from guestshell.errors import ApplianceError, BindingMissing, UsageError

_LIKELY_MEMORY = 1280 * 2**20
"""libguestfs's default appliance memory on x86-64, guestfs(3) set_memsize."""


@dataclass(frozen=True)
class Check:
    """One thing looked at. `vital`: without it the shell cannot work."""

    name: str
    ok: bool
    finding: str
    remedy: str = ""
    vital: bool = True


def _check_binding() -> Check:
    try:
        loaded = binding.load()
    except BindingMissing as error:
        return Check("binding", False, error.message, error.remedy)
    return Check("binding", True, f"{loaded.path}, for Python {platform.python_version()}")


def _check_library() -> Check:
    try:
        version = binding.library_version()
    except (BindingMissing, RuntimeError) as error:
        return Check("libguestfs", False, str(error), "see the binding")
    return Check("libguestfs", True, version)


def _check_qemu() -> Check:
    qemu = machine.find_qemu()
    if qemu is None or not os.access(qemu, os.X_OK):
        return Check(
            "qemu",
            False,
            f"{qemu or 'no qemu-system'} cannot be run",
            "install the QEMU system emulator (Debian: qemu-system-x86, Fedora: qemu-kvm)",
        )
    return Check("qemu", True, qemu)


def _fixed_appliance() -> str | None:
    path = os.environ.get("LIBGUESTFS_PATH", "")
    return next((p for p in path.split(":") if p and (Path(p) / "kernel").exists()), None)


def _check_supermin() -> Check:
    if fixed := _fixed_appliance():
        return Check("supermin", True, f"not needed: fixed appliance in {fixed}")
    found = shutil.which("supermin")
    if found is None:
        return Check("supermin", False, "not found", "install the package supermin")
    return Check("supermin", True, found)


def kernels() -> list[Path]:
    """Give the kernels from which an appliance can be built, readable or not."""
    in_boot = [
        kernel
        for kernel in sorted(Path("/boot").glob("vmlinu?-*"))
        if (Path("/lib/modules") / kernel.name.split("-", 1)[1]).is_dir()
    ]
    return in_boot + sorted(Path("/lib/modules").glob("*/vmlinuz"))


def _check_kernel() -> Check:
    if fixed := _fixed_appliance():
        return Check("kernel", True, f"of the fixed appliance in {fixed}")
    found = kernels()
    if not found:
        return Check(
            "kernel",
            False,
            "no kernel with its modules in /boot or /lib/modules",
            "install one (Debian: linux-image-amd64, Ubuntu: linux-image-generic)",
        )
    readable = [kernel for kernel in found if os.access(kernel, os.R_OK)]
    if not readable:
        return Check(
            "kernel",
            False,
            f"{found[-1]} may not be read by this user",
            f"sudo chmod a+r {found[-1]}",
        )
    return Check("kernel", True, str(readable[-1]))


def _check_kvm() -> Check:
    verdict = machine.choose_accelerator()
    remedy = "" if verdict.kvm else "works without, but each start takes several times longer"
    finding = f"{verdict.name}: {verdict.reason}"
    return Check("accelerator", verdict.kvm, finding, remedy, vital=False)


def _check_backend() -> Check:
    chosen = os.environ.get("LIBGUESTFS_BACKEND")
    finding = f"{chosen} (from LIBGUESTFS_BACKEND)" if chosen else "direct"
    return Check("backend", True, finding)


def available_memory() -> int:
    """Give how many bytes of memory programs can have without swapping, proc(5) MemAvailable."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return _LIKELY_MEMORY


def _check_memory(memory: int | None = None) -> Check:
    needed = memory * 2**20 if memory else _LIKELY_MEMORY
    available = available_memory()
    finding = f"{available // 2**20} MiB available, the appliance may use {needed // 2**20} MiB"
    remedy = "" if available > needed else "close something, or give a smaller --memory"
    return Check("memory", available > needed, finding, remedy)


def check_memory(memory: int) -> None:
    """Raise UsageError when so many MiB cannot be had."""
    check = _check_memory(memory)
    if not check.ok:
        raise UsageError(check.finding, "give a smaller --memory")


def _check_directory(name: str, directory: Path) -> Check:
    existing = next(p for p in [directory, *directory.parents] if os.path.lexists(p))
    if os.access(existing, os.W_OK) and existing.is_dir():
        return Check(name, True, str(directory), vital=False)
    return Check(
        name,
        False,
        f"{directory} cannot be written",
        "the shell works without, but keeps nothing there",
        vital=False,
    )


def checks() -> Iterator[Check]:
    """Give every check, in the order in which one depends on another."""
    yield _check_binding()
    yield _check_library()
    yield _check_qemu()
    yield _check_supermin()
    yield _check_kernel()
    yield _check_kvm()
    yield _check_backend()
    yield _check_memory()
    yield _check_directory("cache directory", machine.cache_directory())
    yield _check_directory("state directory", machine.state_directory())


def explain_launch_failure(message: str, memory: int | None) -> ApplianceError:
    """Give the error to show for a launch that failed: the first missing thing, if one is."""
    for check in (_check_qemu(), _check_supermin(), _check_kernel(), _check_memory(memory)):
        if not check.ok:
            return ApplianceError(
                f"the appliance could not be started: {check.name}: {check.finding}", check.remedy
            )
    return ApplianceError(
        f"the appliance could not be started: {message}", "guestctl doctor --launch tells more"
    )
