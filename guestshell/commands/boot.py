"""How the guest boots, and with what: boot, kernels, modules."""

from collections.abc import Iterable

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.matching import name_filter
from guestshell.commands.parameters import Known, known_context
from guestshell.guest.facts.boot.rows import BootEntry, Kernel, Module
from guestshell.output.results import Records


@command(
    category="system",
    examples=["boot", "boot | where kind == entry | select title default options"],
)
@click.pass_obj
def boot(context: Context) -> Records[BootEntry]:
    """List the entries and settings of the boot loaders.

    GRUB, GRUB Legacy, entries of the Boot Loader Specification (Fedora, systemd-boot), Syslinux;
    then what their menus are made from, and the programs of the EFI system partition.
    """
    from guestshell.guest.facts.boot.bootloader import read_boot

    columns = ("kind", "title", "default", "kernel", "options", "file")
    return Records(read_boot(context.files()), BootEntry, columns)


@command(category="system", examples=["kernels", "kernels | where default"])
@click.pass_obj
def kernels(context: Context) -> Records[Kernel]:
    """List the kernels, what belongs to each, and which one boots."""
    from guestshell.guest.facts.boot.bootloader import read_boot
    from guestshell.guest.facts.boot.kernels import read_kernels

    files = context.files()
    rows = read_kernels(files, list(read_boot(files)))
    columns = ("version", "default", "file", "size", "initrd", "modules", "mtime")
    return Records(rows, Kernel, columns)


class ModuleName(Known):
    """The name of a module that the configuration speaks of."""

    name = "pattern"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the names that lines of the configuration begin with."""
        from guestshell.guest.facts.boot.modules import read_module_lines

        context = known_context(ctx)
        if context is None:
            return ()
        found = {row.name: row.action for row in read_module_lines(context.guest.files())}
        return sorted(found.items())


@command(
    category="system",
    examples=[
        "modules",
        "modules | where action == install",
        "modules --installed | where state == unlisted",
    ],
)
@click.option("--installed", is_flag=True, help="The modules of each kernel instead.")
@click.argument("pattern", required=False, type=ModuleName())
@click.pass_obj
def modules(context: Context, pattern: str | None, installed: bool) -> Records[Module]:
    """List what is configured about kernel modules, or those installed.

    Lines of modules-load.d and modprobe.d say what is loaded or not, and with which options; an
    install line runs a command instead. An installed module that modules.dep does not list was
    put there after depmod last ran.

    PATTERN is a glob for the whole name, or without wildcards a part of it; - and _ are the same.
    """
    from guestshell.guest.facts.boot.modules import read_installed, read_module_lines

    fits = name_filter(pattern.replace("-", "_") if pattern else None)
    read = read_installed if installed else read_module_lines
    rows = (row for row in read(context.files()) if fits(row.name.replace("-", "_")))
    columns = (
        ("name", "kernel", "place", "state", "file", "mtime")
        if installed
        else ("name", "action", "text", "file", "line")
    )
    return Records(rows, Module, columns)
