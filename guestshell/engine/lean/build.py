"""Build the lean appliance out of the stock one, which does the work on a copy of its root."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from guestshell.engine import boot, machine
from guestshell.engine.diagnosis import explain_launch_failure
from guestshell.engine.lean import store
from guestshell.engine.lean.features import features_of
from guestshell.engine.lean.initrd import lean_initrd
from guestshell.engine.lean.kernel import unpacked
from guestshell.engine.lean.source import StockAppliance, copy_sparse
from guestshell.errors import ApplianceError, HostError

Progress = Callable[[str], None]

_README = "A fixed appliance for libguestfs, made by guestctl: guestfs(3), FIXED APPLIANCE.\n"
_ROOM = 2**36
"""Bytes of the disk into which the root is copied: more than any root has, at first a hole."""
_SLACK = 2**28
"""Bytes that the kernel, the initrd and the work on the root take beside the root, and to spare."""


def build(progress: Progress) -> Path:
    """Build the appliance for this host and give its directory; `progress` gets each stage.

    Who finds another building waits and takes that one's. Raises ApplianceError, HostError or
    BindingMissing and leaves nothing behind then. For a thread of its own: the calls that take
    most of the time, half a minute under emulation, do not hear Ctrl-C.
    """
    if reason := store.foreign():
        raise ApplianceError(f"no lean appliance is built: {reason}", "unset it, then build")
    progress("waiting for another build…")
    with store.locked():
        signed = store.signature()
        place = store.place_of(signed)
        if place.exists() and not store.has_failed(place):
            return place
        try:
            for old in store.home().iterdir():
                shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
            with tempfile.TemporaryDirectory(dir=store.home(), prefix=".new-") as temporary:
                directory = Path(temporary) / "appliance"
                directory.mkdir(mode=0o700)
                features = _fill(directory, progress)
                manifest = store.Manifest(signed, sorted(features), time.time())
                store.write_manifest(directory, manifest)
                directory.rename(place)
        except OSError as error:
            raise HostError.of(place, error) from None
        except RuntimeError as error:  # libguestfs
            raise ApplianceError(
                f"the lean appliance could not be built: {str(error).strip().splitlines()[0]}",
                "the stock appliance goes on being used",
            ) from None
    return place


@contextlib.contextmanager
def _running(appliance: Path | None, disk: Path | None) -> Iterator[Any]:
    """Launch an appliance, with one disk that may be written, and give its handle."""
    raw = boot.new_handle((), machine.choose_accelerator(), None, appliance)
    if disk is None:
        raw.add_drive_scratch(2**20)
    else:
        raw.add_drive_opts(str(disk), format="raw", cachemode="unsafe", discard="besteffort")
    try:
        boot.start(raw)
    except ApplianceError as error:
        if appliance is None:
            raise explain_launch_failure(error.message, None) from None
        raise ApplianceError(f"the lean appliance does not start: {error.message}") from None
    with contextlib.closing(raw):
        yield raw


def _fill(directory: Path, progress: Progress) -> set[str]:
    """Make the four files of a fixed appliance, try it, and give what it can do."""
    root = directory / "root"
    with root.open("wb") as file:
        file.truncate(_ROOM)
    progress("starting the stock appliance…")
    with _running(None, root) as raw:
        stock = StockAppliance.of_process(raw.get_pid())
        _check_space(directory, stock.space() + _SLACK)
        progress("asking it what it can do…")
        features = features_of(raw)
        progress("copying its root…")
        copy_sparse(stock.root, root)
        raw.blockdev_flushbufs("/dev/sda")  # what udev read of the empty disk
        progress("making the root lean…")
        _make_lean(raw)
        progress("taking kernel and modules…")
        kernel = stock.kernel.read_bytes()
        (directory / "kernel").write_bytes(unpacked(kernel) or kernel)
        (directory / "initrd").write_bytes(lean_initrd(stock.initrd.read_bytes()))
        (directory / "README.fixed").write_text(_README)
        size = stock.root.stat().st_size
    os.truncate(root, size)
    progress("starting the lean appliance…")
    with _running(directory, None) as raw:
        progress("comparing what they can do…")
        if lost := sorted(features - features_of(raw)):
            raise ApplianceError(
                f"the lean appliance would lack {', '.join(lost)}",
                "the stock appliance goes on being used",
            )
    return features


def _make_lean(raw: Any) -> None:
    raw.mount("/dev/sda", "/")
    raw.mkdir_p("/lean")
    for name in ("mounts", "marks.rules"):
        raw.write(f"/lean/{name}", (store.FILES / name).read_bytes())
    raw.write("/init", (store.FILES / "init").read_bytes())
    raw.chmod(0o755, "/init")
    raw.sh((store.FILES / "prepare").read_text(encoding="utf-8"))
    raw.fstrim("/")
    raw.umount_all()


def _check_space(directory: Path, needed: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise HostError(
            f"{directory.parent.parent}: {free // 2**20} MiB free, the lean appliance needs "
            f"{needed // 2**20} MiB while it is built",
            "make room, or set XDG_CACHE_HOME to a directory that has it",
        )
