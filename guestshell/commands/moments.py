"""Moments and sizes as arguments."""

import re
import time
from typing import Any

import click

from guestshell.commands.parameters import ParameterType
from guestshell.errors import UsageError
from guestshell.output.moments import Age, parse_size, parse_time

_AGO = re.compile(r"(\d{1,9}) (second|minute|hour|day|week|year)s? ago")


class Moment(ParameterType):
    """A time in UTC or an age, converted to ns since the epoch.

    `last` gives the end of a time that is not exact, e.g. of a day, in place of its start.
    """

    name = "time"

    def __init__(self, *, last: bool = False) -> None:
        self._last = last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give the moment; `2 days ago` is `2d`."""
        if isinstance(value, int):
            return value
        ago = _AGO.fullmatch(value)
        try:
            moment = parse_time(f"{ago[1]}{ago[2][0]}" if ago else value)
        except UsageError as error:
            self.fail(str(error), param, ctx)
        if isinstance(moment, Age):
            return time.time_ns() - moment.length
        return moment.end if self._last else moment.start


since_option = click.option("-S", "--since", type=Moment(), help="From this time or age on.")
until_option = click.option(
    "-U", "--until", type=Moment(last=True), help="Up to the end of this time, or age."
)
last_option = click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(0, 1_000_000),
    metavar="N",
    help="Only the last N.",
)
"""They are kept in memory until the end is reached, so there is a bound."""


class Bytes(ParameterType):
    """A size, converted to bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give the bytes: `10M` is ten times 1024²."""
        if isinstance(value, int):
            return value
        try:
            return parse_size(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)
