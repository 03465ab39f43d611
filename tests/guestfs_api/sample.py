"""A program that uses the typed methods; type checkers read it, and a test runs it.

Drives are overlays that are thrown away, so it may write.
"""

from typing import TYPE_CHECKING, assert_type

from guestshell.guestfs_api import AsyncGuestfs, Guestfs
from guestshell.guestfs_api.structs import (
    Dirent,
    IntBool,
    LvmPv,
    Partition,
    Statns,
    Statvfs,
    Utsname,
    Version,
    Xattr,
)

if TYPE_CHECKING:
    import guestfs


def configure(g: Guestfs, image: str) -> None:
    """What may be asked before the launch."""
    assert_type(g.add_drive(image, readonly=True, format="raw"), None)
    assert_type(g.version(), Version)
    assert_type(g.get_backend(), str)
    assert_type(g.get_append(), str | None)
    assert_type(g.get_autosync(), bool)
    assert_type(g.get_memsize(), int)
    assert_type(g.set_trace(False), None)
    assert_type(g.get_backend_settings(), list[str])
    assert_type(g.internal_test_rstruct(""), LvmPv)
    assert_type(g.internal_test_rbufferout("2"), bytes)
    assert_type(g.set_event_callback(lambda event, handle, buffer, numbers: None, 1), int)
    assert_type(g.delete_event_callback(0), None)


def explore(g: Guestfs) -> None:
    """What an appliance answers."""
    assert_type(g.list_devices(), list[str])
    assert_type(g.list_partitions(), list[str])
    assert_type(g.list_filesystems(), dict[str, str])
    assert_type(g.part_list("/dev/sda"), list[Partition])
    assert_type(g.part_get_parttype("/dev/sda"), str)
    assert_type(g.blockdev_getsize64("/dev/sda"), int)
    assert_type(g.blockdev_getro("/dev/sda"), bool)
    assert_type(g.blkid("/dev/sda1"), dict[str, str])
    assert_type(g.vfs_type("/dev/sda1"), str)
    assert_type(g.canonical_device_name("/dev/sda1"), str)
    assert_type(g.mount("/dev/sda1", "/"), None)
    assert_type(g.mountpoints(), dict[str, str])
    assert_type(g.mounts(), list[str])
    assert_type(g.statvfs("/"), Statvfs)
    assert_type(g.statns("/etc/hostname"), Statns)
    assert_type(g.lstatns("/etc/hostname"), Statns)
    assert_type(g.lstatnslist("/etc", ["hostname", "passwd"]), list[Statns])
    assert_type(g.readdir("/etc"), list[Dirent])
    assert_type(g.lgetxattrs("/etc/hostname"), list[Xattr])
    assert_type(g.lxattrlist("/etc", ["hostname", "passwd"]), list[Xattr])
    assert_type(g.readlinklist("/etc", ["hostname"]), list[str])
    assert_type(g.realpath("/etc/hostname"), str)
    assert_type(g.file("/etc/hostname"), str)
    assert_type(g.exists("/etc/hostname"), bool)
    assert_type(g.is_dir("/etc", followsymlinks=True), bool)
    assert_type(g.filesize("/etc/hostname"), int)
    assert_type(g.ls("/etc"), list[str])
    assert_type(g.find("/etc"), list[str])
    assert_type(g.glob_expand("/etc/host*", directoryslash=False), list[str])
    assert_type(g.pread("/etc/hostname", 10, 0), bytes)
    assert_type(g.read_file("/etc/hostname"), bytes)
    assert_type(g.cat("/etc/hostname"), str)
    assert_type(g.read_lines("/etc/passwd"), list[str])
    assert_type(g.checksum("sha256", "/etc/hostname"), str)
    assert_type(g.download("/etc/hostname", "/dev/null"), None)
    assert_type(g.write("/tmp/new", b"new\n"), None)
    assert_type(g.pwrite("/tmp/new", b"N", 0), int)
    assert_type(g.setxattr("user.note", "x", 1, "/tmp/new"), None)
    assert_type(g.getxattr("/tmp/new", "user.note"), bytes)
    assert_type(g.mkdir_p("/tmp/a/b"), None)
    assert_type(g.rm("/tmp/new"), None)
    assert_type(g.umask(0o022), int)
    assert_type(g.utsname(), Utsname)
    assert_type(g.feature_available(["acl"]), bool)
    assert_type(g.available_all_groups(), list[str])
    assert_type(g.get_pid(), int)
    assert_type(g.aug_init("/", 32), None)
    assert_type(g.aug_defnode("node", "/files/new", "value"), IntBool)
    assert_type(g.aug_match("/files"), list[str])


async def explore_async(g: AsyncGuestfs, image: str) -> None:
    """The same, awaited."""
    assert_type(await g.add_drive(image, readonly=True, format="raw"), None)
    assert_type(await g.launch(), None)
    assert_type(await g.mount_ro("/dev/sda1", "/"), None)
    assert_type(await g.statns("/etc/hostname"), Statns)
    assert_type(await g.exists("/etc/hostname"), bool)
    assert_type(await g.pread("/etc/hostname", 10, 0), bytes)
    assert_type(await g.mountpoints(), dict[str, str])


def raw_binding(g: "guestfs.GuestFS") -> None:
    """The binding itself, as guestfs-stubs types it."""
    assert_type(g.add_drive_opts("/dev/null", readonly=1, format="raw"), None)
    assert_type(g.get_autosync(), int)
    assert_type(g.internal_test_rhashtable("2"), dict[str, str])
    assert_type(g.internal_test_rstructlist("2")[0]["pv_uuid"], str)
    assert_type(g.version()["extra"], str)
