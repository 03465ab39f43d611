"""What must be there for an appliance to start; `doctor` shows it, a failed launch asks it."""

import os
import platform
import resource
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guestshell.engine import binding, machine
from guestshell.errors import ApplianceError, BindingMissing, GuestShellError, UsageError
from guestshell.homes import NOWHERE

_LIKELY_MEMORY = 1280 * 2**20
"""libguestfs's default appliance memory on x86-64, guestfs(3) set_memsize."""

_EMULATOR_SPACE = 2**31
"""Bytes of address space that QEMU maps beside the memory of its machine."""

_TEMPORARY_BYTES = 2**20
"""What the overlay of a disk, the sockets and the lists of a launch take, and to spare."""

_OPEN_FILES = 32


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


def _check_temporary() -> Check:
    name, remedy = "temporary directory", "make room there, or name another one by TMPDIR"
    # as guestfs(3) "ENVIRONMENT VARIABLES" says
    place = Path(os.environ.get("LIBGUESTFS_TMPDIR") or os.environ.get("TMPDIR") or "/tmp")
    try:
        found = os.statvfs(place)
    except OSError as error:
        return Check(name, False, f"{place}: {(error.strerror or str(error)).lower()}", remedy)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Check(name, False, f"{place} cannot be written", remedy)
    free = found.f_bavail * found.f_frsize
    if free < _TEMPORARY_BYTES or (found.f_files and not found.f_favail):
        finding = f"{place}: {free // 1024} KiB are free, {_TEMPORARY_BYTES // 1024} are needed"
        return Check(name, False, finding, remedy)
    return Check(name, True, str(place))


def _check_limits(memory: int | None = None) -> Check:
    space = (memory * 2**20 if memory else _LIKELY_MEMORY) + _EMULATOR_SPACE
    for limit, least, what, option in (
        (resource.RLIMIT_AS, space, "bytes of address space", "-v"),
        (resource.RLIMIT_FSIZE, _TEMPORARY_BYTES, "bytes in a file", "-f"),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, "open files", "-n"),
    ):
        allowed, _ = resource.getrlimit(limit)
        if allowed != resource.RLIM_INFINITY and allowed < least:
            finding = f"{allowed} {what} are allowed, an appliance may need {least}"
            return Check("limits", False, finding, f"ulimit {option} raises it", vital=False)
    return Check("limits", True, "high enough", vital=False)


_WORKS_WITHOUT = "the shell works without, but keeps nothing there"


def _check_directory(name: str, directory: Path) -> Check:
    if directory == NOWHERE:
        return Check(name, False, "this user has no home directory", _WORKS_WITHOUT, vital=False)
    existing = next(p for p in [directory, *directory.parents] if os.path.lexists(p))
    if os.access(existing, os.W_OK) and existing.is_dir():
        return Check(name, True, str(directory), vital=False)
    return Check(name, False, f"{directory} cannot be written", _WORKS_WITHOUT, vital=False)


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
    yield _check_limits()
    yield _check_temporary()
    yield _check_directory("cache directory", machine.cache_directory())
    yield _check_directory("state directory", machine.state_directory())


def explain_environment(message: str) -> GuestShellError:
    """Give the error for an environment that libguestfs does not understand."""
    check = _check_temporary()
    if not check.ok:
        return ApplianceError(f"{check.name}: {check.finding}", check.remedy)
    return UsageError(message, "libguestfs reads it from the environment")


def host_lack(memory: int | None, *, stock: bool) -> ApplianceError | None:
    """Give the error for the first missing thing without which no appliance starts, if one is.

    The stock appliance needs more than the lean one.
    """
    of_stock = (_check_supermin, _check_kernel) if stock else ()
    always = (_check_qemu, *of_stock, lambda: _check_limits(memory), _check_temporary)
    for look in (*always, lambda: _check_memory(memory)):
        check = look()
        if not check.ok:
            return ApplianceError(
                f"the appliance could not be started: {check.name}: {check.finding}", check.remedy
            )
    return None


def explain_launch_failure(message: str, memory: int | None) -> ApplianceError:
    """Give the error to show for a launch that failed: the first missing thing, if one is."""
    return host_lack(memory, stock=True) or ApplianceError(
        f"the appliance could not be started: {message}", "guestctl doctor --launch tells more"
    )
