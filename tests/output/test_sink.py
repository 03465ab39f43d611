"""The one writer, on a terminal and on none."""

import io
from collections.abc import Iterator

import pytest

from guestshell.errors import GuestError, UsageError
from guestshell.output import activity
from guestshell.output.results import Blob, ClearScreen, Text
from guestshell.output.sink import Sink


class Stream(io.TextIOWrapper):
    def __init__(self, terminal: bool) -> None:
        super().__init__(io.BytesIO(), "utf-8", "surrogateescape")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def bytes(self) -> bytes:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


def shown(result: Text | Blob | ClearScreen, terminal: bool) -> tuple[bytes, bytes]:
    out, err = Stream(terminal), Stream(terminal)
    Sink(out, err).show(result)
    return out.bytes, err.bytes


HOSTILE = b"a\x1b]0;title\x07\x9b31m\xff\xe2\x80\xae\r\n"


def blob(data: bytes, raw: bool = False) -> Blob:
    return Blob([data], "/x\x1b[2J", lambda: "data \x1b[2J", raw=raw)


def test_hostile_bytes_reach_a_terminal_as_visible_escapes() -> None:
    out, _ = shown(blob(HOSTILE), terminal=True)
    assert out == b"a\\x1b]0;title\\x07\\x9b31m\\xff\\u202e\n"


def test_bytes_go_untouched_into_a_pipe_or_raw() -> None:
    assert shown(blob(HOSTILE), terminal=False)[0] == HOSTILE
    assert shown(blob(HOSTILE, raw=True), terminal=True)[0] == HOSTILE


def test_binary_is_named_and_not_thrown_at_a_terminal() -> None:
    out, err = shown(blob(b"\x7fELF\0\0"), terminal=True)
    assert out == b""
    assert b"hexdump" in err
    assert b"\x1b[2J" not in err


def test_text_is_made_safe_on_a_terminal() -> None:
    assert shown(Text(["\x1b[2Jx"]), terminal=True)[0] == b"\\x1b[2Jx\n"


def test_clear_clears_a_terminal_only() -> None:
    assert shown(ClearScreen(), terminal=True)[0].startswith(b"\x1b[H")
    assert shown(ClearScreen(), terminal=False)[0] == b""


def test_an_error_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out, err = Stream(True), Stream(True)
    Sink(out, err).error(GuestError("broken\nin two \x1b[31m", "mend it"))
    assert err.bytes == b"broken\\x0ain two \\x1b[31m (mend it)\n"


def test_verbose_adds_the_trace() -> None:
    err = Stream(False)
    try:
        raise UsageError("wrong \x1b[31m")
    except UsageError as error:
        Sink(Stream(False), err, verbose=True).error(error)
    assert b"Traceback" in err.bytes
    assert b"\x1b" not in err.bytes


def test_the_label_of_a_progress_bar_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(activity, "_SHORT", -1.0)
    err = Stream(True)
    with Sink(Stream(True), err).progress("Saving /a\x1b]0;title\x07[red]", 10) as advance:
        advance(10)
    assert b"\x1b]0;" not in err.bytes
    assert b"\\x1b]0;title\\x07[red]" in err.bytes


def test_errors_of_rows_still_being_found_come_out() -> None:
    def rows() -> Iterator[str]:
        yield "first"
        raise GuestError("the rest is lost")

    out = Stream(False)
    with pytest.raises(GuestError):
        Sink(out, Stream(False)).show(Text(rows()))
    out.flush()
    assert out.bytes == b"first\n"
