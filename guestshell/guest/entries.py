"""What stands in a directory: the rows of `ls`, `find` and `stat`."""

import os
import stat as st
from collections.abc import Sequence
from dataclasses import dataclass

from guestshell.engine.bytecalls import StatNs
from guestshell.values import Mode, Name, Size, Timestamp, decode_name

_SELINUX = "security.selinux"

KINDS = {
    "r": "file",
    "d": "directory",
    "l": "symlink",
    "c": "character device",
    "b": "block device",
    "f": "fifo",
    "s": "socket",
}
"""readdir's letters (guestfs(3)) in words."""

LETTERS = {kind: letter for letter, kind in KINDS.items()}
"""The same the other way round; `u` stands for what none of them is."""

_TYPE_BITS = 0o170000
"""The bits of st_mode that tell the type, inode(7)."""

_KIND_OF_MODE = {
    st.S_IFREG: "file",
    st.S_IFDIR: "directory",
    st.S_IFLNK: "symlink",
    st.S_IFCHR: "character device",
    st.S_IFBLK: "block device",
    st.S_IFIFO: "fifo",
    st.S_IFSOCK: "socket",
}


def kind_of(mode: int) -> str:
    """Give the kind of file of a st_mode in words."""
    # not S_IFMT(), which fails for numbers that no mode has but a broken appliance may send
    return _KIND_OF_MODE.get(mode & _TYPE_BITS, "unknown")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the guest, its symbolic link not followed."""

    path: Name
    name: Name
    kind: str
    size: Size
    mode: Mode
    owner: Name
    group: Name
    mtime: Timestamp
    target: Name | None
    links: int
    uid: int
    gid: int
    inode: int
    device: int
    allocated: Size
    atime: Timestamp
    ctime: Timestamp

    @property
    def is_directory(self) -> bool:
        """Whether this is a directory, not a link to one."""
        return self.kind == "directory"

    @property
    def is_file(self) -> bool:
        """Whether this is a regular file, whose content can be read."""
        return self.kind == "file"


@dataclass(frozen=True, slots=True)
class ExtendedAttribute:
    """One extended attribute, xattr(7)."""

    name: Name
    value: Name


@dataclass(frozen=True, slots=True)
class Stat:
    """Everything stat(2) and xattr(7) say of one path."""

    path: Name
    kind: str
    target: Name | None
    size: Size
    allocated: Size
    mode: Mode
    permissions: str
    uid: int
    owner: Name
    gid: int
    group: Name
    inode: int
    links: int
    device: str
    mtime: Timestamp
    atime: Timestamp
    ctime: Timestamp
    selinux: Name | None
    xattrs: tuple[ExtendedAttribute, ...]


def make_entry(
    path: Name, name: Name, status: StatNs, target: Name | None, owner: Name, group: Name
) -> Entry:
    """Give the row of one file."""

    return Entry(
        path,
        name,
        kind_of(status.mode),
        Size(status.size),
        Mode(status.mode),
        owner,
        group,
        Timestamp(status.mtime),
        target,
        status.links,
        status.uid,
        status.gid,
        status.inode,
        status.device,
        Size(status.blocks * 512),
        Timestamp(status.atime),
        Timestamp(status.ctime),
    )


def unknown_entry(path: Name, name: Name) -> Entry:
    """Give the row of a name whose inode cannot be read: it is there, and that is all."""
    nothing = StatNs(0, 0, 0, 0, -1, -1, 0, 0, 0, 0, 0, 0)
    return make_entry(path, name, nothing, None, Name("?"), Name("?"))


def make_stat(entry: Entry, attributes: Sequence[tuple[Name, bytes]]) -> Stat:
    """Give everything of one file: its row, and its extended attributes as name and value."""
    selinux = next((value for name, value in attributes if name == _SELINUX), None)
    return Stat(
        path=entry.path,
        kind=entry.kind,
        target=entry.target,
        size=entry.size,
        allocated=entry.allocated,
        mode=entry.mode,
        permissions=f"{entry.mode & 0o7777:04o}",
        uid=entry.uid,
        owner=entry.owner,
        gid=entry.gid,
        group=entry.group,
        inode=entry.inode,
        links=entry.links,
        device=f"{os.major(entry.device)}:{os.minor(entry.device)}",
        mtime=entry.mtime,
        atime=entry.atime,
        ctime=entry.ctime,
        selinux=decode_name(selinux.rstrip(b"\0")) if selinux else None,
        xattrs=tuple(
            ExtendedAttribute(name, decode_name(value))
            for name, value in attributes
            if name != _SELINUX
        ),
    )
