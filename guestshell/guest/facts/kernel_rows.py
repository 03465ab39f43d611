"""The rows of kernels and modules, apart from what reads them: every start needs the rows."""

from dataclasses import dataclass

from guestshell.values import Name, Size, Timestamp


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel. `version` is its release as `uname -r` gives it, `build` all the image says.

    `format` is `bzImage`, `Image`, `EFI`, `ELF`, `gzip` or `UKI` (which holds its own initrd).
    `file` is None where only its `modules` are left; `initrd`, `modules` (a directory) and
    `config` are None where there is none. `default` says whether a boot loader starts it when
    nobody chooses. `size` and `mtime` are the image's.
    """

    version: str
    default: bool
    file: Name | None
    format: str
    build: str
    initrd: Name | None
    modules: Name | None
    config: Name | None
    size: Size | None
    mtime: Timestamp | None


@dataclass(frozen=True, slots=True)
class Module:
    """A line about a module, or an installed one.

    `action` is `load`, `blacklist`, `options`, `install`, `remove`, `alias`, `softdep` or
    `weakdep`, with the rest of the line as `text` (`install` runs it as a command); or
    `installed`, with the modules it depends on as `text`, the `kernel` it is for, and the
    directory of the kernel's tree it is in as `place`: `kernel`, `updates`, `extra` and so on.
    `state` of an installed one is `listed` in modules.dep, `unlisted` (modprobe does not know
    it, insmod loads it all the same) or `missing` (listed, but its file is not there).
    """

    name: Name
    action: str
    text: str
    kernel: str
    place: str
    state: str
    file: Name
    line: int | None
    mtime: Timestamp | None
