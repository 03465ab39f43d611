"""Measure guestctl beside its peers in one run: `make bench`.

`python -m benchmarks [TOPIC…]` measures some topics only, and writes nothing.
"""

import argparse
import os
from collections.abc import Callable, Iterator

from benchmarks import (
    event_loop,
    first_answer,
    interactive,
    launches,
    many_images,
    reopened,
    sessions,
    tree,
)
from benchmarks.figures import HEADING, Figure
from benchmarks.host import facts, has_lean_appliance, have_lean_appliance
from benchmarks.report import PAGE, page

TOPICS: dict[str, tuple[str, Callable[[], Iterator[Figure]]]] = {
    "first_answer": ("First answer on an image never seen", first_answer.measure),
    "reopened": ("A reopened image, no appliance running", reopened.measure),
    "launch": ("Launch of the appliance", launches.measure),
    "tree": ("A tree of 100,000 files", tree.measure),
    "interactive": ("At the prompt", interactive.measure),
    "sessions": ("In an open session", sessions.measure),
    "many_images": ("Many images", many_images.measure),
    "event_loop": ("The event loop of a program", event_loop.measure),
}

_WIDTHS = (52, 13, 13, 37, 8, 11, 12)


def _line(cells: tuple[str, ...]) -> str:
    left = {0, 3, 6}
    return " ".join(
        cell.ljust(width) if column in left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    ).rstrip()


def main() -> None:
    """Print every figure with its peer's and what was promised; a whole run writes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("topic", nargs="*", help=", ".join(TOPICS))
    chosen: list[str] = parser.parse_args().topic
    if unknown := set(chosen) - set(TOPICS):
        parser.error(f"no topic {' '.join(sorted(unknown))}: there are {', '.join(TOPICS)}")
    # programs that are installed have their bytecode
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    have_lean_appliance()
    print(_line(HEADING))
    measured: dict[str, list[Figure]] = {}
    for name in chosen or TOPICS:
        title, measure = TOPICS[name]
        measured[title] = []
        for figure in measure():
            print(_line(figure.cells()), flush=True)
            measured[title].append(figure)
        if not has_lean_appliance():
            raise SystemExit(f"{title}: the lean appliance went out of use meanwhile")
    if not chosen:
        PAGE.write_text(page(facts(), measured), encoding="utf-8")


main()
