"""Fox-IT's dissect, in an environment of its own: its programs are run, it is never imported."""

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from benchmarks.processes import Ran, ran

VERSION = "3.25.1"


@dataclass(frozen=True)
class Dissect:
    """The programs of dissect.target; `problem` says why there are none."""

    home: Path
    problem: str = ""

    def run(self, program: str, *arguments: str) -> Ran:
        """Run one without its log. Raises RuntimeError."""
        if self.problem:
            raise RuntimeError(self.problem)
        # target-shell keeps a history in the home
        command = [str(self.home / "bin" / program), "-q", *arguments]
        return ran(command, {"HOME": str(self.home)})

    def shell(self, image: Path, line: str) -> Ran:
        """Give target-shell a line."""
        return self.run("target-shell", str(image), "-c", line)

    def query(self, image: Path, functions: str) -> Ran:
        """Ask target-query for functions, records as text."""
        return self.run("target-query", "-s", "-f", functions, str(image))

    def fs(self, image: Path, *arguments: str) -> Ran:
        """Have target-fs read the image's files."""
        return self.run("target-fs", str(image), *arguments)


def installed() -> Dissect:
    """Give dissect, installed into the user's cache directory the first time."""
    home = Path(platformdirs.user_cache_dir("guestctl-tests")) / f"dissect-{VERSION}"
    done = home / "installed"
    if not done.exists():
        print(f"installing dissect.target {VERSION} into a directory of its own", file=sys.stderr)
        try:
            venv.create(home, with_pip=True, clear=True)
            subprocess.run(
                [home / "bin/python", "-m", "pip", "install", "--quiet",
                 "--disable-pip-version-check", f"dissect.target[full]=={VERSION}"],
                check=True,
                capture_output=True,
            )  # fmt: skip
        except (OSError, subprocess.CalledProcessError) as error:
            return Dissect(home, f"dissect cannot be installed: {error}")
        done.touch()
    return Dissect(home)
