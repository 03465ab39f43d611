"""How long the appliance takes to start: lean, stock, and what no appliance can beat."""

from collections.abc import Iterator

from benchmarks import launch
from benchmarks.figures import Figure


def measure() -> Iterator[Figure]:
    """Give the lean appliance beside the stock one and beside its bare kernel."""
    found = launch.measure()
    what = "launch of the lean appliance"
    yield Figure(what, found.lean, "s", "stock appliance", found.stock, 0.55)
    yield Figure(what, found.lean, "s", "its kernel to the first process", found.floor)
