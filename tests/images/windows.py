"""A Windows 10 as far as tools that read disks see it: NTFS, hives, tasks, users' files.

No byte of it is Microsoft's: programs are headers without code, the hives are made for it.
"""

import hashlib
import io
import struct
import tarfile
from functools import cache
from pathlib import Path

from tests.images import windows_registry as registry
from tests.images.build import MIB, cached, guestfish, run
from tests.images.event_log import Event, event_log
from tests.images.hives import dword, keys_in, make_hive, with_checksum

_CONFIG = "/Windows/System32/config"
_RECIPE = "NTFS on MBR 1"
_SIZE = 64
MTIME = 1_700_000_000
USER_NAME = "alice"
DAMAGED = "/Damaged"
LOGS = "/Windows/System32/winevt/Logs"
STARTUP = "Microsoft/Windows/Start Menu/Programs/Startup"

SECURITY_EVENTS = [
    Event(4625, 1_717_999_000, data={"TargetUserName": "alice", "LogonType": "3"}),
    Event(4625, 1_717_999_001.25, data={"TargetUserName": "alice", "LogonType": "3"}),
    Event(4624, 1_718_000_000.5, data={"TargetUserName": "alice", "LogonType": "2"}),
    Event(1102, 1_718_090_000, provider="Microsoft-Windows-Eventlog", level=4),
]
SYSTEM_EVENTS = [
    Event(
        6005, 1_717_990_000, "EventLog", 4, "System", data={"param1": "The log was started"}
    ),
    Event(
        7045, 1_718_000_100, "Service Control Manager", 4, "System",
        user=f"{registry.SID}-1001",
        data={"ServiceName": "PSEXESVC", "ImagePath": r"%SystemRoot%\PSEXESVC.exe"},
    ),
    Event(41, 1_718_000_200, "Microsoft-Windows-Kernel-Power", 1, "System", user="S-1-5-18"),
]  # fmt: skip


def portable_executable(machine: int = 0x8664) -> bytes:
    """Give the headers of a PE32+ program without code; 0x8664 is x86-64."""
    dos = b"MZ".ljust(60, b"\0") + struct.pack("<I", 0x80)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", machine, 0, 0, 0, 0, 240, 0x22)
    optional = struct.pack("<H", 0x20B).ljust(68, b"\0") + struct.pack("<H", 3)
    return (dos.ljust(0x80, b"\0") + coff + optional).ljust(1024, b"\0")


def shortcut(target: str, arguments: str) -> bytes:
    """Give a shell link, [MS-SHLLINK]: header, link information with a local path, arguments."""
    header = struct.pack("<I16sI", 0x4C, bytes.fromhex("0114020000000000c000000000000046"), 0xA2)
    volume = struct.pack("<IIII", 0x11, 3, 0, 0x10) + b"\0"
    path = target.encode("cp1252") + b"\0"
    body = struct.pack("<IIIII", 0x1C, 1, 0x1C, 0x1C + len(volume), 0)
    suffix_at = 0x1C + len(volume) + len(path)
    info = body + struct.pack("<I", suffix_at) + volume + path + b"\0"
    info = struct.pack("<I", len(info) + 4) + info
    return (
        header.ljust(0x4C, b"\0")
        + info
        + struct.pack("<H", len(arguments))
        + arguments.encode("utf-16-le")
    )


def task(command: str, arguments: str, *, trigger: str, user: str, enabled: bool = True) -> bytes:
    """Give a scheduled task as Task Scheduler 1.2 writes it: XML in UTF-16."""
    text = f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>Alice</Author></RegistrationInfo>
  <Triggers><{trigger}><Enabled>true</Enabled></{trigger}></Triggers>
  <Principals><Principal id="Author"><UserId>{user}</UserId></Principal></Principals>
  <Settings><Enabled>{"true" if enabled else "false"}</Enabled><Hidden>false</Hidden></Settings>
  <Actions Context="Author">
    <Exec><Command>{command}</Command><Arguments>{arguments}</Arguments></Exec>
  </Actions>
</Task>
"""
    return b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")


def _dirty(hive: bytes) -> bytes:
    """Give a hive whose last write was begun and not ended."""
    return with_checksum(hive[:4] + b"\x07" + hive[5:])


def looping_hive() -> bytes:
    """Give a hive in which `inner` holds the keys of the root, itself among them."""
    hive = bytearray(make_hive({"outer\\inner": {"value": dword(1)}}))
    places = {name: at for at, name, _ in keys_in(hive)}
    root, inner = 4096 + 0x20, places["inner"]
    for field_at in (24, 32):  # count and list of subkeys
        hive[inner + field_at : inner + field_at + 4] = hive[root + field_at : root + field_at + 4]
    return bytes(hive)


@cache
def windows_files() -> dict[str, bytes]:
    """Give path → content of everything on the image."""
    program = portable_executable()
    return {
        **{f"/Windows/System32/{name}.exe": program for name in ("cmd", "services", "svchost")},
        "/Windows/explorer.exe": program,
        "/Windows/System32/drivers/disk.sys": program,
        "/Windows/System32/drivers/etc/hosts": b"127.0.0.1 localhost\r\n",
        f"{_CONFIG}/SAM": make_hive(registry.SAM),
        f"{_CONFIG}/SOFTWARE": make_hive(registry.SOFTWARE, registry.TIMES["SOFTWARE"]),
        f"{_CONFIG}/SYSTEM": make_hive(registry.SYSTEM, registry.TIMES["SYSTEM"]),
        f"{_CONFIG}/SECURITY": make_hive(registry.SECURITY),
        f"{_CONFIG}/DEFAULT": make_hive(registry.DEFAULT),
        "/Windows/System32/Tasks/Microsoft/Windows/Defrag/ScheduledDefrag": task(
            r"%windir%\system32\defrag.exe", "-c -h -o", trigger="CalendarTrigger", user="S-1-5-18"
        ),
        "/Windows/System32/Tasks/Updater": task(
            r"C:\ProgramData\up.exe", "-q", trigger="LogonTrigger", user=f"{registry.SID}-1001"
        ),
        "/Windows/System32/Tasks/Old": task(
            "old.exe", "", trigger="BootTrigger", user="S-1-5-18", enabled=False
        ),
        f"/Users/{USER_NAME}/NTUSER.DAT": make_hive(registry.ALICE, registry.TIMES["ALICE"]),
        f"/Users/{USER_NAME}/AppData/Local/Microsoft/Windows/UsrClass.dat": make_hive(
            registry.ALICE_CLASSES
        ),
        f"/Users/{USER_NAME}/AppData/Roaming/{STARTUP}/Sync.lnk": shortcut(
            r"C:\Users\alice\AppData\Local\sync.exe", "--hidden"
        ),
        f"/Users/{USER_NAME}/AppData/Roaming/{STARTUP}/desktop.ini": b"[.ShellClassInfo]\r\n",
        f"/Users/{USER_NAME}/Documents/grüße.txt": b"Hallo\r\n",
        f"/ProgramData/{STARTUP.replace('Startup', 'StartUp')}/all.bat": b"@echo off\r\n",
        "/Users/Public/desktop.ini": b"[.ShellClassInfo]\r\n",
        "/Program Files/7-Zip/7z.exe": program,
        "/Windows/appcompat/Programs/Amcache.hve": make_hive({r"Root\InventoryApplication": {}}),
        f"{DAMAGED}/dirty": _dirty(make_hive(registry.ALICE_CLASSES)),
        f"{DAMAGED}/garbage": b"regf" + bytes(range(256)) * 32,
        f"{DAMAGED}/looping": looping_hive(),
        f"{DAMAGED}/cut short": make_hive(registry.SOFTWARE)[:9000],
        f"{LOGS}/Security.evtx": event_log(SECURITY_EVENTS),
        f"{LOGS}/System.evtx": event_log(SYSTEM_EVENTS),
        f"{LOGS}/Microsoft-Windows-TaskScheduler%4Operational.evtx": event_log([]),
    }


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path[1:])
            member.size, member.mtime, member.mode = len(content), MTIME, 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def windows_image() -> Path:
    """Give the image: MBR with one NTFS partition that is drive C:."""
    content = _tar(windows_files())
    start, sectors = registry.PARTITION_START // 512, _SIZE * MIB // 512

    def build(image: Path) -> None:
        with image.open("wb") as file:
            file.truncate((_SIZE + 2) * MIB)
        table = f"label: dos\nlabel-id: {registry.DISK_SIGNATURE:#x}\n"
        run("sfdisk", "--quiet", str(image), text=f"{table}start={start}, size={sectors}, type=7\n")
        tree = image.with_suffix(".tar")
        tree.write_bytes(content)
        guestfish(
            f"run\nmkfs ntfs /dev/sda1 label:Windows\nmount /dev/sda1 /\ntar-in {tree} /\n"
            "umount-all\nshutdown\n",
            "--format=raw", "-a", str(image),
        )  # fmt: skip
        tree.unlink()

    return cached("windows.img", f"{_RECIPE} {hashlib.sha256(content).hexdigest()}", build)
