"""How it was set up: timezone, locale, fstab, selinux, cloud."""

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.guest.facts.configuration.rows import (
    CloudFact,
    FstabEntry,
    Selinux,
    Setting,
    TimeZone,
)
from guestshell.output.results import Layout, Records


@command(category="system", examples=["timezone"])
@click.pass_obj
def timezone(context: Context) -> Records[TimeZone]:
    """Say in which time zone the system counts, and what its clock keeps."""
    from guestshell.guest.facts.configuration.time_zone import read_time_zone
    from guestshell.guest.facts.windows.system import read_time_zone as read_from_registry

    row = context.read(read_time_zone, read_from_registry)
    return Records([row], TimeZone, layout=Layout.DETAILS)


@command(category="system", examples=["locale"])
@click.pass_obj
def locale(context: Context) -> Records[Setting]:
    """List the language and keyboard that are set, and by which file."""
    from guestshell.guest.facts.configuration.locale import read_locale

    return Records(read_locale(context.files()), Setting)


@command(category="system", examples=["fstab", "fstab | where not mounted"])
@click.pass_obj
def fstab(context: Context) -> Records[FstabEntry]:
    """List the lines of /etc/fstab and which device of the image each means."""
    from guestshell.guest.facts.configuration.file_systems import read_fstab

    guest = context.guest
    rows = read_fstab(context.files(), guest.layout().survey, guest.mounts())
    return Records(
        rows,
        FstabEntry,
        columns=("spec", "directory", "type", "options", "device", "mounted"),
    )


@command(category="system", examples=["selinux"])
@click.pass_obj
def selinux(context: Context) -> Records[Selinux]:
    """Say how SELinux is set up and what was changed; nothing where it is not."""
    from guestshell.guest.facts.configuration.selinux import read_selinux

    return Records(read_selinux(context.files()), Selinux, layout=Layout.DETAILS)


@command(category="system", examples=["cloud", "cloud | where name = 'ssh key'"])
@click.pass_obj
def cloud(context: Context) -> Records[CloudFact]:
    """List what cloud-init recorded: instance, source, boots, users and keys.

    Passwords are never shown, only that there are some.
    """
    from guestshell.guest.facts.configuration.cloud_init import read_cloud

    return Records(read_cloud(context.files()), CloudFact)
