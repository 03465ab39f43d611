"""The derived methods, as far as no appliance is needed."""

import inspect
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell import AsyncGuestfs, GuestError, Guestfs
from guestshell.engine import binding, machine
from guestshell.engine.methods import methods
from guestshell.errors import ApplianceError


@pytest.fixture(scope="module")
def g() -> Iterator[Guestfs]:
    with Guestfs() as handle:
        yield handle


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_method_of_the_binding_is_there_and_awaitable() -> None:
    theirs = public(binding.load().module.GuestFS)
    assert theirs <= public(Guestfs)
    assert public(Guestfs) == public(AsyncGuestfs)
    for name in theirs - {"user_cancel"}:
        assert inspect.iscoroutinefunction(getattr(AsyncGuestfs, name))
        assert not inspect.iscoroutinefunction(getattr(Guestfs, name))


def test_methods_have_the_bindings_signature_and_documentation() -> None:
    original = binding.load().module.GuestFS
    for name in methods():
        if name not in ("close", "user_cancel"):
            for kind in (Guestfs, AsyncGuestfs):
                method = getattr(kind, name)
                assert method.__name__ == name
                assert method.__doc__ == (inspect.getdoc(getattr(original, name)) or "")
                expected = inspect.signature(getattr(original, name)).parameters
                assert list(inspect.signature(method).parameters) == list(expected)


def test_importing_the_package_loads_no_binding() -> None:
    code = "import guestshell, sys; sys.exit('guestfs' in sys.modules or 'asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


TEXT = st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n"\\'), max_size=8)
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)


def _number(value: int | None) -> str:
    return "unset" if value is None else str(value)


@given(TEXT, st.none() | TEXT, st.lists(TEXT), st.booleans(), INT32, INT64, st.data())
def test_arguments_arrive_in_the_library_as_given(
    text: str,
    maybe: str | None,
    texts: list[str],
    flag: bool,
    number: int,
    long_number: int,
    data: st.DataObject,
) -> None:
    raw = data.draw(st.binary(max_size=8))
    options: dict[str, Any] = {
        "obool": data.draw(st.none() | st.booleans()),
        "oint": data.draw(st.none() | INT32),
        "oint64": data.draw(st.none() | INT64),
        "ostring": data.draw(st.none() | TEXT),
        "ostringlist": data.draw(st.none() | st.lists(TEXT)),
    }
    with tempfile.NamedTemporaryFile() as output, Guestfs() as g:
        # the library's own test of bindings writes down what reached it
        g.internal_test_set_output(output.name)
        g.internal_test(text, maybe, texts, flag, number, long_number, "in", "out", raw, **options)
        g.internal_test_close_output()
        lines = Path(output.name).read_text(encoding="utf-8").split("\n")

    def listed(values: list[str] | None) -> str:
        if values is None:
            return "unset"
        return "[" + ", ".join(f'"{each}"' for each in values) + "]"

    assert lines[:-1] == [
        text,
        "null" if maybe is None else maybe,
        listed(texts),
        str(flag).lower(),
        str(number),
        str(long_number),
        "in",
        "out",
        # it writes a signed char
        "".join(f"<{'ffffff' * (byte > 127)}{byte:02x}>" for byte in raw),
        "obool: " + ("unset" if options["obool"] is None else str(options["obool"]).lower()),
        f"oint: {_number(options['oint'])}",
        f"oint64: {_number(options['oint64'])}",
        "ostring: " + ("unset" if options["ostring"] is None else options["ostring"]),
        f"ostringlist: {listed(options['ostringlist'])}",
    ]


JUNK = st.one_of(
    st.none(),
    st.integers(),
    st.text(),
    st.just("caf\udce9"),
    st.binary(),
    st.lists(st.integers() | st.text() | st.just("\udcff") | st.binary()),
    st.tuples(st.text()),
)


@given(
    st.lists(JUNK, min_size=9, max_size=9),
    st.dictionaries(
        st.sampled_from(["obool", "oint", "oint64", "ostring", "ostringlist", "nosuch"]), JUNK
    ),
)
def test_arguments_that_do_not_fit_never_end_the_process(
    arguments: list[Any], options: dict[str, Any]
) -> None:
    with Guestfs() as g:
        g.internal_test_set_output("/dev/null")
        try:
            g.internal_test(*arguments, **options)
        except (TypeError, OverflowError, GuestError) as error:
            assert str(error)
        assert g.get_program()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.pread("/x", "10", 0), r"pread\(\) argument 'count' must be int, not str"),
        (lambda g: g.available([1]), "must be a list of str, not a list with int"),
        (lambda g: g.available("acl"), "must be a list of str, not str"),
        (lambda g: g.add_drive("/x", format=5), "'format' must be str or None, not int"),
        (lambda g: g.pread("/x"), r"pread\(\) missing a required argument: 'count'"),
        (lambda g: g.pread("/x", 1, 2, nosuch=3), "unexpected keyword argument 'nosuch'"),
    ],
)
def test_a_wrong_type_is_told_in_one_line(g: Guestfs, call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(g)


@pytest.mark.parametrize("name", ["a\0b", "caf\udce9"])
def test_text_that_the_binding_cannot_carry_is_refused(g: Guestfs, name: str) -> None:
    for call in (lambda: g.exists(name), lambda: g.available([name])):
        with pytest.raises(GuestError, match="takes no NUL and nothing outside UTF-8"):
            call()


def test_an_error_has_its_errno_and_prints_nothing(
    g: Guestfs, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GuestError, match="No such file") as caught:
        g.add_drive("/nosuch", format="raw")
    assert caught.value.errno == 2
    with pytest.raises(GuestError, match="call launch before"):
        g.ls("/")
    assert capfd.readouterr() == ("", "")


def test_yes_and_no_are_bool(g: Guestfs) -> None:
    assert g.get_autosync() is True
    assert g.get_trace() is False


def test_deprecated_methods_warn_where_they_are_called(g: Guestfs) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", DeprecationWarning)
        with pytest.raises(GuestError):
            g.list_9p()
    ours = [warning for warning in found if warning.filename == __file__]
    assert [str(warning.message) for warning in ours] == ["list_9p is deprecated"]


def test_every_call_runs_in_one_thread_of_the_handle(g: Guestfs) -> None:
    seen: set[int] = set()

    def callback(_event: int, _handle: int, _buffer: str, _numbers: list[int]) -> None:
        seen.add(threading.get_ident())

    trace = binding.load().module.EVENT_TRACE
    event = g.set_event_callback(callback, trace)
    g.set_trace(True)
    threads = [threading.Thread(target=g.get_memsize) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    g.set_trace(False)
    g.delete_event_callback(event)
    assert len(seen) == 1
    assert threading.get_ident() not in seen


def test_a_callback_may_call_its_handle(g: Guestfs) -> None:
    answers: list[int] = []

    def callback(_event: int, _handle: int, buffer: str, _numbers: list[int]) -> None:
        if "get_smp" in buffer and not answers:
            answers.append(0)  # what it calls is traced too
            answers[0] = g.get_memsize()

    event = g.set_event_callback(callback, binding.load().module.EVENT_TRACE)
    g.set_trace(True)
    g.get_smp()
    g.set_trace(False)
    g.delete_event_callback(event)
    assert answers == [g.get_memsize()]


def test_a_closed_handle_says_so() -> None:
    g = Guestfs()
    g.get_memsize()
    g.close()
    g.close()
    with pytest.raises(ApplianceError, match="the handle is closed"):
        g.get_memsize()
    g.user_cancel()


def test_a_forgotten_handle_leaves_no_thread() -> None:
    g = Guestfs()
    g.get_memsize()
    thread = g._owned._worker.thread
    assert thread is not None
    del g
    thread.join(10)
    assert not thread.is_alive()


def test_kvm_is_refused_where_it_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBGUESTFS_BACKEND_SETTINGS", "force_tcg")
    monkeypatch.setattr(machine, "choose_accelerator", lambda: machine.probe_kvm("qemu"))
    with pytest.raises(ApplianceError, match="KVM was asked for: force_tcg is set"):
        Guestfs(accelerator="kvm").get_memsize()
    with Guestfs(accelerator="tcg") as g:
        assert g.get_backend_setting("force_tcg") == "1"
        assert g.accelerator is not None and not g.accelerator.kvm


def test_a_lean_appliance_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ApplianceError, match="no lean appliance: not built"):
        Guestfs(appliance="lean").get_memsize()


def test_a_forked_child_makes_handles_of_its_own(g: Guestfs) -> None:
    g.get_memsize()
    child = os.fork()
    if child == 0:
        with Guestfs() as own:
            os._exit(0 if own.get_memsize() else 1)
    deadline = time.monotonic() + 20
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
    assert ended == (child, 0)
