"""Find and load python3-guestfs, which no package index carries.

A virtual environment or a Python of the user's own does not see the distribution's binding.
When the extension was built for this very interpreter ABI it loads all the same, by its path.
"""

import contextlib
import ctypes
import importlib
import importlib.util
import os
import platform
import sys
import sysconfig
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from guestshell.errors import BindingMissing

_EXTENSION = "libguestfsmod"

PACKAGE_COMMANDS = {
    "debian": "apt-get install python3-guestfs",
    "ubuntu": "apt-get install python3-guestfs",
    "fedora": "dnf install python3-libguestfs",
    "rhel": "dnf install python3-libguestfs",
    "suse": "zypper install python3-libguestfs",
    "opensuse": "zypper install python3-libguestfs",
    "arch": "pacman -S libguestfs",
}
"""The command that installs the binding, by the ID or ID_LIKE of os-release(5)."""


@dataclass(frozen=True)
class Binding:
    """A loaded binding and where it came from."""

    module: ModuleType
    path: Path


def distribution_directories() -> list[Path]:
    """Give the directories in which distributions install Python extensions."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [
        Path("/usr/lib/python3/dist-packages"),
        Path("/usr/lib64") / version / "site-packages",
        Path("/usr/lib") / version / "site-packages",
        Path("/usr/local/lib") / version / "site-packages",
        Path("/usr/local/lib") / version / "dist-packages",
    ]
    return [directory for directory in candidates if directory.is_dir()]


def _load_by_path(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def built_for(directories: list[Path]) -> list[str]:
    """Give the interpreter ABIs that an installed binding was built for, e.g. `cpython-311`."""
    found = []
    for directory in directories:
        for extension in sorted(directory.glob(f"{_EXTENSION}.*.so")):
            found.append(extension.name.split(".")[1])
    return found


def install_command() -> str:
    """Give the command that installs the binding on this distribution."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "install the libguestfs binding for Python 3"
    for family in [release.get("ID", ""), *release.get("ID_LIKE", "").split()]:
        if family in PACKAGE_COMMANDS:
            return PACKAGE_COMMANDS[family]
    return "install the libguestfs binding for Python 3"


def _missing(directories: list[Path]) -> BindingMissing:
    running = f"Python {platform.python_version()} at {sys.executable}"
    abis = built_for(directories)
    if abis:
        return BindingMissing(
            f"the libguestfs binding is built for {', '.join(abis)}, but this is {running}",
            "run guestctl with the distribution's own python3, as make setup does",
        )
    return BindingMissing(f"{running} finds no libguestfs binding", install_command())


_loading = threading.Lock()


def load() -> Binding:
    """Import guestfs. Raises BindingMissing with the command that would install it."""
    with _loading:  # a second thread would be given a module that is half made
        return _load()


def _map(extension: Path) -> None:
    """Map an extension and the 60 libraries it needs, dlopen(3), for an import to find them.

    The import would do so with the interpreter locked: 30 ms in which no event loop runs.
    """
    with contextlib.suppress(AttributeError):  # the C library has no such name of its own
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
        dlopen(os.fsencode(extension), os.RTLD_NOW)


@cache
def _load() -> Binding:
    try:
        found = importlib.util.find_spec(_EXTENSION)
        if found is not None and found.origin is not None:
            _map(Path(found.origin))
        module = importlib.import_module("guestfs")
        return Binding(module, Path(module.__file__ or ""))
    except ImportError:
        pass
    directories = distribution_directories()
    abi = sysconfig.get_config_var("SOABI")
    for directory in directories:
        extension = directory / f"{_EXTENSION}.{abi}.so"
        wrapper = directory / "guestfs.py"
        if extension.is_file() and wrapper.is_file():
            _map(extension)
            try:
                _load_by_path(_EXTENSION, extension)
                return Binding(_load_by_path("guestfs", wrapper), wrapper)
            except ImportError as error:
                raise BindingMissing(
                    f"{extension} does not load: {error}", install_command()
                ) from error
    raise _missing(directories)


def library_version() -> str:
    """Give the version of libguestfs, e.g. `1.48.6`. Raises BindingMissing."""
    handle = load().module.GuestFS(python_return_dict=True, environment=False)
    try:
        version = handle.version()
    finally:
        handle.close()
    return f"{version['major']}.{version['minor']}.{version['release']}{version['extra']}"
