"""Scan on a Dask cluster, whose workers open the images by the paths that this host gives them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from guestshell.errors import HostError, UsageError
from guestshell.scan.examine import Plan
from guestshell.scan.report import Failure, Report, Target, report_from_json
from guestshell.scan.share import Batch, Begin, examine_batch

_PATIENCE_SECONDS = 10


def scan_on_cluster(
    batches: Sequence[Batch], plan: Plan, begin: Begin, address: str
) -> Iterator[tuple[Target, Report]]:
    """Give a report of every image. `begin` is told of each when it is handed over.

    What a worker that dies had in hand is Dask's to give to another. Raises UsageError without
    Dask (extra `dask`), HostError where no scheduler answers.
    """
    try:
        from distributed import Client, as_completed
        from distributed.comm.addressing import resolve_address
    except ImportError:
        raise UsageError("--dask needs Dask", "pip install 'guestshell[dask]'") from None
    try:
        resolve_address(address)  # a Client that refuses an address has more to say later
        client = Client(address, timeout=_PATIENCE_SECONDS)
    except (OSError, ValueError) as error:
        raise HostError(f"{address}: no Dask scheduler answers") from error
    with client:
        batch_of = {}
        for batch in batches:
            for target in batch:
                begin(target)
            # a name of its own each: two images may be asked the same twice
            batch_of[client.submit(_look, _absolute(batch), plan, pure=False)] = batch
        try:
            for future in as_completed(list(batch_of)):
                yield from _reports(batch_of.pop(future), future)
        finally:
            client.cancel(list(batch_of))


def _absolute(batch: Batch) -> Batch:
    return tuple(Target(target.number, str(Path(target.name).absolute())) for target in batch)


def _look(batch: Batch, plan: Plan) -> list[tuple[int, dict[str, Any]]]:
    """Look at the images of a batch, on a worker."""
    found = examine_batch(batch, plan, lambda target: None)
    return [(target.number, report.to_json()) for target, report in found]


def _reports(batch: Batch, future: Any) -> Iterator[tuple[Target, Report]]:
    by_number = {target.number: target for target in batch}
    if future.status == "finished":
        for number, value in future.result():
            target = by_number[number]
            yield target, replace(report_from_json(value), image=target.name)
        return
    message = f"no worker of the cluster could look at it ({future.exception()})"
    for target in batch:
        yield target, Report(target.name, failures=[Failure(None, message)])
