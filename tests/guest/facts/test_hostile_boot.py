"""What an intruder may put in the place of any file that services, cron and boot are read from."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guestshell.guest.facts.boot.bootloader import read_boot
from guestshell.guest.facts.boot.kernels import read_kernels
from guestshell.guest.facts.boot.modules import read_installed, read_module_lines
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.jobs.cron import read_jobs
from guestshell.guest.facts.services.sources import read_services, service_names
from tests.guest.facts.host_tree import make_tree

UNITS = "/etc/systemd/system"
PLACES = (
    "/etc/passwd", f"{UNITS}/a.service", f"{UNITS}/a.timer", f"{UNITS}/a.service.d/x.conf",
    f"{UNITS}/m.target.wants/a.service", "/root/.config/systemd/user/u.timer",
    "/etc/init.d/s", "/etc/rc2.d/S01s", "/etc/rc.local", "/etc/inittab", "/etc/runlevels/default",
    "/etc/sv/r/run", "/etc/crontab", "/etc/cron.d/t", "/etc/anacrontab", "/etc/cron.daily/d",
    "/var/spool/cron/crontabs/root", "/var/spool/cron/atjobs/a0000101c946b2",
    "/boot/grub/grub.cfg", "/boot/grub/grubenv", "/boot/grub/menu.lst", "/boot/extlinux.conf",
    "/etc/default/grub", "/etc/kernel/cmdline", "/boot/loader/entries/e.conf",
    "/boot/loader/loader.conf", "/boot/vmlinuz-1", "/boot/EFI/x/x.efi", "/etc/modules",
    "/etc/modprobe.d/x.conf", "/usr/lib/modules/1/modules.dep", "/usr/lib/modules/1/x.ko",
)  # fmt: skip


def read_all(files: Files) -> Iterator[object]:
    yield from read_services(files)
    yield from service_names(files)
    yield from read_jobs(files)
    boot = list(read_boot(files))
    yield from boot
    yield from read_kernels(files, boot)
    yield from read_module_lines(files)
    yield from read_installed(files)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def directory(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("/nowhere/at/all")


def upwards(path: Path) -> None:
    path.symlink_to("..")


def empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize("put", [fifo, directory, loop, dangling, upwards, empty])
def test_other_things_than_files(put: Callable[[Path], None], tmp_path: Path) -> None:
    for place in PLACES:
        path = tmp_path / place[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path)
    tree = make_tree(tmp_path, {"/etc/cron.d/good": "* * * * * root /bin/good\n"})
    assert any(getattr(row, "command", "") == "/bin/good" for row in read_all(tree))


_SIZE = 2**17
PATTERNS = {
    "nulls": b"\0" * _SIZE,
    "newlines": b"\n" * _SIZE,
    "one long line": b"a" * _SIZE,
    "equals": b"=" * _SIZE,
    "joined lines": b"a\\\n" * (_SIZE // 4),
    "open quotes": b"'\"" * (_SIZE // 2),
    "brackets": b"x {\n" * (_SIZE // 4),
    "assignments": b"A=1\n* * * * * root x\n" * (_SIZE // 32),
    "sections": b"[Service]\nExecStart=x\n" * (_SIZE // 32),
    "huge numbers": (b"9" * 5000 + b" * * * * root x\n") * (_SIZE // 5000),
    "menus": b"submenu a {\nmenuentry b {\nlinux x\n}\n" * (_SIZE // 64),
    "no text": bytes(range(256)) * (_SIZE // 256),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_large_files_of_nonsense(pattern: str, tmp_path: Path) -> None:
    content = PATTERNS[pattern]
    tree = make_tree(tmp_path, dict.fromkeys(PLACES, content) | {"/etc/runlevels/default": "x"})
    began = time.monotonic()
    for _ in read_all(tree):
        pass
    assert time.monotonic() - began < 20  # seconds; what is quadratic takes minutes
    assert all(len(warning) < 500 for warning in tree.warnings)
