"""The rows of boot, kernels and modules, apart from what reads them: every start needs them."""

from dataclasses import dataclass

from guestshell.values import Name, Size, Timestamp


@dataclass(frozen=True, slots=True)
class BootEntry:
    """What a boot loader's configuration says.

    `kind` is `entry` (one of its menu), `setting` (what the menu is made from, `title` its name
    and `options` its value) or `program` (a loader on the EFI system partition).
    `loader` is `grub`, `grub legacy`, `systemd-boot`, `syslinux`, `efi`, or `kernel-install`.
    `title` is the menu's, that of a submenu before it. `kernel` and `initrds` are paths as
    written, often as the boot partition has them; `options` is the kernel's command line.
    `default` says whether it boots when nobody chooses. `id` is the name that a saved choice
    goes by. `mtime` is when `file` was last modified.
    """

    kind: str
    loader: str
    title: str
    kernel: Name | None
    initrds: tuple[Name, ...]
    options: str
    default: bool
    id: str
    file: Name
    line: int | None
    mtime: Timestamp | None


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
