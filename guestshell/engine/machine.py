"""How to boot an appliance on this host: its emulator, and whether KVM really works."""

import json
import os
import platform
import shutil
import subprocess
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

from guestshell.homes import directory_of

_PROBE_SECONDS = 5.0
_QEMU_NAMES = {"arm64": "aarch64", "i686": "i386", "ppc64le": "ppc64"}

STARTUP_SECONDS = 180.0
"""A launch that takes longer has hung: ten times what emulation without KVM needs."""


@dataclass(frozen=True)
class Accelerator:
    """Whether the appliance may use KVM, and why."""

    kvm: bool
    reason: str

    @property
    def name(self) -> str:
        """`KVM` or `TCG`."""
        return "KVM" if self.kvm else "TCG"


def find_qemu() -> str | None:
    """Give the emulator that libguestfs will run, or None: $LIBGUESTFS_HV, else by machine."""
    chosen = os.environ.get("LIBGUESTFS_HV") or os.environ.get("LIBGUESTFS_QEMU")
    if chosen:
        return chosen
    machine = platform.machine()
    return shutil.which(f"qemu-system-{_QEMU_NAMES.get(machine, machine)}") or shutil.which(
        "qemu-kvm", path=os.environ.get("PATH", "") + ":/usr/libexec"
    )


def probe_kvm(qemu: str | None) -> Accelerator:
    """Ask QEMU itself, in some 40 ms, whether a KVM machine can be made here.

    That /dev/kvm opens says nothing: under many nested hypervisors it does, and the guest
    aborts. QMP `query-kvm` (QEMU QMP reference manual) answers only once the machine exists.
    """
    if "force_tcg" in os.environ.get("LIBGUESTFS_BACKEND_SETTINGS", ""):
        return Accelerator(False, "force_tcg is set in LIBGUESTFS_BACKEND_SETTINGS")
    if qemu is None:
        return Accelerator(False, "no QEMU to ask")
    device = Path("/dev/kvm")
    if not device.exists():
        return Accelerator(False, "this host has no /dev/kvm")
    if not os.access(device, os.R_OK | os.W_OK):
        return Accelerator(False, "/dev/kvm may not be opened by this user (group kvm)")
    if remembered := _remembered_failure(qemu):
        return Accelerator(False, remembered)
    questions = "".join(
        json.dumps({"execute": word}) + "\n" for word in ("qmp_capabilities", "query-kvm", "quit")
    )
    command = [qemu, "-accel", "kvm", "-cpu", "max", "-nodefaults", "-display", "none"]
    try:
        answer = subprocess.run(
            [*command, "-qmp", "stdio"],
            input=questions,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Accelerator(False, f"the KVM probe failed: {error}")
    if '"enabled": true' in answer.stdout and answer.returncode == 0:
        return Accelerator(True, "a KVM machine starts here")
    first_line = (answer.stderr.strip().splitlines() or ["QEMU gave no reason"])[0]
    return Accelerator(False, f"a KVM machine does not start here: {first_line}")


_probing = threading.Lock()


def choose_accelerator() -> Accelerator:
    """Give the verdict of probe_kvm for the emulator of this host, probed once a process."""
    with _probing:  # else handles that are made at once would each start a QEMU
        return _probed()


@cache
def _probed() -> Accelerator:
    return probe_kvm(find_qemu())


def cache_directory() -> Path:
    """Where what can be made again is kept; the directory may not exist yet."""
    return directory_of(platformdirs.user_cache_dir)


def state_directory() -> Path:
    """Where the history is kept; the directory may not exist yet."""
    return directory_of(platformdirs.user_state_dir)


def _host_signature(qemu: str) -> str:
    try:
        stat = Path(qemu).stat()
    except OSError:
        return ""
    return f"{platform.release()} {qemu} {stat.st_size} {stat.st_mtime_ns}"


def _memory_file() -> Path:
    return cache_directory() / "kvm-failure.json"


def remember_kvm_failure(reason: str) -> None:
    """Keep KVM off on this kernel and emulator: it passed the probe and failed the launch."""
    qemu = find_qemu()
    if qemu is None:
        return
    try:
        _memory_file().parent.mkdir(parents=True, exist_ok=True)
        _memory_file().write_text(
            json.dumps({"host": _host_signature(qemu), "reason": reason}), encoding="utf-8"
        )
    except OSError:
        pass  # a read-only home costs one slow launch a session, nothing else


def _remembered_failure(qemu: str) -> str:
    try:
        memory = json.loads(_memory_file().read_text(encoding="utf-8"))
        if memory["host"] == _host_signature(qemu):
            return f"a KVM launch failed on this host before: {memory['reason']}"
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return ""
