"""A scan from its images to its result."""

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from guestshell.engine.diagnosis import check_memory
from guestshell.errors import ExitCode, UsageError
from guestshell.output.sink import Sink
from guestshell.scan.cluster import scan_on_cluster
from guestshell.scan.examine import Plan, check_lines
from guestshell.scan.journal import Journal
from guestshell.scan.local import scan_here
from guestshell.scan.report import Report, Target
from guestshell.scan.share import Batch, batches
from guestshell.scan.show import Shown
from guestshell.scan.sources import STANDARD_INPUT, expand, listed
from guestshell.scan.workers import fitting_jobs, scan_in_workers


@dataclass
class Scan:
    """What was asked: the images as they were named, the lines, and how to go about it."""

    named: Sequence[str]
    lists: Sequence[str]
    by_nul: bool
    plan: Plan
    form: str
    jobs: int | None = None
    share: bool = False
    cluster: str = ""
    """The address of a Dask scheduler, empty for this host."""
    resume: Path | None = None

    def run(self, sink: Sink) -> ExitCode:
        """Look at all images and show what was found.

        Raises UsageError for what cannot be asked. Ctrl-C ends it early; what is done by then is
        shown.
        """
        check_lines(self.plan.lines)
        if self.cluster and self.jobs is not None:
            raise UsageError("--jobs are this host's", "give --dask or --jobs")
        if self.plan.memory is not None:
            check_memory(self.plan.memory)
        targets, empty = self._images()
        with contextlib.ExitStack() as stack:
            journal = None
            if self.resume is not None:
                journal = stack.enter_context(Journal(self.resume, self.plan))
            outcome = _Outcome(empty)
            found = outcome.watched(self._reports(targets, journal, sink))
            stack.enter_context(contextlib.closing(found))
            shown = Shown(self.plan.lines, {target.name: target.number for target in targets}, sink)
            if self.form == "table":
                shown.tables(found)
            else:
                shown.data(found, self.form)
        if outcome.interrupted:
            sink.notice("Interrupted")
        return outcome.status

    def _images(self) -> tuple[list[Target], list[Report]]:
        lists = [*self.lists, *(name for name in self.named if name == STANDARD_INPUT)]
        if self.by_nul and not lists:
            raise UsageError("-0 is about lists", "give one by --from FILE, or by -")
        if lists.count(STANDARD_INPUT) > 1:
            raise UsageError("standard input is read once", "give - once")
        named = [name for name in self.named if name != STANDARD_INPUT]
        if not named and not lists:
            raise UsageError("no image is named", "guestctl scan --help explains it")
        paths = [path for file in lists for path in listed(file, by_nul=self.by_nul)]
        return expand(named, paths)

    def _reports(
        self, targets: Sequence[Target], journal: Journal | None, sink: Sink
    ) -> Iterator[Report]:
        """Yield a report of each image, those of the journal first."""
        with sink.counting(len(targets)) as bar:
            waiting: list[Target] = []
            for target in targets:
                done = journal.report_of(target) if journal is not None else None
                if done is None:
                    waiting.append(target)
                    continue
                if bar is not None:
                    bar.advance()
                yield done
            begin = (lambda target: bar.say(target.name)) if bar is not None else _say_nothing
            for _target, report in self._looks(waiting, begin):
                if journal is not None:
                    journal.add(report)
                if bar is not None:
                    bar.advance()
                yield report

    def _looks(
        self, targets: Sequence[Target], begin: Callable[[Target], None]
    ) -> Iterator[tuple[Target, Report]]:
        parts: list[Batch] = [(target,) for target in targets]
        if self.share:
            parts = batches(targets, self.plan.image_format)
        if self.cluster:
            return scan_on_cluster(parts, self.plan, begin, self.cluster)
        jobs = self.jobs or (1 if self.share else fitting_jobs(self.plan.memory))
        if min(jobs, len(parts)) > 1:
            return scan_in_workers(parts, self.plan, begin, min(jobs, len(parts)))
        return scan_here(parts, self.plan, begin)


def _say_nothing(_target: Target) -> None:
    pass


class _Outcome:
    """What became of a scan, as its reports go by."""

    def __init__(self, before: Sequence[Report]) -> None:
        self._before = before
        self._failed = False
        self.interrupted = False

    def watched(self, reports: Iterator[Report]) -> Generator[Report, None, None]:
        """Pass reports on, those known `before` first; Ctrl-C is their end."""
        try:
            for report in itertools.chain(self._before, reports):
                self._failed |= bool(report.failures)
                yield report
        except KeyboardInterrupt:
            self.interrupted = True

    @property
    def status(self) -> ExitCode:
        """The exit code of the whole."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.FAILED if self._failed else ExitCode.DONE
