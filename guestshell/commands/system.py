"""What system this is: inspect, packages, users, groups."""

import fnmatch

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.guest.facts.accounts import Group, User
from guestshell.guest.facts.package import Package
from guestshell.guest.inspection import Inspection
from guestshell.output.results import Layout, Records


@command(category="system", examples=["inspect"])
@click.pass_obj
def inspect(context: Context) -> Records[Inspection]:
    """Say which system lives here, on which file systems."""
    return Records([context.guest.inspect()], Inspection, layout=Layout.DETAILS)


@command(category="system", examples=["packages", "packages 'openssh*'", "packages lib"])
@click.argument("pattern", required=False)
@click.pass_obj
def packages(context: Context, pattern: str | None) -> Records[Package]:
    """List the installed packages.

    PATTERN is a glob for the whole name, or without wildcards a part of it.
    """
    found = context.guest.packages()
    if pattern is not None:
        wildcard = pattern if set(pattern) & set("*?[") else f"*{pattern}*"
        found = [package for package in found if fnmatch.fnmatchcase(package.name, wildcard)]
    return Records(found, Package)


@command(category="system", examples=["users"])
@click.pass_obj
def users(context: Context) -> Records[User]:
    """List the accounts of /etc/passwd and whether each has a password."""
    return Records(context.guest.users(), User)


@command(category="system", examples=["groups"])
@click.pass_obj
def groups(context: Context) -> Records[Group]:
    """List the groups of /etc/group."""
    return Records(context.guest.groups(), Group)
