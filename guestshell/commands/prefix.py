"""Commands that stand before a whole pipeline: time, watch."""

import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.errors import ExitCode
from guestshell.output.results import ClearScreen, Result


class Screen(Protocol):
    """What `watch` draws on."""

    def show(self, result: Result) -> None:
        """Write a result."""


@dataclass
class Prefixed:
    """A pipeline that waits to be run: `run` takes how many of its first words are its own."""

    context: Context
    run: Callable[[int], ExitCode]
    screen: Screen


@command(category="shell", examples=["time find / -name '*.log' | count"], prefix=True)
@click.argument("line", nargs=-1, required=True, type=click.UNPROCESSED, metavar="LINE")
@click.pass_obj
def time(prefixed: Prefixed, line: tuple[str, ...]) -> None:
    """Run a line and say how long it took."""
    started = clock.perf_counter()
    prefixed.run(len(line))
    prefixed.context.notice(f"{clock.perf_counter() - started:.3f} s")


@command(category="shell", examples=["watch -n 5 -c 3 df"], prefix=True)
@click.option(
    "-n", "--interval", type=click.FloatRange(0.1), default=2.0, help="Seconds between two runs."
)
@click.option("-c", "--count", type=click.IntRange(1), help="Stop after so many runs.")
@click.argument("line", nargs=-1, required=True, type=click.UNPROCESSED, metavar="LINE")
@click.pass_obj
def watch(prefixed: Prefixed, interval: float, count: int | None, line: tuple[str, ...]) -> None:
    """Run a line again and again until Ctrl-C, each time on an empty screen."""
    runs = 0
    while count is None or runs < count:
        if runs:
            clock.sleep(interval)
        prefixed.screen.show(ClearScreen())
        now = datetime.now(UTC)
        prefixed.context.notice(f"every {interval:g} s, {now:%H:%M:%S}Z; Ctrl-C ends it")
        if prefixed.run(len(line)) is ExitCode.INTERRUPTED:
            break
        runs += 1
