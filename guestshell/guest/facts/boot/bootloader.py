"""How a guest boots: the menus and settings of its boot loaders, and the programs of EFI."""

from collections.abc import Iterator, Sequence

from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.boot.boot_loader_spec import newest_first, parse_loader, parse_specified
from guestshell.guest.facts.boot.grub import (
    parse_grub,
    parse_grub_defaults,
    parse_grub_legacy,
    parse_grubenv,
)
from guestshell.guest.facts.boot.rows import BootEntry
from guestshell.guest.facts.boot.syslinux import parse_syslinux
from guestshell.guest.facts.boot.unified_kernel import read_unified
from guestshell.guest.facts.files import (
    Files,
    entries_if_there,
    read_small,
    real_entry,
)
from guestshell.guest.facts.formats.assignments import parse_assignments
from guestshell.values import Name, Timestamp

_ESP = ("/boot/efi", "/efi", "/boot", "/boot/firmware")
"""Where the EFI system partition or the one for kernels (XBOOTLDR) is mounted."""

_GRUB = ("/boot/grub", "/boot/grub2")
_LEGACY = ("/boot/grub/menu.lst", "/boot/grub/grub.conf")
_SYSLINUX = (
    "/boot/extlinux.conf", "/boot/extlinux/extlinux.conf", "/extlinux.conf", "/syslinux.cfg",
    "/boot/syslinux/syslinux.cfg", "/boot/syslinux.cfg", "/syslinux/syslinux.cfg",
    "/isolinux/isolinux.cfg", "/boot/isolinux/isolinux.cfg",
)  # fmt: skip
_COMMAND_LINES = (
    "/etc/kernel/cmdline", "/usr/lib/kernel/cmdline", "/boot/cmdline.txt",
    "/boot/firmware/cmdline.txt",
)  # fmt: skip


class _Places:
    """Gives no file twice that has two names."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._seen = set[tuple[int, int]]()

    def _new(self, path: str) -> Entry | None:
        """Give what a path leads to, unless another path did so before."""
        entry = real_entry(self._files, path)
        if entry is None or (entry.device, entry.inode) in self._seen:
            return None
        self._seen.add((entry.device, entry.inode))
        return entry

    def get(self, path: str) -> tuple[bytes, Name, Timestamp] | None:
        """Give what a file holds, its path and when it was modified; None where there is none."""
        entry = self._new(path)
        if entry is None or not entry.is_file:
            return None
        data = read_small(self._files, path)
        return None if data is None else (data, Name(path), entry.mtime)

    def directory(self, path: str) -> Sequence[Entry]:
        """Give the rows of a directory that was not looked at by another name."""
        return entries_if_there(self._files, path) if self._new(path) else ()


def read_boot(files: Files) -> Iterator[BootEntry]:
    """Yield the entries of every boot loader, then settings, then the programs of EFI."""
    places = _Places(files)
    rows = [*_grub_and_specified(files, places)]
    for path in _LEGACY:
        if found := places.get(path):
            rows += parse_grub_legacy(*found)
    for path in _SYSLINUX:
        if found := places.get(path):
            rows += parse_syslinux(*found)
    for path in ("/etc/default/grub", *_below(files, "/etc/default/grub.d", ".cfg")):
        if found := places.get(path):
            rows += parse_grub_defaults(*found)
    for path in _COMMAND_LINES:
        if found := places.get(path):
            data, name, mtime = found
            text = data.decode("utf-8", "surrogateescape").strip("\0\n ")
            kind, loader = "setting", "kernel-install"
            rows.append(
                BootEntry(kind, loader, "cmdline", None, (), text, False, "", name, 1, mtime)
            )
    yield from (row for row in rows if row.kind == "entry")
    yield from (row for row in rows if row.kind == "setting")
    yield from _programs(files, places)


def _grub_and_specified(files: Files, places: _Places) -> Iterator[BootEntry]:
    specified = []
    for top in _ESP:
        for entry in places.directory(f"{top}/loader/entries"):
            if not entry.is_directory and entry.name.endswith(".conf"):
                data = read_small(files, entry.path) or b""
                specified.append(parse_specified(data, entry.path, entry.mtime))
    used = False
    for path in (*(f"{top}/grub.cfg" for top in _GRUB), *_vendor_menus(files)):
        if not (found := places.get(path)):
            continue
        environment = places.get(f"{paths.split(path)[0]}/grubenv")
        saved = parse_grubenv(environment[0]) if environment else {}
        used = used or b"blscfg" in found[0]
        yield from parse_grub(*found, saved, newest_first(specified))
    menu = [*([] if used else specified), *_unified(files, places)]
    settings = filter(None, (places.get(f"{top}/loader/loader.conf") for top in _ESP))
    configuration = next(settings, None)
    yield from parse_loader(*configuration, menu) if configuration else newest_first(menu)


def _unified(files: Files, places: _Places) -> Iterator[BootEntry]:
    """Yield the unified kernel images in EFI/Linux, UAPI.1 "Type #2"."""
    for top in _ESP:
        for entry in places.directory(f"{top}/EFI/Linux"):
            if not (entry.is_file and entry.name.lower().endswith(".efi")):
                continue
            texts = read_unified(files, entry.path) or {}
            release, _ = parse_assignments(texts.get(".osrel", "").encode(errors="replace"))
            yield BootEntry(
                kind="entry",
                loader="systemd-boot",
                title=release.get("PRETTY_NAME") or entry.name,
                kernel=entry.path,
                initrds=(),
                options=texts.get(".cmdline", ""),
                default=False,
                id=entry.name,
                file=entry.path,
                line=None,
                mtime=entry.mtime,
            )


def _vendor_menus(files: Files) -> Iterator[str]:
    for top in _ESP:
        for entry in entries_if_there(files, f"{top}/EFI"):
            if entry.is_directory:
                yield f"{entry.path}/grub.cfg"


def _below(files: Files, directory: str, suffix: str) -> list[str]:
    return [e.path for e in entries_if_there(files, directory) if e.name.endswith(suffix)]


def _programs(files: Files, places: _Places) -> Iterator[BootEntry]:
    for top in _ESP:
        for vendor in places.directory(f"{top}/EFI"):
            inside = entries_if_there(files, vendor.path) if vendor.is_directory else [vendor]
            for entry in inside:
                if (
                    entry.is_file
                    and entry.name.lower().endswith(".efi")
                    and vendor.name.lower() != "linux"
                ):
                    yield BootEntry(
                        kind="program",
                        loader="efi",
                        title=f"{vendor.name}/{entry.name}" if vendor.is_directory else entry.name,
                        kernel=None,
                        initrds=(),
                        options="",
                        default=False,
                        id="",
                        file=entry.path,
                        line=None,
                        mtime=entry.mtime,
                    )
