"""Open images as a conversation: what every way into the program does first and last."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guestshell.errors import ExitCode, GuestShellError, HostError
from guestshell.guest.image import FORMATS
from guestshell.termination import Terminated, received

if TYPE_CHECKING:
    from guestshell.guest.guest import Guest
    from guestshell.output.sink import Sink
    from guestshell.session import Session
    from guestshell.settings import Settings

OPENING_OPTIONS = (
    click.Option(["--image-format"], type=click.Choice(FORMATS), help="Instead of detecting it."),
    click.Option(["--memory"], type=click.IntRange(256), metavar="MIB", help="Of the appliance."),
    click.Option(["--root"], metavar="NUMBER|DEVICE", help="Of several systems, this one."),
    click.Option(["--log"], type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 help="Append what is done to an evidence log."),
    click.Option(["--no-replay"], is_flag=True, help="Leave out what stands in journals only."),
    click.Option(["--verify"], is_flag=True,
                 help="Take the SHA-256 of all that is opened, now and at the end."),
    click.Option(["--no-index"], is_flag=True, help="Neither read nor keep what is known of it."),
    click.Option(["--verbose"], is_flag=True, help="Show a trace with each error."),
)  # fmt: skip
"""The options of every command that opens an image."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Images to be opened as one guest's disks, and how."""

    images: tuple[Path, ...]
    image_format: str | None = None
    memory: int | None = None
    root: str | None = None
    log: Path | None = None
    no_replay: bool = False
    verify: bool = False
    no_index: bool = False
    verbose: bool = False


def opening_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command the options of opening; they come as `opening`, without images."""
    names = [option.name for option in OPENING_OPTIONS]

    def called(**values: Any) -> Any:
        chosen = {str(name): values.pop(name) for name in names}
        return function(opening=Opening(images=values.pop("image", ()), **chosen), **values)

    called.__name__, called.__doc__ = function.__name__, function.__doc__
    parameters = [*OPENING_OPTIONS, *reversed(getattr(function, "__click_params__", []))]
    called.__click_params__ = list(reversed(parameters))  # type: ignore[attr-defined]  # click's own place
    return called


@contextlib.contextmanager
def reported(sink: "Sink") -> Iterator[None]:
    """Turn an error into its line on standard error and its exit code."""
    try:
        yield
    except GuestShellError as error:
        sink.error(error)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sink.notice("Interrupted")
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except Terminated as ended:
        sink.notice(f"Ended by {ended.name}")
        raise
    except OSError as error:
        if (told := received()) is not None:  # a terminal that closed cannot be written to
            raise told from None
        if not isinstance(error, BrokenPipeError):
            sink.error(HostError(f"{error.filename or 'host'}: {error.strerror or error}".lower()))
            raise SystemExit(ExitCode.FAILED) from None
        # whoever read our output has left; nothing may be flushed to it any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(ExitCode.FAILED) from None


@contextlib.contextmanager
def conversation(
    opening: Opening,
    sink: "Sink",
    settings: "Settings",
    *,
    quiet: bool = False,
    by_hand: bool = False,
    keeps_going: bool = False,
) -> Iterator["Session"]:
    """Open images and give the session that talks about them; raises what opening raises.

    What the appliance has to say goes to `session.note`. To be verified images are read once more
    at the end: raises ImageChanged then when one is not what it was.
    """
    from guestshell.engine.diagnosis import check_memory
    from guestshell.guest.guest import Guest
    from guestshell.session import Session
    from guestshell.verification import Verification

    if opening.memory is not None:
        check_memory(opening.memory)
    sessions: list[Session] = []

    def note(message: str) -> None:
        (sessions[0].note if sessions else sink.notice)(message)

    with Guest(
        *opening.images,
        image_format=opening.image_format,
        memory=opening.memory,
        root=opening.root,
        index=not opening.no_index,
        replay=not opening.no_replay,
        notice=note,
    ) as guest:
        if by_hand or not guest.is_known:
            guest.start()
        _say_what_is_loaded(sink, guest, quiet)
        session = Session(guest, sink, settings, by_hand=by_hand, keeps_going=keeps_going)
        sessions.append(session)
        try:
            if opening.log is not None:
                session.start_log(opening.log)
            if opening.verify:
                session.verification = Verification(
                    [part.path for image in guest.images for part in image.chain()]
                )
                session.verification.start()
            yield session
        except Terminated:
            if session.verification is not None:  # there is no time to read them once more
                session.verification.abandon(session.log_entry)
                session.verification = None
                sink.warn("the images were not verified")
            raise
        finally:
            try:
                if session.verification is not None:
                    guest.close()
                    sink.notice(session.verification.finish(sink.progress, session.log_entry))
            finally:
                session.close()


def _say_what_is_loaded(sink: "Sink", guest: "Guest", quiet: bool) -> None:
    from guestshell.guest.damage import damage

    for image in guest.images:
        _, *below = image.chain()
        standing = "".join(f" on {lower.path} ({lower.format})" for lower in below)
        form = f" ({image.format}{standing})" if image.format != "raw" else ""
        if not quiet or below:
            sink.notice(f"Loaded {image.path.name}{form}")
        if wrong := damage(image):
            sink.warn(wrong)
