"""Questions that guestctl and dissect both answer, and whether they gave the same answer.

A peer that fails fast, or looks elsewhere, is not to be measured as a fast one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dissect import Dissect
from benchmarks.processes import Ran
from tests.images.debian import HOSTNAME


@dataclass(frozen=True)
class Question:
    """A guestctl command line and dissect's way to ask the same.

    `facts` and `peer_facts` give what the two outputs say, in a form that can be compared.
    """

    command: str
    arguments: tuple[str, ...]
    peer: str
    ask_peer: Callable[[Dissect, Path], Ran]
    facts: Callable[[str], set[str]]
    peer_facts: Callable[[str], set[str]]

    @property
    def text(self) -> str:
        """The question as it is typed."""
        return " ".join((self.command, *self.arguments))

    def check(self, ours: str, theirs: str) -> None:
        """Compare two answers. Raises RuntimeError when they differ or say nothing."""
        said, expected = self.facts(ours), self.peer_facts(theirs)
        if not expected or said != expected:
            raise RuntimeError(
                f"{self.text} and {self.peer} differ in {sorted(said ^ expected)[:5]}"
            )


def _system(output: str) -> set[str]:
    return {fact for fact in (HOSTNAME.strip(), "Debian GNU/Linux 12 (bookworm)") if fact in output}


def _listed(output: str) -> set[str]:
    """Give the names of our long listing, which shows the target in the next column."""
    rows = re.findall(r"^\S{10}[^:\n]* \d\d:\d\d:\d\dZ  (\S+)", output, re.MULTILINE)
    return {name for name in rows if not name.startswith(".")}


def _listed_by_dissect(output: str) -> set[str]:
    rows = re.findall(r"^\S{10}.*\+00:00 (\S+)", output, re.MULTILINE)
    return {name for name in rows if not name.startswith(".")}


def _paths(output: str) -> set[str]:
    return {line for line in output.splitlines() if line.startswith("/")}


def _packages(output: str) -> set[str]:
    return {line.split()[0] for line in output.splitlines()[1:]}


def _packages_by_dissect(output: str) -> set[str]:
    return set(re.findall(r"^<\S*dpkg/package/status .*? name='([^']+)'", output, re.MULTILINE))


QUESTIONS = (
    Question(
        "inspect", (),
        "target-query -f os,hostname,version",
        lambda dissect, image: dissect.query(image, "os,hostname,version"),
        _system, _system,
    ),
    Question(
        "ls", ("-l", "/etc"),
        "target-shell -c 'ls -l /etc'",
        lambda dissect, image: dissect.shell(image, "ls -l /etc"),
        _listed, _listed_by_dissect,
    ),
    Question(
        "find", ("/", "-name", "passwd"),
        "target-shell -c 'find / -name passwd'",
        lambda dissect, image: dissect.shell(image, "find / -name passwd"),
        _paths, _paths,
    ),
    Question(
        "packages", (),
        "target-query -f dpkg.status",
        lambda dissect, image: dissect.query(image, "dpkg.status"),
        _packages, _packages_by_dissect,
    ),
)  # fmt: skip
