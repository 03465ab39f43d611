"""Many images in one appliance: which may be together, and how they are looked at there."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from guestshell.engine.boot import Drive
from guestshell.engine.shared import NotShareable, SharedAppliance, SharedDrive, most_drives
from guestshell.errors import GuestShellError
from guestshell.guest.image import Image, open_image
from guestshell.guest.ondisk.marks import Standing, standing
from guestshell.scan.examine import Plan, examine
from guestshell.scan.report import Report, Target

Batch = tuple[Target, ...]
"""Images that one appliance is enough for, if it can have them all."""


@dataclass
class _Together:
    targets: list[Target] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)


def batches(targets: Sequence[Target], image_format: str | None) -> list[Batch]:
    """Divide images so that those of a batch can be in one appliance; order is kept in each.

    Copies of each other, and images of which nothing is known beforehand, go apart.
    """
    limit = most_drives()
    groups: list[_Together] = []
    alone: list[Batch] = []
    for target in targets:
        found = _looked_at(target, image_format)
        if found is None:
            alone.append((target,))
            continue
        marks = found[1].marks
        fitting = (g for g in groups if len(g.targets) < limit and not g.marks & marks)
        group = next(fitting, None)
        if group is None:
            groups.append(group := _Together())
        group.targets.append(target)
        group.marks |= marks
    return [*(tuple(group.targets) for group in groups), *alone]


def _looked_at(target: Target, image_format: str | None) -> tuple[Image, Standing] | None:
    """Open an image and see what stands on it; None where it can only be looked at alone."""
    try:
        image = open_image(target.name, image_format)
    except (GuestShellError, OSError):
        return None
    found = standing(image)
    return None if found is None else (image, found)


Begin = Callable[[Target], None]


def examine_batch(batch: Batch, plan: Plan, begin: Begin) -> Iterator[tuple[Target, Report]]:
    """Look at the images of a batch, in one appliance if there are several.

    Those that cannot be looked at in there come last, each in an appliance of its own. `begin`
    is told of each before it is looked at.
    """
    left = list(batch)
    if len(batch) > 1:
        left = []
        for target, report in _together(batch, plan, begin):
            if report is None:
                left.append(target)
            else:
                yield target, report
    for target in left:
        begin(target)
        yield target, examine(target, plan)


def _together(batch: Batch, plan: Plan, begin: Begin) -> Iterator[tuple[Target, Report | None]]:
    opened = [(target, _looked_at(target, plan.image_format)) for target in batch]
    remarks: list[str] = []
    shared = SharedAppliance(
        [
            SharedDrive(Drive(str(image.path), image.format), image.size, found.volumes)
            for image, found in (seen for _, seen in opened if seen is not None)
        ],
        memory=plan.memory,
        notice=remarks.append,
    )
    try:
        place = 0
        for target, seen in opened:
            begin(target)
            if seen is None:
                yield target, None
                continue
            try:
                report = examine(target, plan, functools.partial(shared.slice, place))
                report.remarks[:0] = remarks
                yield target, report
            except NotShareable:
                yield target, None
            remarks.clear()
            place += 1
    finally:
        shared.close()
