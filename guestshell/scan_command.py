"""`guestctl scan`: the same lines on many images, one result."""

from pathlib import Path

import click

from guestshell.guest.image import FORMATS as IMAGE_FORMATS
from guestshell.opening import reported
from guestshell.output.formats import FORMATS

_SETTINGS = {"help_option_names": ["-h", "--help"]}


@click.command(context_settings=_SETTINGS)
@click.argument("images", nargs=-1, type=click.Path(allow_dash=True), metavar="IMAGE...")
@click.option("-c", "lines", multiple=True, metavar="LINE",
              help="Run this line on each; repeatable. Without it: inspect.")  # fmt: skip
@click.option("--from", "lists", multiple=True, type=click.Path(allow_dash=True), metavar="FILE",
              help="Read names of images, one a line; - is standard input.")  # fmt: skip
@click.option("-0", "by_nul", is_flag=True, help="Names in lists end with NUL.")
@click.option("-o", "--output", "form", type=click.Choice(FORMATS),
              help="Write the rows so: table on a terminal, jsonl elsewhere.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N",
              help="Look at so many at once; by default what memory and cores allow.")  # fmt: skip
@click.option("--share", is_flag=True,
              help="One appliance for many images, which have to trust each other.")  # fmt: skip
@click.option("--dask", "cluster", default="", metavar="ADDRESS",
              help="Have the workers of this Dask scheduler look.")  # fmt: skip
@click.option("--resume", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Keep a journal, and leave out what it has already.")  # fmt: skip
@click.option("--image-format", type=click.Choice(IMAGE_FORMATS), help="Instead of detecting it.")
@click.option("--memory", type=click.IntRange(256), metavar="MIB", help="Of each appliance.")
@click.option("--no-index", is_flag=True, help="Neither read nor keep what is known of them.")
@click.option("--verbose", is_flag=True, help="Show a trace with each error.")
def scan(
    images: tuple[str, ...],
    lines: tuple[str, ...],
    lists: tuple[str, ...],
    by_nul: bool,
    form: str | None,
    jobs: int | None,
    share: bool,
    cluster: str,
    resume: Path | None,
    image_format: str | None,
    memory: int | None,
    no_index: bool,
    verbose: bool,
) -> None:
    """Run lines on many IMAGEs, each opened by itself, and give one result.

    An IMAGE may be a directory, whose images are found, a wildcard in quotes, or - for a list
    on standard input. An image that cannot be looked at is part of the result; the exit code is
    1 then.
    """
    from guestshell.output.sink import Sink
    from guestshell.scan.examine import Plan
    from guestshell.scan.run import Scan

    sink = Sink(verbose=verbose)
    with reported(sink):
        asked = Scan(
            named=images,
            lists=lists,
            by_nul=by_nul,
            plan=Plan(lines or ("inspect",), image_format, memory, not no_index, verbose),
            form=form or ("table" if sink.terminal else "jsonl"),
            jobs=jobs,
            share=share,
            cluster=cluster,
            resume=resume,
        )
        status = asked.run(sink)
    raise SystemExit(status)
