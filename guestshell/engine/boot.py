"""Boot one appliance: handle settings, drives, the accelerator and its fallback."""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guestshell.engine import binding, machine, processes
from guestshell.engine.diagnosis import explain_environment, explain_launch_failure, host_lack
from guestshell.engine.handle import Handle
from guestshell.engine.lean import store
from guestshell.engine.lean.tuning import kernel_parameters
from guestshell.engine.machine import Accelerator
from guestshell.errors import ApplianceError
from guestshell.temporary import own_directory, remember_sockets


@dataclass(frozen=True)
class Drive:
    """A disk of the appliance: an absolute host path and its format, which is never guessed."""

    path: str
    format: str


@dataclass(frozen=True)
class Launched:
    """An appliance that answers."""

    handle: Handle
    accelerator: Accelerator
    pid: int | None


def bare_handle(
    accelerator: Accelerator, appliance: Path | None = None, processors: int = 1
) -> Any:
    """Give a binding handle without drives, set up for this host.

    `appliance` is the directory of a lean appliance; None starts the stock one. With KVM it has
    two processors whatever `processors` says.
    """
    raw = binding.load().module.GuestFS(python_return_dict=True, environment=False)
    try:
        raw.parse_environment()  # to make the handle would print what is wrong there
    except RuntimeError as error:
        raise explain_environment(str(error)) from None
    raw.set_pgroup(True)  # else the terminal's Ctrl-C kills the emulator
    raw.set_network(False)
    place = raw.get_tmpdir()  # LIBGUESTFS_TMPDIR, TMPDIR or /tmp
    try:
        raw.set_tmpdir(str(own_directory(place)))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ApplianceError(f"{place}: {why}", "TMPDIR names another directory") from None
    if "LIBGUESTFS_BACKEND" not in os.environ:
        raw.set_backend("direct")
    if not accelerator.kvm:
        raw.set_backend_setting("force_tcg", "1")
    raw.set_smp(min(2 if accelerator.kvm else processors, os.cpu_count() or 1))
    if appliance is not None:
        raw.set_path(str(appliance))
        given = raw.get_append() or ""  # LIBGUESTFS_APPEND
        raw.set_append(" ".join([given, *kernel_parameters(accelerator)]).strip())
    return raw


def name_content_format(raw: Any, index: int) -> None:
    """Say that what a read-only drive's overlay holds is raw, before the launch.

    libguestfs names the overlay's format but not that of the disk on it, which QEMU would guess
    from bytes that the guest wrote, and open the host file they name.
    """
    if raw.get_backend() == "direct":
        raw.config("-set", f"drive.hd{index}.format=raw")
        # else a journal that is replayed into an overlay on a full disk stops the machine for good
        raw.config("-set", f"drive.hd{index}.werror=report")


def new_handle(
    drives: Sequence[Drive],
    accelerator: Accelerator,
    memory: int | None,
    appliance: Path | None = None,
    processors: int = 1,
) -> Any:
    """Give a configured binding handle. Drives are read-only: writes go to a lost overlay.

    `appliance` and `processors` are as for `bare_handle`.
    """
    raw = bare_handle(accelerator, appliance, processors)
    if memory is not None:
        raw.set_memsize(memory)
    for index, drive in enumerate(drives):
        raw.add_drive_opts(drive.path, format=drive.format, readonly=True)
        name_content_format(raw, index)
    if raw.get_backend() == "direct":
        # its root is written to as well, and QEMU would stop the machine for good on a full disk
        raw.config("-set", "drive.appliance.werror=report")
    return raw


def launch_in_time(raw: Any, seconds: float = machine.STARTUP_SECONDS) -> None:
    """Launch a handle within our own deadline; raises ApplianceError."""
    # the library's own limit is 20 minutes
    this_thread = [threading.get_native_id()]
    deadline = threading.Timer(seconds, processes.kill_launch, this_thread)
    deadline.daemon = True
    deadline.start()
    try:
        raw.launch()
    except RuntimeError as error:
        hung = not deadline.is_alive()
        problem = f"no answer in {seconds:.0f} s" if hung else str(error)
        raise ApplianceError(problem.strip().splitlines()[0]) from None
    finally:
        deadline.cancel()


def process_of(raw: Any) -> int | None:
    """Give the emulator's process; None where the backend does not tell, as libvirt's."""
    try:
        return int(raw.get_pid())
    except RuntimeError:
        return None


def start(
    raw: Any,
    progress: Callable[[float], None] = lambda share: None,
    seconds: float = machine.STARTUP_SECONDS,
) -> None:
    """Launch a handle within our own deadline; raises ApplianceError and has closed it then."""

    def on_progress(_event: int, _handle: int, _buffer: object, numbers: list[int]) -> None:
        progress(numbers[2] / max(numbers[3], 1))

    event = raw.set_event_callback(on_progress, binding.load().module.EVENT_PROGRESS)
    try:
        launch_in_time(raw, seconds)
    except ApplianceError:
        with contextlib.suppress(RuntimeError):
            raw.close()
        raise
    raw.delete_event_callback(event)
    if (pid := process_of(raw)) is not None:
        remember_sockets(Path(raw.get_tmpdir()), pid)
    progress(1.0)  # the library says nothing of a launch of less than five seconds


def _launch_once(
    drives: Sequence[Drive],
    accelerator: Accelerator,
    memory: int | None,
    progress: Callable[[float], None],
    appliance: Path | None = None,
    processors: int = 1,
) -> Launched:
    try:
        raw = new_handle(drives, accelerator, memory, appliance, processors)
    except RuntimeError as error:
        problem = str(error).strip().splitlines()[0]
        raise ApplianceError(f"it cannot be set up: {problem}") from None
    start(raw, progress, machine.STARTUP_SECONDS if processors == 1 else _DOUBTFUL_SECONDS)
    return Launched(Handle(raw), accelerator, process_of(raw))


_DOUBTFUL_SECONDS = 60.0
"""How long two emulated processors may take, which can lock each other up."""

_ONCE_MORE = "The appliance did not start; trying once more."


def _launch_stock(
    drives: Sequence[Drive],
    accelerator: Accelerator,
    memory: int | None,
    progress: Callable[[float], None],
    notice: Callable[[str], None],
    wanted: Callable[[], bool],
) -> Launched:
    """Launch the stock appliance, whose start two processors make a tenth shorter."""
    if accelerator.kvm:
        return _launch_once(drives, accelerator, memory, progress)
    try:
        return _launch_once(drives, accelerator, memory, progress, processors=2)
    except ApplianceError:
        if not wanted() or host_lack(memory, stock=True) is not None:
            raise
    notice(_ONCE_MORE)
    return _launch_once(drives, accelerator, memory, progress)


def launch(
    drives: Sequence[Drive],
    *,
    memory: int | None,
    progress: Callable[[float], None],
    notice: Callable[[str], None],
    wanted: Callable[[], bool],
) -> Launched:
    """Boot: the lean appliance where one fits, with KVM where it works.

    When a lean launch fails twice, the stock appliance is started instead, and when a KVM launch
    fails, one without; what was to blame is remembered. Raises ApplianceError with the cause
    found and its remedy. Must run in the thread that will own the handle. Ends early when no
    longer `wanted`.
    """
    accelerator = machine.choose_accelerator()
    lean = store.chosen()
    if lean is not None:
        for remark in (
            _ONCE_MORE,
            "The lean appliance does not start; starting the stock one, which is slower.",
        ):
            try:
                return _launch_once(drives, accelerator, memory, progress, lean)
            except ApplianceError as error:
                if not wanted():
                    raise
                if (lack := host_lack(memory, stock=False)) is not None:
                    raise lack from None  # to try again would not help
                lean_failure = error.message
            notice(remark)
    try:
        launched = _launch_stock(drives, accelerator, memory, progress, notice, wanted)
    except ApplianceError as error:
        if not wanted():
            raise
        if not accelerator.kvm or host_lack(memory, stock=True) is not None:
            raise explain_launch_failure(error.message, memory) from None
        failure = error.message
    else:
        if lean is not None:
            store.remember_failure(lean, lean_failure)
        return launched
    notice("The appliance does not start with KVM; starting it without, which is slower.")
    emulated = Accelerator(False, f"a KVM launch failed: {failure}")
    try:
        launched = _launch_stock(drives, emulated, memory, progress, notice, wanted)
    except ApplianceError as error:
        raise explain_launch_failure(error.message, memory) from None
    machine.remember_kvm_failure(failure)
    return launched
