"""SIGTERM and SIGHUP end the program as leaving it does: logs end, temporary files go."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(SystemExit):
    """The process was told to end; its exit code is the one that shells give for the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


def _raise(error: Terminated) -> None:
    raise error


_tell: Callable[[Terminated], None] = _raise
_received: list[Terminated] = []


def received() -> Terminated | None:
    """Give what the process was told, None where nobody did."""
    return _received[0] if _received else None


def _end(number: int, _frame: FrameType | None) -> None:
    if _received:  # a terminal that closes, and systemd, send several: to leave is begun once
        return
    _received.append(Terminated(number))
    _tell(_received[0])


def heed_signals() -> None:
    """Raise Terminated in the main thread from now on when the process is told to end.

    A signal that the parent has ignored, as nohup does, stays ignored.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


@contextlib.contextmanager
def told(tell: Callable[[Terminated], None]) -> Iterator[None]:
    """Inside, give Terminated to `tell` instead of raising it where the main thread stands."""
    global _tell
    before, _tell = _tell, tell
    try:
        yield
    finally:
        _tell = before
