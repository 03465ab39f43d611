"""The same 300 questions as a script of ours and as one of guestfish."""

import subprocess
import tarfile
import time
from pathlib import Path

from tests.e2e.terminal import GUESTCTL
from tests.images.build import guestfish_environment
from tests.images.debian import debian_tar

_SMALL = 64 * 1024


def _paths() -> tuple[list[str], list[str]]:
    """Give small files and directories of the image whose names need no quotes."""
    files, directories = [], []
    with tarfile.open(debian_tar()) as tar:
        for member in tar:
            path = "/" + member.name.removeprefix("./").rstrip("/")
            if not path.replace("/", "").replace("-", "").replace("_", "").isalnum():
                continue
            if member.isfile() and 0 < member.size < _SMALL and path.startswith(("/etc", "/usr")):
                content = tar.extractfile(member)
                # what ends in a line can be told from the mark behind it
                if content is not None and content.read().endswith(b"\n"):
                    files.append(path)
            elif member.isdir() and path.startswith("/usr/"):
                directories.append(path)
    return files, directories


def scripts() -> tuple[list[str], list[str]]:
    """Give 300 lines of ours and their 300 of guestfish: read, list, describe and hash."""
    files, directories = _paths()
    ours, theirs = [], []
    for path in files[:120]:
        ours.append(f"cat {path}")
        theirs.append(f"cat {path}")
    for path in directories[:90]:
        ours.append(f"ls -la {path}")
        theirs.append(f"ll {path}")
    for path in files[120:150]:
        ours.append(f"head -n 5 {path}")
        theirs.append(f"head-n 5 {path}")
    for path in files[150:180]:
        ours.append(f"stat {path}")
        theirs.append(f"statns {path}")
    for path in files[180:210]:
        ours.append(f"hash {path}")
        theirs.append(f"checksum sha256 {path}")
    return ours, theirs


def _seconds(command: list[str], lines: list[str]) -> float:
    started = time.monotonic()
    done = subprocess.run(
        command,
        input="\n".join(lines).encode() + b"\n",
        capture_output=True,
        env=guestfish_environment(),
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return time.monotonic() - started


def script_seconds(image: Path) -> tuple[float, float]:
    """Give how long each takes for its script, from process start to its end."""
    ours, theirs = scripts()
    assert len(ours) == len(theirs) == 300
    fish = ["guestfish", "--ro", "--format=raw", "-a", str(image), "-i"]
    return (
        _seconds([GUESTCTL, "run", "-q", "--no-index", str(image)], ours),
        _seconds(fish, theirs),
    )
