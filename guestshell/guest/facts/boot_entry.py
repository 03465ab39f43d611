"""One way to boot, or a setting about it: the rows of `boot`."""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp


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
