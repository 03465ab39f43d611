"""What looks like a program, and the intruder's."""

import struct

from guestshell.demo.story.moments import at, night
from guestshell.demo.story.part import Part

MARKER = b"backdoor: setuid(0); execl(/bin/bash)"


def program(text: bytes = b"") -> bytes:
    """Give a file that is an x86-64 ELF program in every respect but doing anything, elf(5)."""
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0x1000, 64, 0, 0, 64, 56, 0, 64, 0, 0)
    return identity + header + bytes(64) + text + bytes(256)


CHFN = "/usr/bin/chfn"
CHFN_OF_THE_PACKAGE = program(b"chfn 4.13")

PART = Part(
    programs={
        "/usr/bin/bash": (program(b"GNU bash, version 5.2.15"), 0o755),
        "/usr/bin/dpkg": (program(b"dpkg 1.21.22"), 0o755),
        "/usr/bin/ls": (program(b"ls (GNU coreutils) 9.1"), 0o755),
        "/usr/bin/ssh": (program(b"OpenSSH_9.2p1 Debian-2+deb12u5"), 0o755),
        "/usr/bin/sudo": (program(b"sudo 1.9.13p3"), 0o4755),
        "/usr/bin/wall": (program(b"wall from util-linux 2.38.1"), 0o2755),
        "/usr/sbin/cron": (program(b"cron 3.0pl1"), 0o755),
        "/usr/sbin/nft": (program(b"nftables v1.0.6"), 0o755),
        "/usr/sbin/nginx": (program(b"nginx/1.22.1"), 0o755),
        "/usr/sbin/rsyslogd": (program(b"rsyslogd 8.2302.0"), 0o755),
        "/usr/sbin/sshd": (program(b"OpenSSH_9.2p1 Debian-2+deb12u5"), 0o755),
        "/usr/lib/systemd/systemd": (program(b"systemd 252"), 0o755),
        "/usr/lib/.cache/kworker": (program(MARKER), 0o4755),
        CHFN: (program(MARKER), 0o4755),
    },
    links={"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/usr/bin/sh": "bash"},
    times={"/usr/lib/.cache/kworker": at("2024-11-02 07:31:20")},  # backdated, as with touch -d
    changes={"/usr/lib/.cache/kworker": night("01:24:42"), CHFN: night("01:42:02")},
)
