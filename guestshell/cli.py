"""The guestctl program."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guestshell import __version__
from guestshell.errors import ExitCode, GuestShellError, HostError, UsageError
from guestshell.guest.image import FORMATS

if TYPE_CHECKING:
    from guestshell.guest.guest import Guest
    from guestshell.output.sink import Sink

_SETTINGS = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="guestctl")
def program() -> None:
    """Explore a disk image without changing a byte of it."""


@program.command(context_settings=_SETTINGS)
@click.argument("image", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--image-format", type=click.Choice(FORMATS), help="Instead of detecting it.")
@click.option("--memory", type=click.IntRange(256), metavar="MIB", help="Of the appliance.")
@click.option("--no-history", is_flag=True, help="Neither read nor keep the lines typed.")
@click.option("--verbose", is_flag=True, help="Show a trace with each error.")
def interactive(
    image: tuple[Path, ...],
    image_format: str | None,
    memory: int | None,
    no_history: bool,
    verbose: bool,
) -> None:
    """Open IMAGEs as one guest's disks and explore them.

    With no terminal on standard input, lines are read from there, one command each, and the
    first that fails ends the run with its exit code.
    """
    _converse(image, image_format, memory, no_history=no_history, verbose=verbose)


@program.command(context_settings=_SETTINGS)
@click.option("--build-only", is_flag=True, help="Build the image and print its path.")
@click.option("--verbose", is_flag=True, help="Show a trace with each error.")
def demo(build_only: bool, verbose: bool) -> None:
    """Open a small teaching image: a server that was broken into.

    It is built once, into the user's cache directory.
    """
    from guestshell.demo.image import demo_image
    from guestshell.output.sink import Sink

    with _reported(Sink(verbose=verbose)):
        image = demo_image()
    if build_only:
        click.echo(image)
    else:
        _converse((image,), "raw", None, no_history=False, verbose=verbose)


@program.command(context_settings=_SETTINGS)
@click.option("--launch", is_flag=True, help="Start an appliance too.")
def doctor(launch: bool) -> None:
    """Check everything that the shell needs on this host, with the remedy for what is missing."""
    from guestshell.doctor import Finding, examine
    from guestshell.output.results import Records
    from guestshell.output.sink import Sink

    sink = Sink(interactive=True)
    with _reported(sink):
        with sink.waiting(lambda: "looking at this host…"):
            findings = list(examine(launch=launch))
        sink.show(Records(findings, Finding))
    if any(finding.verdict == "missing" for finding in findings):
        raise SystemExit(ExitCode.APPLIANCE)


@contextlib.contextmanager
def _reported(sink: "Sink") -> Iterator[None]:
    """Turn an error into its line on standard error and its exit code."""
    try:
        yield
    except GuestShellError as error:
        sink.error(error)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sink.notice("Interrupted")
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            sink.error(HostError(f"{error.filename or 'host'}: {error.strerror or error}".lower()))
            raise SystemExit(ExitCode.FAILED) from None
        # whoever read our output has left; nothing may be flushed to it any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(ExitCode.FAILED) from None


def _converse(
    images: tuple[Path, ...],
    image_format: str | None,
    memory: int | None,
    *,
    no_history: bool,
    verbose: bool,
) -> None:
    from guestshell.engine.diagnosis import check_memory
    from guestshell.guest.guest import Guest
    from guestshell.output.sink import Sink
    from guestshell.session import Session

    by_hand = sys.stdin is not None and sys.stdin.isatty()
    if by_hand:
        # a parent may have left SIGINT ignored; at a prompt Ctrl-C must be heard
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sink = Sink(interactive=by_hand, verbose=verbose)
    with _reported(sink):
        if memory is not None:
            check_memory(memory)
        speak = [sink.notice]
        with Guest(
            *images,
            image_format=image_format,
            memory=memory,
            notice=lambda message: speak[0](message),
        ) as guest:
            guest.start()
            _say_what_is_loaded(sink, guest)
            session = Session(guest, sink)
            if by_hand:
                from guestshell.engine.machine import state_directory
                from guestshell.shell.repl import Repl

                repl = Repl(session, None if no_history else state_directory() / "history")
                speak[0] = repl.note
                status = repl.run()
            elif sys.stdin is None:
                raise UsageError("there is no standard input", "give a terminal, a file or a pipe")
            else:
                from guestshell.script import run_lines

                status = run_lines(session, sys.stdin.buffer)
    raise SystemExit(status)


def _say_what_is_loaded(sink: "Sink", guest: "Guest") -> None:
    from guestshell.guest.image import damage

    for image in guest.images:
        _, *below = image.chain()
        standing = "".join(f" on {lower.path} ({lower.format})" for lower in below)
        form = f" ({image.format}{standing})" if image.format != "raw" else ""
        sink.notice(f"Loaded {image.path.name}{form}")
        if wrong := damage(image):
            sink.warn(wrong)


def main() -> None:
    """Run guestctl with the arguments of this process."""
    program()
