"""Scan in this process, one batch after the other."""

from collections.abc import Iterator, Sequence

from guestshell.scan.examine import Plan
from guestshell.scan.report import Report, Target
from guestshell.scan.share import Batch, Begin, examine_batch


def scan_here(
    batches: Sequence[Batch], plan: Plan, begin: Begin
) -> Iterator[tuple[Target, Report]]:
    """Give a report of every image."""
    for batch in batches:
        yield from examine_batch(batch, plan, begin)
