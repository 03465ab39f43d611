"""The committed types are those of the installed binding, and type checkers accept and refuse."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from guestshell.engine import binding
from guestshell.engine.methods import methods
from scripts.stubs import header
from scripts.stubs.__main__ import ROOT, generated

BINDING_STUB = ROOT / "guestfs-stubs/__init__.pyi"
CALLS_STUB = ROOT / "guestshell/guestfs_api/calls.pyi"
SAMPLE = Path(__file__).parent / "sample.py"


def named_version() -> str:
    found = re.search(r"from libguestfs ([\d.]+);", BINDING_STUB.read_text())
    assert found is not None
    return found[1]


@pytest.fixture
def same_version() -> None:
    if named_version() != binding.library_version():
        pytest.skip(f"the stubs are for libguestfs {named_version()}")


def methods_in(stub: Path, class_name: str) -> set[str]:
    for node in ast.parse(stub.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            return {child.name for child in node.body if isinstance(child, functions)}
    raise AssertionError(f"{stub} has no {class_name}")


@pytest.mark.usefixtures("same_version")
def test_no_public_method_lacks_a_stub() -> None:
    public = {name for name in dir(binding.load().module.GuestFS) if not name.startswith("_")}
    assert methods_in(BINDING_STUB, "GuestFS") - {"__init__", "__del__"} == public
    for calls in ("Calls", "AsyncCalls"):
        assert methods_in(CALLS_STUB, calls) == public - {"close", "user_cancel"}


@pytest.mark.usefixtures("same_version")
def test_the_committed_stubs_are_fresh() -> None:
    if not header.HEADER.exists():
        pytest.skip("libguestfs-dev has the header from which they are made")
    for path, text in generated().items():
        assert path.read_text() == text, f"{path}: run make stubs"


def test_nothing_is_any_or_a_bare_container() -> None:
    for stub in (BINDING_STUB, CALLS_STUB):
        assert not re.search(r"\bAny\b|\b(list|dict)\b(?!\[)|: object\b", signatures(stub))


def signatures(stub: Path) -> str:
    # methods whose own names are such words do not count
    return re.sub(r"def \w+", "def", stub.read_text())


@pytest.mark.usefixtures("same_version")
@pytest.mark.parametrize("module", ["guestfs", "guestshell.guestfs_api.calls"])
def test_stubtest_finds_no_difference_to_the_binding(module: str, tmp_path: Path) -> None:
    loaded = binding.load()
    # the distribution's directory has more in it, which would hide the packages of the tests
    for file in (loaded.path, *loaded.path.parent.glob("libguestfsmod*.so")):
        (tmp_path / file.name).symlink_to(file)
    check([sys.executable, "-m", "mypy.stubtest", module], PYTHONPATH=str(tmp_path))


def run(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def check(command: list[str], **environment: str) -> None:
    done = run(command, **environment)
    assert done.returncode == 0, done.stdout + done.stderr


CHECKERS = [
    [sys.executable, "-m", "mypy", "--strict"],
    [sys.executable, "-m", "pyright"],
]


@pytest.mark.parametrize("checker", CHECKERS, ids=["mypy", "pyright"])
def test_a_sample_is_accepted(checker: list[str]) -> None:
    check([*checker, str(SAMPLE)])


def test_the_sample_uses_fifty_methods() -> None:
    calls = [node for node in ast.walk(ast.parse(SAMPLE.read_text())) if isinstance(node, ast.Call)]
    used = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
    assert len(used & set(methods())) >= 50


WRONG = """\
import guestfs
from guestshell import AsyncGuestfs, Guestfs

def wrong(g: Guestfs, raw: guestfs.GuestFS) -> None:
    g.pread("/x", "10", 0)
    g.pread("/x", 10)
    g.add_drive("/x", readonly="yes")
    g.stat("/x")["nosuch"]
    g.no_such_method()
    text: str = g.pread("/x", 10, 0)
    raw.write("/x", "text")
    raw.available("acl")
    flag: bytes = raw.exists("/x")

async def wrong_too(g: AsyncGuestfs) -> None:
    data: bytes = g.pread("/x", 10, 0)
    size: str = await g.filesize("/x")
"""


@pytest.mark.parametrize("checker", CHECKERS, ids=["mypy", "pyright"])
def test_every_wrong_line_is_refused(checker: list[str], tmp_path: Path) -> None:
    program = tmp_path / "wrong.py"
    program.write_text(WRONG)
    done = run([*checker, str(program)])
    refused = {int(line) for line in re.findall(r"wrong\.py:(\d+).* error:", done.stdout)}
    lines = WRONG.splitlines()
    expected = {number for number, line in enumerate(lines, 1) if line.startswith("    ")}
    assert done.returncode != 0
    assert refused == expected
