"""Build the images that the tests open, with the host's own tools."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import platformdirs

from guestshell.engine.machine import choose_accelerator

MIB = 2**20
KEPT = Path(os.environ.setdefault("GUESTCTL_TESTS", platformdirs.user_cache_dir("guestctl-tests")))
"""Where built images stay from one run of the tests to the next."""

TOOL_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def run(*command: str, text: str = "") -> str:
    program = shutil.which(command[0], path=TOOL_PATH)
    assert program is not None, f"{command[0]} is not installed"
    done = subprocess.run(
        [program, *command[1:]], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"
    return done.stdout


def cached(name: str, recipe: str, build: Callable[[Path], None]) -> Path:
    """Give a built image, built again only when its recipe changed."""
    directory = KEPT
    directory.mkdir(parents=True, exist_ok=True)
    stem, suffix = name.split(".")
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    image = directory / f"{stem}-{digest}.{suffix}"
    with image.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        if not image.exists():
            temporary = image.with_suffix(".partial")
            temporary.unlink(missing_ok=True)
            build(temporary)
            temporary.replace(image)
    return image


def guestfish_environment() -> dict[str, str]:
    """Give the environment in which guestfish starts here: it has no probe of its own."""
    settings = {} if choose_accelerator().kvm else {"LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"}
    return {**os.environ, "LIBGUESTFS_BACKEND": "direct", **settings}


def guestfish(script: str, *options: str, timeout: float = 900) -> str:
    done = subprocess.run(
        ["guestfish", *options],
        input=script,
        capture_output=True,
        text=True,
        env=guestfish_environment(),
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def partitioned(image: Path, sizes: list[int], fill: Callable[[int], Path | None]) -> None:
    """Make an MBR image of Linux partitions (sizes in MiB), each an ext4 of a host tree."""
    with image.open("wb") as file:
        file.truncate((sum(sizes) + 2) * MIB)
    starts = [1 + sum(sizes[:index]) for index in range(len(sizes))]
    lines = [
        f"start={s * 2048}, size={n * 2048}, type=83" for s, n in zip(starts, sizes, strict=True)
    ]
    run("sfdisk", "--quiet", str(image), text="label: dos\n" + "\n".join(lines) + "\n")
    for index, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        tree = fill(index)
        if tree is not None:
            run(
                "mke2fs", "-q", "-t", "ext4", "-L", f"part{index + 1}", "-N", "32768",
                "-E", f"offset={start * MIB},root_owner=0:0", "-d", str(tree), str(image),
                str(size * 1024),
            )  # fmt: skip
