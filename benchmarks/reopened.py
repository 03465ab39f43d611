"""An image that was looked at before: new processes that answer from the index."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.dissect import Dissect, installed
from benchmarks.figures import Figure, beside, median_of
from benchmarks.processes import guestctl, guestctl_without_appliance
from benchmarks.questions import QUESTIONS, Question
from tests.images.debian import MANY, MANY_COUNT, benchmark_image, debian_image

_ROUNDS = 5
_SECONDS = 0.5
_OF_PEER = 0.2


def learned(image: Path) -> Path:
    """Have all of an image learned anew, as this version learns it."""
    guestctl("index", image, "drop")
    guestctl("index", image, "build")
    return image


def measure() -> Iterator[Figure]:
    """Ask each question of the Debian, then list a directory of 10,000 names."""
    dissect = installed()
    debian = learned(debian_image())
    for question in QUESTIONS:
        yield from _asked(question, debian, dissect)
    yield _large_directory(learned(benchmark_image()), dissect)


def _asked(question: Question, image: Path, dissect: Dissect) -> Iterator[Figure]:
    answer = guestctl_without_appliance(question.command, image, *question.arguments).output

    def ours() -> float:
        again = guestctl(question.command, image, *question.arguments)
        if again.output != answer:
            raise RuntimeError(f"{question.text} answers otherwise with an appliance")
        return again.seconds

    def theirs() -> float:
        ran = question.ask_peer(dissect, image)
        question.check(answer, ran.output)
        return ran.seconds

    what = f"reopened: {question.text}"
    seconds = median_of(ours, _ROUNDS)
    yield Figure(what, seconds, "s", limit=_SECONDS, of_peer=False)
    yield beside(what, seconds, question.peer, theirs, _OF_PEER, _ROUNDS)


def _large_directory(image: Path, dissect: Dissect) -> Figure:
    guestctl_without_appliance("ls", image, "-l", MANY).expect("entry_", MANY_COUNT)
    ours = median_of(
        lambda: guestctl("ls", image, "-l", MANY).expect("entry_", MANY_COUNT), _ROUNDS
    )
    return beside(
        f"reopened: ls -l of {MANY_COUNT:,} names", ours, "target-fs ls -l",
        lambda: dissect.fs(image, "ls", "-l", MANY).expect("entry_", MANY_COUNT),
    )  # fmt: skip
