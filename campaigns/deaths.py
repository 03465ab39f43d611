"""The appliance is killed at any moment: a line answers right or says why, the next answers."""

import io
import os
import random
import signal
import threading
import time
from collections.abc import Iterator

from guestshell import Guest
from guestshell.demo.image import demo_image
from guestshell.engine.appliance import State
from guestshell.errors import ExitCode
from guestshell.output.sink import Sink
from guestshell.session import Session

LINES = (
    "cat /etc/passwd",
    "ls -la /etc",
    "ls -l /usr/bin",
    "find / -type f | count",
    "grep -rn root /etc",
    "hash /bin/ls",
    "hash -r /etc",
    "stat /etc/shadow",
    "mounts",
    "filesystems",
    "users",
    "services",
    "packages --verify passwd",
    "file /bin/ls",
    "du -s /var",
    "tree /home",
)


class Conversation:
    """A session whose output is kept."""

    def __init__(self, guest: Guest) -> None:
        self._out = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape")
        self._err = io.StringIO()
        self._session = Session(guest, Sink(self._out, self._err))

    def ask(self, line: str) -> tuple[ExitCode, bytes, str]:
        """Give exit code, output and errors of a line."""
        buffer = self._out.buffer
        assert isinstance(buffer, io.BytesIO)
        for stream in (buffer, self._err):
            stream.seek(0)
            stream.truncate()
        status = self._session.run(line)
        self._out.flush()
        return status, buffer.getvalue(), self._err.getvalue()


def _kill(guest: Guest) -> None:
    if (pid := guest.appliance.pid) is not None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def attack(count: int, seed: int) -> Iterator[str]:
    """Kill the appliance in the middle of lines and yield what was not as promised."""
    with Guest(demo_image()) as guest:
        conversation = Conversation(guest)
        guest.inspect()
        right: dict[str, bytes] = {}
        seconds: dict[str, float] = {}
        for line in LINES:
            began = time.monotonic()
            status, right[line], errors = conversation.ask(line)
            seconds[line] = time.monotonic() - began
            assert status is ExitCode.DONE, errors
        mounts = guest.mounts()
        for number in range(count):
            chance = random.Random(f"{seed}:{number}")
            line, after = chance.choice(LINES), chance.choice(LINES)
            guest._tree.forget()  # else what is kept would answer
            timer = threading.Timer(chance.uniform(0, seconds[line] * 1.1), _kill, [guest])
            timer.start()
            status, found, errors = conversation.ask(line)
            timer.join()
            what = f"{seed}:{number} {line!r}"
            if status is ExitCode.DONE and found != right[line]:
                yield f"{what}: a wrong answer presented as right"
            if status is not ExitCode.DONE and errors.count("\n") != 1:
                yield f"{what}: no single line: {errors!r}"
            status, found, errors = conversation.ask(after)
            if (status, found) != (ExitCode.DONE, right[after]):
                yield f"{what}: then {after!r} fails: {errors!r}"
            if guest.mounts() != mounts or guest.appliance.state is not State.READY:
                yield f"{what}: {guest.mounts()}, {guest.appliance.state}"
