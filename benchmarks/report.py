"""docs/performance.md: every figure beside its peer's, and the command that measured them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import HEADING, Figure

PAGE = Path(__file__).parent.parent / "docs/performance.md"

_BEGINNING = """# Performance

Measured by one run of

    make bench

side by side with guestfish, the virt tools and dissect on the same host and the same images,
which it builds: a Debian on GPT and LVM, the same with a file of 1 GB and a directory of 10,000
names, and an image of 100,000 files. `python -m benchmarks TOPIC` measures one of the topics
below and writes nothing.
"""

_MEANING = """
Seconds count from process start to the end of the answer, or in an open session from the line to
the last line of its answer; of repeated measures the median is given. *Never seen* means that
guestctl had no index of the image; *reopened* that its index was built before, and each such
answer was given once more where no emulator could start, with the same output. Answers of peers
are compared with ours before they are timed. The ratio is guestctl's figure over the peer's.
"""


def page(facts: Sequence[tuple[str, str]], topics: Mapping[str, Sequence[Figure]]) -> str:
    """Give the page: the host, then a table a topic."""
    lines = [_BEGINNING, "## Host", "", *_table(("", ""), facts), _MEANING]
    for title, figures in topics.items():
        lines += [f"## {title}", "", *_table(HEADING, [figure.cells() for figure in figures]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(heading), _row(["---"] * len(heading)), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
