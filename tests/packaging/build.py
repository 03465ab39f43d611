"""Build what is released, and run the tools that look at it."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def output_of(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Run a program and give its standard output; a failure shows both of its streams."""
    words = [str(word) for word in command]
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def built(target: str, directory: Path) -> Path:
    """Build `sdist` or `wheel` into a directory and give the file."""
    output_of(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", directory)
    [file] = directory.glob("*.tar.gz" if target == "sdist" else "*.whl")
    return file


def system_python_with_our_libraries(directory: Path) -> dict[str, str]:
    """Give an environment whose python3 and python are the distribution's, and can import ours.

    A distribution's package is built with its own packages of our dependencies; here those of
    the virtual environment stand in for them, as they are for the same interpreter.
    """
    for name in ("python", "python3"):
        # a link would show in the first line of the program
        (directory / name).write_text('#!/bin/sh\nexec /usr/bin/python3 "$@"\n')
        (directory / name).chmod(0o755)
    return {
        "PATH": f"{directory}:{os.environ['PATH']}",
        "DEB_PYTHON_INSTALL_LAYOUT": "deb",  # below /usr, as in a package, not below /usr/local
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }
