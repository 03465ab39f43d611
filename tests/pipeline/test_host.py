"""Programs of this host, fed and read as a pipeline does; no appliance."""

import os
import signal
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestshell.errors import ExitCode
from guestshell.pipeline.host import HostProgramFailed, HostPrograms


def run(*commands: list[str], fed: Iterator[bytes] | list[bytes] | None = None) -> bytes:
    return b"".join(HostPrograms(commands, fed, lambda data: None).blocks())


def close(blocks: Iterator[bytes]) -> None:
    assert isinstance(blocks, Generator)
    blocks.close()


def ours() -> set[str]:
    return {
        name
        for name in os.listdir("/proc/self/fd")  # noqa: PTH208  names are wanted
        if not os.path.realpath(f"/proc/self/fd/{name}").startswith("/proc")
    }


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=200_000), max_size=6))
def test_bytes_pass_untouched(blocks: list[bytes]) -> None:
    assert run(["cat"], ["cat"], fed=iter(blocks)) == b"".join(blocks)


def test_more_than_any_pipe_holds_comes_back() -> None:
    blocks = [bytes([n]) * 2**20 for n in range(40)]
    assert run(["cat"], fed=iter(blocks)) == b"".join(blocks)


def test_programs_are_no_shell() -> None:
    assert run(["printf", "%s|", "a b", "$HOME", "*", "; ls"]) == b"a b|$HOME|*|; ls|"


def test_who_has_read_enough_ends_who_feeds() -> None:
    fed = []

    def endless() -> Iterator[bytes]:
        try:
            while True:
                fed.append(1)
                yield b"y\n" * 50_000
        finally:
            fed.append(-1)

    assert run(["head", "-n", "1"], fed=endless()) == b"y\n"
    assert fed[-1] == -1
    assert len(fed) < 100


def test_to_stop_reading_ends_the_programs() -> None:
    before = ours()
    programs = HostPrograms([["yes"]], None, lambda data: None)
    blocks = programs.blocks()
    assert next(blocks).startswith(b"y\n")
    started = time.monotonic()
    close(blocks)
    assert time.monotonic() - started < 1.5
    assert ours() == before


def test_a_small_block_is_not_held_back_for_a_slow_one() -> None:
    arrived: list[float] = []

    def slow() -> Iterator[bytes]:
        yield b"first\n"
        time.sleep(0.5)
        arrived.append(-1)
        yield b"second\n"

    started = time.monotonic()
    for block in HostPrograms([["cat"]], slow(), lambda data: None).blocks():
        arrived.append(time.monotonic() - started)
        if block == b"first\n":
            break
    # the block is fed before the next one is asked for; it is read when that one has come
    assert arrived[0] == -1 or arrived[0] < 0.4


def test_the_status_is_that_of_the_last_that_failed() -> None:
    with pytest.raises(HostProgramFailed, match="sh ended with status 3") as failed:
        run(["sh", "-c", "cat >/dev/null; exit 3"], fed=iter([b"x"]))
    assert failed.value.status == 3
    with pytest.raises(HostProgramFailed, match="false ended with status 1"):
        run(["false"], ["true"])
    with pytest.raises(HostProgramFailed, match="ended by SIGKILL") as killed:
        run(["sh", "-c", "kill -9 $$"])
    assert killed.value.status == 128 + 9
    assert run(["yes"], ["head", "-n", "1"]) == b"y\n", "SIGPIPE is no failure"


def test_an_interrupt_of_a_program_is_one_of_the_line() -> None:
    with pytest.raises(HostProgramFailed) as failed:
        run(["sh", "-c", "kill -INT $$"])
    assert failed.value.exit_code is ExitCode.INTERRUPTED


def test_what_they_say_on_stderr_is_passed_on() -> None:
    said: list[bytes] = []
    programs = HostPrograms([["sh", "-c", "echo out; echo err >&2"]], None, said.append)
    assert b"".join(programs.blocks()) == b"out\n"
    assert b"".join(said) == b"err\n"


def test_an_error_of_who_feeds_comes_out_and_ends_them() -> None:
    before = ours()

    def broken() -> Iterator[bytes]:
        yield b"x" * 100
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        run(["cat"], fed=broken())
    assert ours() == before


def test_ctrl_c_while_they_run(tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", f"trap 'echo > {mark}; exit' TERM; while :; do sleep 0.1; done"])
    assert time.monotonic() - started < 3
    assert mark.exists()
