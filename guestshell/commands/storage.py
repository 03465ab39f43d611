"""Disks and what is on them: disks, partitions, filesystems, mounts, mount, umount."""

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import Device, GuestPath, MountPoint
from guestshell.errors import GuestError
from guestshell.guest import paths
from guestshell.guest.devices import Disk, FileSystem, Partition
from guestshell.guest.mounts import Mount
from guestshell.output.results import Records
from guestshell.values import Name


@command(category="storage", examples=["disks"])
@click.pass_obj
def disks(context: Context) -> Records[Disk]:
    """List the disks and the images they come from."""
    return Records(context.guest.disks(), Disk)


@command(category="storage", examples=["partitions"])
@click.pass_obj
def partitions(context: Context) -> Records[Partition]:
    """List the partitions of all disks."""
    return Records(context.guest.partitions(), Partition)


@command(category="storage", examples=["filesystems"])
@click.pass_obj
def filesystems(context: Context) -> Records[FileSystem]:
    """List what each device holds and where it is mounted."""
    return Records(context.guest.filesystems(), FileSystem)


@command(category="storage", examples=["mounts"])
@click.pass_obj
def mounts(context: Context) -> Records[Mount]:
    """List what is mounted."""
    return Records(context.guest.mounts(), Mount)


@command(category="storage", examples=["mount /dev/sda2 /mnt"], needs_session=True)
@click.argument("device", type=Device())
@click.argument("directory", type=GuestPath(directories=True), default="/", metavar="[DIRECTORY]")
@click.pass_obj
def mount(context: Context, device: str, directory: Name) -> None:
    """Mount a file system read-only.

    It is mounted at / unless a directory of the guest is named.
    """
    context.guest.mount(device, paths.lexical(directory))


@command(category="storage", examples=["umount /boot"], needs_session=True)
@click.argument("target", type=MountPoint(), metavar="DIRECTORY|DEVICE")
@click.pass_obj
def umount(context: Context, target: Name) -> None:
    """Unmount a file system."""
    place = paths.lexical(target)
    mounted = {mount.device: mount.directory for mount in context.guest.mounts()}
    place = mounted.get(place, place)
    if place != "/" and paths.is_below(context.cwd, place):
        raise GuestError(f"{place}: the current directory is in it", "cd / first")
    context.guest.unmount(place)
