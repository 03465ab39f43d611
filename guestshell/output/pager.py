"""Show lines in the user's pager as they come, or straight on the terminal."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

_LESS_OPTIONS = "FRXPlines %lt-%lb   q leaves, h helps$"
"""P is the prompt; -F ends when all fits on a screen, -R passes colours on,
-X leaves the text on the screen.
"""

_GRACE_SECONDS = 1.0
"""How long a pager that is ended may take to give the terminal back."""


def pager_command(chosen: str = "") -> list[str] | None:
    """Give the pager: the one chosen, else as $PAGER names it, else less or more.

    None where there is none, or `off` was chosen.
    """
    wish = chosen or os.environ.get("PAGER")
    if chosen == "off":
        return None
    if wish is not None:
        try:
            words = shlex.split(wish)
        except ValueError:
            words = []
        return words if words and shutil.which(words[0]) else None
    return next(([name] for name in ("less", "more") if shutil.which(name)), None)


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    # Ctrl-C belongs to the pager while it is on the screen
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def show(lines: Iterable[str], command: list[str], encoding: str) -> None:
    """Feed lines to a pager until it is left; Ctrl-C while feeding only ends the feeding."""
    environment = {"LESS": _LESS_OPTIONS, "LV": "-c", **os.environ, "LESSSECURE": "1"}
    # less takes its keys from the terminal on stderr, which is not the real one in a recording
    keys = sys.stdin if sys.stdin is not None and sys.stdin.isatty() else None
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=keys, env=environment)
    assert process.stdin is not None
    try:
        try:
            for line in lines:
                process.stdin.write((line + "\n").encode(encoding, "backslashreplace"))
        except (BrokenPipeError, KeyboardInterrupt):
            pass
        finally:
            with contextlib.suppress(BrokenPipeError), _deaf_to_interrupts():
                process.stdin.close()
            with _deaf_to_interrupts():
                process.wait()
    except SystemExit:  # nobody will leave it any more, and it has the terminal
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        raise


def show_if_tall(
    lines: Iterable[str], *, height: int, always: bool, stream: TextIO, command: list[str] | None
) -> None:
    """Write lines that fit on a screen; page more than that, or `always`."""
    if command is None:
        for line in lines:
            stream.write(line + "\n")
        return
    iterator = iter(lines)
    shown: list[str] = []
    if not always:
        for line in iterator:
            shown.append(line)
            if len(shown) >= height - 1:
                break
        else:
            stream.writelines(line + "\n" for line in shown)
            return
    stream.flush()

    def rest() -> Iterator[str]:
        yield from shown
        yield from iterator

    show(rest(), command, stream.encoding or "utf-8")
