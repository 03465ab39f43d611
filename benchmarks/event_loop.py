"""How long the event loop of a program stands still while an AsyncGuest works."""

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.figures import Figure
from tests.images.debian import BIG_FILE, MANY, benchmark_image

_LONGEST = 0.05


def measure() -> Iterator[Figure]:
    """Give the longest gap between two rounds of the loop, by what the guest does meanwhile."""
    command = [sys.executable, "-m", "benchmarks.loop_gaps", str(benchmark_image()), MANY, BIG_FILE]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    for what, gap in json.loads(output).items():
        yield Figure(f"longest gap in the loop: {what}", gap, "s", limit=_LONGEST, of_peer=False)
