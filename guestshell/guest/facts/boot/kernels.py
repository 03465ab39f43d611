"""The kernels of a guest: their images, what belongs to each, and which one boots."""

import re
from collections.abc import Iterator, Sequence

from guestshell.guest import paths
from guestshell.guest.entries import Entry
from guestshell.guest.facts.boot.kernel_image import HEAD, build_of, format_of
from guestshell.guest.facts.boot.rows import BootEntry, Kernel
from guestshell.guest.facts.boot.unified_kernel import read_unified
from guestshell.guest.facts.files import Files, entries_if_there, read_if_there, real_entry
from guestshell.values import Name

MODULES = ("/usr/lib/modules", "/lib/modules")
_BOOT = ("/boot", "/boot/efi", "/efi", "/boot/firmware")
_IMAGE = re.compile(r"(?:vmlinuz|vmlinux|bzImage|zImage|kernel|Image|linux)(?:[-.](.+)|\d*\.img)?")
_NO_IMAGE = (".old", ".bak", ".hmac", ".sig", ".txt", ".map", ".cfg", ".conf", ".dtb")
_INITRDS = ("initrd.img-{}", "initramfs-{}.img", "initrd-{}", "initramfs-{}", "initrd-{}.img",
            "initramfs-genkernel-{}", "booster-{}.img")  # fmt: skip
"""Debian, Fedora and Arch, SUSE, Alpine, others, Gentoo, booster."""
_MACHINE_ID = re.compile(r"[0-9a-f]{32}")


def module_trees(files: Files) -> dict[Name, Name]:
    """Give the directories of modules by the version of their kernel."""
    trees: dict[Name, Name] = {}
    for top in MODULES:
        for entry in entries_if_there(files, top):
            if entry.is_directory:
                trees.setdefault(entry.name, entry.path)
    return trees


def read_kernels(files: Files, boot: Sequence[BootEntry]) -> list[Kernel]:
    """Give the kernels in the order of their files, then those of which only modules are left.

    `boot` are the entries of the boot loaders.
    """
    trees = module_trees(files)
    defaults = [entry.kernel for entry in boot if entry.default and entry.kernel]
    kernels = [
        _kernel(files, image, suffix, siblings, trees, defaults)
        for image, suffix, siblings in _images(files)
    ]
    kernels += _unified(files, boot, trees)
    known = {kernel.version for kernel in kernels}
    for version, tree in trees.items():
        if version in known:
            continue
        inside = entries_if_there(files, tree)
        image = next((e for e in inside if e.name == "vmlinuz" and e.is_file), None)
        if image is not None:  # Fedora and Arch keep the original there
            kernels.append(_kernel(files, image, version, inside, trees, defaults))
        elif inside:
            kernels.append(Kernel(version, False, None, "", "", None, tree, None, None, None))
    if not kernels:
        files.warn("/boot: has no kernel")
    return kernels


def _unified(files: Files, boot: Sequence[BootEntry], trees: dict[Name, Name]) -> Iterator[Kernel]:
    """Yield the unified kernel images among the boot entries: kernel and initrd in one."""
    for row in boot:
        image = real_entry(files, row.file) if row.file == row.kernel else None
        if image is None:
            continue
        version = (read_unified(files, row.file) or {}).get(".uname", "")
        yield Kernel(
            version=version or row.id,
            default=row.default,
            file=row.file,
            format="UKI",
            build="",
            initrd=row.file,
            modules=trees.get(Name(version)),
            config=None,
            size=image.size,
            mtime=image.mtime,
        )


def _images(files: Files) -> Iterator[tuple[Entry, str, Sequence[Entry]]]:
    """Yield each image with what follows in its name, and what else is in its directory."""
    seen = set[tuple[int, int]]()
    for top in _BOOT:
        place = real_entry(files, top)
        if place is None or (place.device, place.inode) in seen:
            continue
        seen.add((place.device, place.inode))
        siblings = entries_if_there(files, top)
        for entry in siblings:
            match = _IMAGE.fullmatch(entry.name)
            if entry.is_file and match and not entry.name.endswith(_NO_IMAGE):
                yield entry, match[1] or "", siblings
            elif entry.is_directory and _MACHINE_ID.fullmatch(entry.name):
                yield from _of_machine(files, entry.path)


def _of_machine(files: Files, directory: Name) -> Iterator[tuple[Entry, str, Sequence[Entry]]]:
    """Yield the images of the layout of kernel-install(8): MACHINE-ID/VERSION/linux."""
    for version in entries_if_there(files, directory):
        if version.is_directory:
            inside = entries_if_there(files, version.path)
            for entry in inside:
                if entry.is_file and entry.name in ("linux", "vmlinuz"):
                    yield entry, version.name, inside


def _kernel(
    files: Files,
    image: Entry,
    suffix: str,
    siblings: Sequence[Entry],
    trees: dict[Name, Name],
    defaults: Sequence[Name],
) -> Kernel:
    head = read_if_there(files, image.path, HEAD) or b""
    build = build_of(head)
    release = build.split(None, 1)[0] if build else ""
    version = release or suffix or image.name
    names = {entry.name: entry.path for entry in siblings if not entry.is_directory}
    wanted = [pattern.format(each) for each in (suffix, version) for pattern in _INITRDS]
    wanted += ["initrd", "initramfs.img"] if image.name in ("linux", "vmlinuz") else []
    configs = (f"config-{suffix}", f"config-{version}", "config")
    initrd = next((names[Name(name)] for name in wanted if name in names), None)
    config = next((names[Name(name)] for name in configs if name in names), None)
    return Kernel(
        version=version,
        default=any(_is_same(image.path, kernel) for kernel in defaults),
        file=image.path,
        format=format_of(head),
        build=build,
        initrd=initrd,
        modules=trees.get(Name(version)) or trees.get(Name(suffix)),
        config=config,
        size=image.size,
        mtime=image.mtime,
    )


def _is_same(path: str, named: str) -> bool:
    """Say whether a boot loader's path, perhaps seen from its own partition, means a file."""
    named = paths.join("/", named)
    return path.endswith(named) or named.endswith(path)
