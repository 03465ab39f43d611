"""Records of many files as one sequence in time."""

import heapq
import itertools
from collections.abc import Iterable, Iterator

from guestshell.guest.facts.logs.record import LogRecord, Source, Wanted

EVERYTHING = Wanted()


def merged(
    sources: Iterable[Source], wanted: Wanted = EVERYTHING, *, backward: bool = False
) -> Iterator[LogRecord]:
    """Yield the records wanted, oldest first, or newest first when `backward`.

    A file is opened when its turn comes: whoever wants the last ten never reads old archives.
    """
    sign = -1 if backward else 1
    order = itertools.count()
    waiting: list[tuple[int, int, Source | Iterator[tuple[int, LogRecord]], LogRecord | None]] = []
    for source in sources:
        if wanted.since is not None and source.end < wanted.since:
            continue
        if wanted.until is not None and source.start >= wanted.until:
            continue
        first = -source.end if backward else source.start
        waiting.append((first, next(order), source, None))
    heapq.heapify(waiting)
    while waiting:
        moment, place, origin, record = heapq.heappop(waiting)
        if record is not None and wanted.takes(sign * moment, record):
            yield record
        rows = origin if isinstance(origin, Iterator) else origin.records(wanted, backward=backward)
        following = next(rows, None)
        if following is not None:
            heapq.heappush(waiting, (sign * following[0], place, rows, following[1]))


def last(sources: Iterable[Source], count: int, wanted: Wanted = EVERYTHING) -> list[LogRecord]:
    """Give the last records wanted, oldest first."""
    return list(itertools.islice(merged(sources, wanted, backward=True), count))[::-1]
