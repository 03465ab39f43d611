"""Scan in several processes, so that one that dies takes no more with it than its own image.

Not concurrent.futures: when one of its processes dies, all that was handed to it fails, and
nobody knows whose fault it was. Here each process has a pipe of its own and says what it begins.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from guestshell.engine.diagnosis import available_memory
from guestshell.scan.examine import Plan
from guestshell.scan.report import Failure, Report, Target, report_from_json
from guestshell.scan.share import Batch, Begin, examine_batch

_ATTEMPTS = 2
"""How often an image is begun: once more after a process died over it."""

_MIB = 2**20
_APPLIANCE_MIB = 1280
"""Memory of an appliance where --memory says nothing, guestfs(3) set_memsize."""
_BESIDE_MIB = 256
"""What its emulator and the process that asks it take beside that."""

_CLOSE_SECONDS = 20.0
_LAST_SECONDS = 5.0


def fitting_jobs(memory: int | None) -> int:
    """Give how many appliances of so many MiB this host's memory and processors allow."""
    needed = (memory or _APPLIANCE_MIB) + _BESIDE_MIB
    by_memory = available_memory() // (needed * _MIB)
    return max(1, min(by_memory, len(os.sched_getaffinity(0))))


# -- the process that looks -----------------------------------------------------------------------


def _work(pipe: Connection, plan: Plan) -> None:
    """Look at batches as they come, until the pipe ends."""
    # what ends this process ends its appliance first, as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()

    def begin(target: Target) -> None:
        pipe.send((target.number, None))

    with suppress(KeyboardInterrupt, EOFError, OSError):
        while True:
            batch: Batch = pipe.recv()
            for target, report in examine_batch(batch, plan, begin):
                pipe.send((target.number, report.to_json()))
            pipe.send(None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is on its way


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_CLOSE_SECONDS)
    os._exit(1)


# -- the process that asks ------------------------------------------------------------------------


class _Worker:
    """A process, its pipe, and what it was given: `begun` is the image it has in hand."""

    def __init__(self, plan: Plan) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_work, args=(theirs, plan), name="guestctl-scan"
        )
        # a terminal's Ctrl-C reaches all of its processes; only this one is to hear it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self.left: dict[int, Target] = {}
        self.begun: Target | None = None
        self.is_busy = False

    def give(self, batch: Batch) -> None:
        self.left = {target.number: target for target in batch}
        self.begun = None
        self.is_busy = True
        with suppress(OSError):  # it is dead already, as the pipe's end will say
            self.pipe.send(batch)

    def fault(self) -> Target:
        """Give the image that it died over."""
        return self.begun or next(iter(self.left.values()))


class _Pool:
    def __init__(self, batches: Sequence[Batch], plan: Plan, begin: Begin, jobs: int) -> None:
        self._waiting = deque(batches)
        self._plan = plan
        self._begin = begin
        self._jobs = jobs
        self._workers: list[_Worker] = []
        self._attempts: dict[int, int] = {}

    def run(self) -> Iterator[tuple[Target, Report]]:
        while self._waiting or any(worker.is_busy for worker in self._workers):
            self._employ()
            busy = [worker for worker in self._workers if worker.is_busy]
            ready = wait([worker.pipe for worker in busy])
            for worker in busy:
                if worker.pipe in ready:
                    yield from self._hear(worker)

    def _employ(self) -> None:
        """Give each that has nothing to do a batch, and start as many as are wanted."""
        idle = deque(worker for worker in self._workers if not worker.is_busy)
        while self._waiting and (idle or len(self._workers) < self._jobs):
            if idle:
                worker = idle.popleft()
            else:
                worker = _Worker(self._plan)
                self._workers.append(worker)
            worker.give(self._waiting.popleft())

    def _hear(self, worker: _Worker) -> Iterator[tuple[Target, Report]]:
        try:
            said: tuple[int, dict[str, Any] | None] | None = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._bury(worker)
            return
        if said is None:
            worker.is_busy = False
            return
        number, value = said
        target = worker.left[number]
        if value is None:
            worker.begun = target
            self._begin(target)
            return
        del worker.left[number]
        worker.begun = None
        yield target, report_from_json(value)

    def _bury(self, worker: _Worker) -> Iterator[tuple[Target, Report]]:
        """Have what a dead process left done elsewhere, the image it died over but once more."""
        self._workers.remove(worker)
        worker.process.join()
        worker.pipe.close()
        if not worker.left:  # all that it was given had been told
            return
        fault = worker.fault()
        rest = tuple(target for target in worker.left.values() if target is not fault)
        if rest:
            self._waiting.appendleft(rest)
        attempts = self._attempts[fault.number] = self._attempts.get(fault.number, 0) + 1
        if attempts < _ATTEMPTS:
            self._waiting.appendleft((fault,))
            return
        message = f"the process that looked at it died twice ({_end(worker)})"
        yield fault, Report(fault.name, failures=[Failure(None, message)])

    def close(self) -> None:
        """End all processes, and the appliances with them."""
        try:
            self._join(_CLOSE_SECONDS)
        finally:  # a second Ctrl-C waits no longer
            for worker in self._workers:
                if worker.process.is_alive():
                    worker.process.kill()  # libguestfs ends the emulator of a process that is gone
            for worker in self._workers:
                worker.process.join(_LAST_SECONDS)

    def _join(self, seconds: float) -> None:
        for worker in self._workers:
            worker.pipe.close()  # which one that waits takes for the end
            if worker.is_busy:
                worker.process.terminate()
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))


def _end(worker: _Worker) -> str:
    code = worker.process.exitcode or 0
    return signal.Signals(-code).name if code < 0 else f"status {code}"


def scan_in_workers(
    batches: Sequence[Batch], plan: Plan, begin: Begin, jobs: int
) -> Iterator[tuple[Target, Report]]:
    """Give a report of every image as they come, from at most so many processes."""
    pool = _Pool(batches, plan, begin, jobs)
    try:
        yield from pool.run()
    finally:
        pool.close()
