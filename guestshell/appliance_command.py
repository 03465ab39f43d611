"""`guestctl appliance`: build the lean appliance, look at it, drop it."""

import concurrent.futures
import threading
from datetime import datetime
from pathlib import Path

import click

from guestshell.opening import reported

_SETTINGS = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_SETTINGS)
def appliance() -> None:
    """Manage the lean appliance, which starts in half the time of libguestfs's own.

    Once built it is used by itself, until libguestfs or the kernel is upgraded. With
    GUESTCTL_APPLIANCE=stock in the environment, libguestfs's own is used all the same.
    """


@appliance.command(context_settings=_SETTINGS)
def build() -> None:
    """Build it out of this host's own packages, if none fits; takes up to a minute."""
    from guestshell.engine.lean import store
    from guestshell.output.sink import Sink

    sink = Sink(interactive=True)
    stage = ["looking at this host…"]
    with reported(sink):
        with sink.waiting(lambda: stage[-1]):
            _build(stage)
        found = store.standing()
        click.echo(f"{found.directory}: {found.why}")


def _build(stages: list[str]) -> Path:
    """Build in another thread, so that Ctrl-C is heard; then nothing is left of it."""
    from guestshell.engine import processes
    from guestshell.engine.lean.build import build as build_appliance

    builder: list[int] = []

    def work() -> Path:
        builder.append(threading.get_native_id())
        return build_appliance(stages.append)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            while not future.done():
                processes.kill_launch(builder[0])
                concurrent.futures.wait([future], timeout=0.2)
            raise


@appliance.command(context_settings=_SETTINGS)
def status() -> None:
    """Say whether it is there, whether it is used, and why not."""
    from guestshell.engine.lean import store
    from guestshell.output.sink import Sink

    with reported(Sink()):
        found = store.standing()
        click.echo(f"{'lean' if found.used else 'stock'}: {found.why}")
        if found.remedy:
            click.echo(found.remedy)
        if found.directory is not None and (manifest := store.manifest_of(found.directory)):
            built = datetime.fromtimestamp(manifest.built).astimezone()
            click.echo(f"{found.directory}, built {built:%Y-%m-%d %H:%M}")


@appliance.command(context_settings=_SETTINGS)
def drop() -> None:
    """Remove it; libguestfs's own is used from then on."""
    from guestshell.engine.lean import store
    from guestshell.output.sink import Sink

    with reported(Sink()):
        freed = store.drop()
        click.echo(f"{freed / 2**20:.0f} MiB freed" if freed else "there is none")
