"""The guest of programs and notebooks: what the prompt's guest answers, as rows."""

import contextlib
from collections.abc import Callable
from dataclasses import fields
from html import escape
from typing import Any

from guestshell.api import html
from guestshell.api.rows import Rows
from guestshell.errors import GuestError
from guestshell.guest import guest as core
from guestshell.guest.devices import Disk, FileSystem, Partition, Usage
from guestshell.guest.entries import Entry
from guestshell.guest.facts.accounts.passwd import Group, User
from guestshell.guest.facts.packages.rows import Package
from guestshell.guest.inspection import Inspection as Findings
from guestshell.guest.inspection import InstalledSystem
from guestshell.guest.mounts import Mount
from guestshell.output.safe import safe_line


class Inspection(Findings):
    """Everything known of an image at large, which a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return html.details(self)


class Guest(core.Guest):
    """An opened image.

    Making one checks the images and returns at once; the appliance boots at the first question
    that needs it, or behind by `start`. All paths are absolute paths of the guest, `str` decoded
    with surrogateescape. Every method raises GuestError (PathError and NoSuchPath for paths)
    when the guest cannot answer and ApplianceError when the appliance cannot be had.

        with Guest("disk.img") as guest:
            print(guest.inspect().os.version)
            print(guest.read_text("/etc/hostname"))
            print(guest.rows("services --enabled | sort -mtime").to_pandas())
    """

    def rows(self, line: str) -> Rows[Any]:
        """Give the rows of a command of the prompt and its filters: `users | where uid = 0`.

        Every row has all of its fields, whatever a table of it would show. Raises UsageError for
        a line that is not understood or gives no rows.
        """
        from guestshell.api.asking import rows_of

        return rows_of(self, line)

    def inspect(self) -> Inspection:
        """Say what system this is, what is mounted, and what the file systems hold."""
        found = super().inspect()
        return Inspection(**{field.name: getattr(found, field.name) for field in fields(found)})

    def systems(self) -> Rows[InstalledSystem]:
        """Give the systems in the image."""
        return Rows(super().systems(), InstalledSystem)

    def users(self) -> Rows[User]:
        """Give the accounts of /etc/passwd, or of a Windows' registry."""
        return Rows(super().users(), User)

    def groups(self) -> Rows[Group]:
        """Give the groups of /etc/group, or of a Windows' registry."""
        return Rows(super().groups(), Group)

    def packages(self, warn: Callable[[str], None] = lambda message: None) -> Rows[Package]:
        """Give the installed packages by name; what is damaged is said to `warn`.

        The databases of dpkg, rpm, apk and pacman are read directly, a Windows' registry by
        libguestfs. Raises GuestError where there is none of them.
        """
        warnings: list[str] = []

        def both(message: str) -> None:
            warnings.append(message)
            warn(message)

        return Rows(super().packages(both), Package, warnings=warnings)

    def disks(self) -> Rows[Disk]:
        """Give the disks and the images they come from."""
        return Rows(super().disks(), Disk)

    def partitions(self) -> Rows[Partition]:
        """Give the partitions of all disks."""
        return Rows(super().partitions(), Partition)

    def filesystems(self) -> Rows[FileSystem]:
        """Give what each device holds, with the use of those that are mounted."""
        return Rows(super().filesystems(), FileSystem)

    def mounts(self) -> Rows[Mount]:
        """Give what is mounted, by directory."""
        return Rows(super().mounts(), Mount)

    def usage(self) -> Rows[Usage]:
        """Give the space of each mounted file system."""
        return Rows(super().usage(), Usage)

    def ls(self, path: str = "/") -> Rows[Entry]:
        """Give the rows of a directory in byte order, `.` and `..` left out."""
        return Rows(super().ls(path), Entry)

    def _repr_html_(self) -> str:
        names = ", ".join(safe_line(image.path.name) for image in self.images)
        found = ""
        with contextlib.suppress(GuestError), self.at_once():  # showing it boots no appliance
            found = f": {escape(safe_line(self.inspect().headline))}"
        return f"<p><b>{escape(names)}</b>{found}</p>"
