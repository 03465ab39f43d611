import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from guestshell.engine import binding
from guestshell.errors import BindingMissing

PROBE = "from guestshell.engine import binding; print(binding.load().path)"


def test_a_virtual_environment_finds_the_distributions_binding() -> None:
    assert sys.prefix != sys.base_prefix, "run the tests in .venv"
    assert binding.load().path.name == "guestfs.py"
    assert hasattr(binding.load().module, "GuestFS")


def test_a_python_of_another_abi_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libguestfsmod.cpython-39-x86_64-linux-gnu.so").touch()
    (tmp_path / "guestfs.py").touch()
    monkeypatch.setattr(binding, "distribution_directories", lambda: [tmp_path])
    monkeypatch.setitem(sys.modules, "guestfs", None)
    with pytest.raises(BindingMissing) as caught:
        binding._load.__wrapped__()
    assert "built for cpython-39" in caught.value.message
    assert "python3" in caught.value.remedy


def test_no_binding_at_all_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "distribution_directories", lambda: [tmp_path])
    monkeypatch.setitem(sys.modules, "guestfs", None)
    with pytest.raises(BindingMissing) as caught:
        binding._load.__wrapped__()
    assert caught.value.remedy == binding.install_command()


def test_an_extension_that_does_not_load_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    abi = sysconfig.get_config_var("SOABI")
    (tmp_path / f"libguestfsmod.{abi}.so").write_bytes(b"no library")
    (tmp_path / "guestfs.py").touch()
    monkeypatch.setattr(binding, "distribution_directories", lambda: [tmp_path])
    monkeypatch.setitem(sys.modules, "guestfs", None)
    monkeypatch.delitem(sys.modules, "libguestfsmod", raising=False)
    with pytest.raises(BindingMissing, match="does not load"):
        binding._load.__wrapped__()


@pytest.mark.parametrize("statement", ["import guestshell", "from guestshell.cli import program"])
def test_imports_stay_light(statement: str) -> None:
    code = (
        f"import sys; {statement}; "
        "print([m for m in ('guestfs', 'prompt_toolkit', 'rich', 'pygments') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


_AT_ONCE = """
import sys, threading
from guestshell.engine import binding
sys.setswitchinterval(1e-6)
barrier, whole = threading.Barrier(8), []
def load():
    barrier.wait()
    whole.append(hasattr(binding.load().module, "GuestFS"))
threads = [threading.Thread(target=load) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(whole != [True] * 8)
"""


def test_several_threads_may_load_it_at_once() -> None:
    runs = [subprocess.run([sys.executable, "-c", _AT_ONCE], check=False) for _ in range(3)]
    assert [run.returncode for run in runs] == [0] * 3
