"""Programs of this host in a pipeline: arguments as they are, never a shell.

The main thread alone feeds them and reads them, so Ctrl-C reaches it wherever it waits.
"""

import contextlib
import fcntl
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO

from guestshell.errors import ExitCode, GuestShellError

_CHUNK = 64 * 1024
_PIPE_SIZE = 2**20
_MOMENT = 0.02
"""Seconds that small blocks may be held back to be sent together."""
_LOOK = 0.2
"""Seconds without a word after which it is asked whether the programs live."""
_GRACE = 0.5
"""Seconds a program gets to end by itself when its pipes are closed, and again by SIGTERM."""


class HostProgramFailed(GuestShellError):
    """A program of this host ended with another status than 0; `status` is as in a shell."""

    def __init__(self, name: str, returncode: int) -> None:
        if returncode < 0:
            how = f"was ended by {signal.Signals(-returncode).name}"
        else:
            how = f"ended with status {returncode}"
        super().__init__(f"{name} {how}")
        self.status = 128 - returncode if returncode < 0 else returncode
        if -returncode == signal.SIGINT:
            self.exit_code = ExitCode.INTERRUPTED


def find_program(name: str) -> str | None:
    """Give the path of a program of this host, None where there is none."""
    return shutil.which(name)


def run_attached(argv: Sequence[str], *, stdin: int | None) -> None:
    """Run a program with our own terminal. Raises HostProgramFailed."""
    process = subprocess.Popen(argv, stdin=stdin)
    while True:
        try:
            returncode = process.wait()
            break
        except KeyboardInterrupt:  # the program got it too, and decides
            continue
        except SystemExit:  # it has the terminal, which is wanted back
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
            raise
    if returncode:
        raise HostProgramFailed(argv[0], returncode)


def _together(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes in larger blocks; what comes after a pause is not held back."""
    held = bytearray()
    last = 0.0
    for block in blocks:
        if len(block) >= _CHUNK and not held:
            yield block
            continue
        held += block
        if len(held) >= _CHUNK or time.monotonic() - last > _MOMENT:
            yield bytes(held)
            held.clear()
            last = time.monotonic()
    if held:
        yield bytes(held)


class HostPrograms:
    """One or more programs, each reading what the one before writes."""

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        fed: Iterable[bytes] | None,
        complain: Callable[[bytes], None],
    ) -> None:
        """`fed` goes to the first one's standard input; `complain` gets what they say on stderr."""
        self._commands = commands
        self._fed = fed
        self._complain = complain
        self._processes: list[subprocess.Popen[bytes]] = []
        self._selector = selectors.DefaultSelector()

    def blocks(self) -> Iterator[bytes]:
        """Yield what the last one writes; to stop asking ends the programs.

        Raises HostProgramFailed after that, for the last one that failed.
        """
        try:
            self._start()
            yield from self._converse()
            self._check()
        finally:
            self._end()

    def _start(self) -> None:
        source: int | IO[bytes] = subprocess.DEVNULL if self._fed is None else subprocess.PIPE
        for command in self._commands:
            process = subprocess.Popen(
                command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
            )
            if not isinstance(source, int):
                source.close()  # it is the program's now
            self._processes.append(process)
            assert process.stdout is not None
            source = process.stdout
            assert process.stderr is not None
            self._selector.register(process.stderr, selectors.EVENT_READ)
        self._selector.register(source, selectors.EVENT_READ)

    def _converse(self) -> Iterator[bytes]:
        stdin, stdout = self._processes[0].stdin, self._processes[-1].stdout
        fed = _together(self._fed) if self._fed is not None else iter(())
        if stdin is not None:
            os.set_blocking(stdin.fileno(), False)
            with contextlib.suppress(OSError):
                fcntl.fcntl(stdin.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
            self._selector.register(stdin, selectors.EVENT_WRITE)
        pending = memoryview(b"")
        while self._selector.get_map():
            ready = self._selector.select(_LOOK)
            if not ready and all(process.poll() is not None for process in self._processes):
                break  # what still holds the pipes was left behind by one of them
            for key, _ in ready:
                if key.fileobj is stdin and stdin is not None:
                    pending = self._feed(stdin, pending, fed)
                elif block := os.read(key.fd, _CHUNK):
                    if key.fileobj is stdout:
                        yield block
                    else:
                        self._complain(block)
                else:
                    self._selector.unregister(key.fileobj)

    def _feed(self, stdin: IO[bytes], pending: memoryview, fed: Iterator[bytes]) -> memoryview:
        if not pending:
            block = next(fed, None)
            if block is None:
                self._close_input(stdin)
                return pending
            pending = memoryview(block)
        try:
            return pending[os.write(stdin.fileno(), pending) :]
        except BlockingIOError:
            return pending
        except BrokenPipeError:  # it has read all it wants
            self._close_input(stdin)
            _close(fed)
            return memoryview(b"")

    def _close_input(self, stdin: IO[bytes]) -> None:
        self._selector.unregister(stdin)
        stdin.close()

    def _check(self) -> None:
        names = [command[0] for command in self._commands]
        codes = [process.wait() for process in self._processes]
        for place in reversed(range(len(codes))):
            # whoever reads a pipe may leave; that is no failure of who writes
            left = codes[place] == -signal.SIGPIPE and place < len(codes) - 1
            if codes[place] and not left:
                raise HostProgramFailed(names[place], codes[place])

    def _end(self) -> None:
        self._selector.close()
        if self._fed is not None:
            _close(self._fed)
        for process in self._processes:
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        for process in self._processes:
            for end in (process.terminate, process.kill):
                try:
                    process.wait(_GRACE)
                    break
                except subprocess.TimeoutExpired:
                    end()
            process.wait()


def _close(blocks: Iterable[bytes]) -> None:
    close = getattr(blocks, "close", None)
    if close is not None:
        close()
