"""A figure: what was measured, beside whom, and what was promised of it."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

HEADING = ("what", "guestctl", "beside it", "", "ratio", "limit", "")


@dataclass(frozen=True)
class Figure:
    """Ours, a peer's, and a limit on ours or, `of_peer`, on ours over theirs.

    `theirs` is None where nobody else was asked or the peer could not answer; `remark` says why.
    """

    what: str
    ours: float
    unit: str
    peer: str = ""
    theirs: float | None = None
    limit: float | None = None
    of_peer: bool = True
    at_least: bool = False
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def verdict(self) -> str:
        """Whether the limit was kept, or why that cannot be said."""
        if self.limit is None:
            return self.remark
        value = self.ratio if self.of_peer else self.ours
        if value is None:
            return self.remark or "no peer"
        reached = value >= self.limit if self.at_least else value <= self.limit
        return "reached" if reached else "NOT reached"

    def cells(self) -> tuple[str, ...]:
        """Give the row under HEADING."""
        theirs = "" if self.theirs is None else _number(self.theirs)
        limit = ""
        if self.limit is not None:
            unit = "x" if self.of_peer else self.unit
            limit = f"{'≥' if self.at_least else '≤'} {self.limit:g} {unit}"
        return (
            self.what,
            f"{_number(self.ours)} {self.unit}",
            f"{theirs} {self.unit}" if theirs else "",
            self.peer,
            "" if self.ratio is None else f"{self.ratio:.3f}",
            limit,
            self.verdict,
        )


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 100 else f"{value:,.0f}"


def median_of(measure: Callable[[], float], rounds: int, patience: float = 60) -> float:
    """Give the median of so many measures in seconds, fewer once they took `patience`."""
    began = time.monotonic()
    taken: list[float] = []
    while len(taken) < rounds and (not taken or time.monotonic() - began < patience):
        taken.append(measure())
    return statistics.median(taken)


def medians(
    rounds: int, ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[float, float]:
    """Give the medians of two that are measured by turns, so that both see the same host."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def beside(
    what: str,
    ours: float,
    peer: str,
    measure: Callable[[], float],
    limit: float | None = None,
    rounds: int = 3,
) -> Figure:
    """Give our seconds beside the median of a peer's; one that fails has its error as remark."""
    try:
        theirs = median_of(measure, rounds)
    except RuntimeError as error:
        return Figure(what, ours, "s", peer, limit=limit, remark=str(error))
    return Figure(what, ours, "s", peer, theirs, limit)
