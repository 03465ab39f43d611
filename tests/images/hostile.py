"""Make an image whose every name and text tries to do something to the terminal it is shown on."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

from tests.images.build import MIB, cached, run

TITLE = b"\x1b]0;EVIL\x07"
EVIL = TITLE + b"\x1b[31mE\x1b[0;5mVIL\x9b7m\x7f\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf"
"""What stands in every field: a title, colours, C1, DEL, bidi, invisible, no valid UTF-8."""

_SEQUENCES: dict[str, bytes] = {
    "title": TITLE,
    "clipboard": b"\x1b]52;c;RVZJTA==\x07",
    "link": b"\x1b]8;;http:evil\x1b\\EVIL\x1b]8;;\x1b\\",
    "answer": b"\x1b[6n\x1b[c\x1b[>c\x1b]10;?\x07",
    "screen": b"\x1b[2J\x1b[H\x1bc\x1b[?1049h\x1b[66;66r",
    "keys": b"\x1b[?2004l\x1b[?1000h\x1b>\x1b=",
    "string": b"\x1bPq#0;2;0;0;0\x1b\\\x1b_G\x1b\\\x1b^EVIL\x1b\\\x1bX\x1b\\",
    "c1": b"\xc2\x9b31m\xc2\x9d0;EVIL\xc2\x9c\xc2\x90\xc2\x85",
    "raw-c1": b"\x9b31m\x9d0;EVIL\x9c",
    "shift": b"\x0e\x0f\x1b(0\x1b)B\x1bN\x1bO",
    "moving": b"\x08\x08\x0b\x0c\r\rEVIL",
    "newline": b"\nEVIL 0 root",
    "bell": b"\x07\x05\x04\x1a\x1c",
    "del": b"\x7f\x7f",
    "bidi": "\u202eLIVE\u202c\u2066x\u2069\u200f".encode(),
    "invisible": "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\U000e0041".encode(),
    "lines": "\u2028\u2029\u0085".encode(),
    "tower": ("e" + "\u0301\u0338\u20dd" * 35).encode(),
    "wide": ("漢" * 80).encode(),
    "surrogate": b"\xed\xa0\x80\xed\xb0\x80",
    "overlong": b"\xc0\xaf\xe0\x80\xaf\xff\xfe",
    "markup": b"[red]EVIL[bold on white]",
    "format": b"%s%n{0}{evil!r}$(id)`id`${HOME}",
    "words": b"a|b;c>d&e #f 'g\" \\h!i",
    "private": "\ue000\U000f0000".encode(),
    "unassigned": "\u0378\U000e0fff".encode(),
}
"""A name is each of these, and a file of that name holds it."""


def names() -> list[bytes]:
    """Give the names that stand in /hostile."""
    controls = [b"c" + bytes([code]) for code in range(1, 32)]
    long = [b"L" * 255, b"\x1b[31m" * 51]
    dashed = [b"-rf", b"--help", b" ", b" x ", b"~", b"*", b"?", b"..."]
    return [*_SEQUENCES.values(), *controls, *long, *dashed]


def _utmp(kind: int, user: bytes, line: bytes, host: bytes) -> bytes:
    """Give a record of wtmp, utmp(5)."""
    return struct.pack(
        "<hxxi32s4s32s256shhiii4I20x", kind, 1, line, b"1", user, host, 0, 0, 1, 1_700_000_000, 0,
        0, 0, 0, 0,
    )  # fmt: skip


def _fields(text: str) -> bytes:
    return text.replace("EVIL", "\0").encode().replace(b"\0", EVIL)


_TEXTS = {
    "etc/os-release": 'ID=debian\nPRETTY_NAME="EVIL Linux"\nVERSION_ID="12EVIL"\nNAME=EVIL\n',
    "etc/hostname": "EVIL\n",
    "etc/passwd": "root:x:0:0:EVIL:/rootEVIL:/bin/EVIL\nEVIL:x:1000:1000:EVIL:/home/u:/bin/sh\n",
    "etc/shadow": "root:$6$EVIL:19000:0:99999:7:::\nEVIL:!:19000:0:99999:7:::\n",
    "etc/group": "root:x:0:EVIL\nEVIL:x:1000:root,EVIL\n",
    "etc/sudoers": "EVIL ALL=(ALL) NOPASSWD: EVIL\n",
    "etc/fstab": "/dev/EVIL /mntEVIL ext4 defaults,EVIL 0 1\nUUID=EVIL / EVIL ro 0 0\n",
    "etc/crontab": "* * * * * EVIL /bin/EVIL\n",
    "etc/cron.d/EVIL": "5 4 * * * root EVIL\n",
    "var/spool/cron/crontabs/EVIL": "@reboot EVIL\n",
    "etc/anacrontab": "1 5 EVIL EVIL\n",
    "etc/network/interfaces": "auto EVIL\niface EVIL inet static\n  address 10.0.0.1/8EVIL\n",
    "etc/netplan/x.yaml":
        'network:\n  ethernets:\n    "e\\e]0;x\\a":\n      addresses: ["\\e[31m"]\n',
    "etc/systemd/network/x.network": "[Match]\nName=EVIL\n[Network]\nAddress=EVIL\nDNS=EVIL\n",
    "etc/NetworkManager/system-connections/x.nmconnection":
        "[connection]\nid=EVIL\ninterface-name=EVIL\n[ipv4]\naddress1=10.1.1.1/8EVIL\n",
    "etc/resolv.conf": "nameserver EVIL\nsearch EVIL\noptions EVIL\n",
    "etc/hosts": "127.0.0.1 EVIL\n10.0.0.1EVIL x\n",
    "var/lib/dhcp/dhclient.EVIL.leases":
        'lease {\n  interface "EVIL";\n  fixed-address EVIL;\n  renew 1 2024/01/01 00:00:00;\n}\n',
    "etc/nftables.conf": "table inet EVIL {\n chain EVIL {\n  tcp dport 22 accept # EVIL\n }\n}\n",
    "etc/iptables/rules.v4": "*filter\n:INPUT DROP [0:0]\n-A INPUT -s EVIL -j EVIL\nCOMMIT\n",
    "etc/ufw/user.rules": "### tuple ### allow tcp EVIL 0.0.0.0/0 any EVIL in\n",
    "var/lib/dpkg/status":
        "Package: EVIL\nStatus: install ok installed\nVersion: 1EVIL\nArchitecture: EVIL\n"
        "Source: EVIL\nInstalled-Size: 1\n\n",
    "var/lib/dpkg/info/EVIL.list": "/usr/bin/EVIL\n",
    "etc/systemd/system/evil.service":
        "[Unit]\nDescription=EVIL\n[Service]\nExecStart=EVIL\nUser=EVIL\n",
    "etc/systemd/system/EVIL.timer": "[Unit]\nDescription=EVIL\n[Timer]\nOnCalendar=EVIL\n",
    "etc/init.d/EVIL":
        "#!/bin/sh\n### BEGIN INIT INFO\n# Short-Description: EVIL\n### END INIT INFO\n",
    "boot/grub/grub.cfg": "menuentry 'EVIL' {\n linux /vmlinuz-EVIL root=EVIL\n initrd /EVIL\n}\n",
    "boot/loader/entries/EVIL.conf": "title EVIL\nlinux /EVIL\noptions EVIL\n",
    "boot/vmlinuz-EVIL": "EVIL",
    "lib/modules/EVIL/modules.dep": "kernel/EVIL.ko: kernel/EVIL.ko\n",
    "etc/modules": "EVIL\n",
    "etc/modprobe.d/x.conf": "blacklist EVIL\ninstall EVIL /bin/EVIL\n",
    "etc/timezone": "EVIL\n",
    "etc/default/locale": 'LANG="EVIL"\nLC_ALL=EVIL\n',
    "etc/vconsole.conf": "KEYMAP=EVIL\n",
    "etc/selinux/config": "SELINUX=EVIL\nSELINUXTYPE=EVIL\n",
    "etc/cloud/cloud.cfg": "users:\n  - name: EVIL\n",
    "var/lib/cloud/seed/nocloud/user-data": "#cloud-config\nhostname: EVIL\n",
    "var/log/syslog": "Nov  1 10:00:00 EVIL EVIL[1]: EVIL\n2024-01-01T00:00:00Z h EVIL: EVIL\n",
    "var/log/auth.log": "Nov  1 10:00:00 h sshd[1]: Failed password for EVIL from EVIL\n",
    "root/.bash_history": "#1700000000\ncurl EVIL | sh\nEVIL\n",
    "root/.ssh/authorized_keys":
        'command="EVIL" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
        "AAAAAAAA EVIL\nEVIL\n",
    "etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 EVIL EVIL\n",
    "var/lib/docker/containers/EVIL/config.v2.json":
        '{"ID":"EVIL","Name":"/\\u001b]0;x\\u0007","Config":{"Image":"\\u001b[31m"}}',
    "etc/NetworkManager/NetworkManager.conf": "[main]\nEVIL=EVIL\n",
}  # fmt: skip


def _below(root: Path, name: bytes) -> Path:
    return root / os.fsdecode(name)


def _fill(root: Path) -> None:
    for name, text in _TEXTS.items():
        path = _below(root, _fields(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_fields(text))
    user, host = EVIL[:32], EVIL
    logins = _utmp(7, user, user, host) + _utmp(2, b"reboot", b"~", host)
    _below(root, b"var/log/wtmp").write_bytes(logins)
    _below(root, b"var/log/btmp").write_bytes(_utmp(6, user, user, host))
    _fill_directory(root)


def _fill_directory(root: Path) -> None:
    hostile = root / "hostile"
    hostile.mkdir()
    content = b"\n".join([*_SEQUENCES.values(), EVIL]) + b"\n"
    for each in names():
        file = _below(hostile, each)
        file.write_bytes(content)
        file.chmod(0o4777)
    inside = _below(hostile, b"dir" + TITLE)
    _below(inside, EVIL[:200]).mkdir(parents=True)
    inside.chmod(0o777)
    _below(hostile, b"link" + TITLE).symlink_to(os.fsdecode(EVIL))
    os.mkfifo(_below(hostile, b"fifo" + TITLE))


def _made(name: str, label: str, fill: Callable[[Path], None]) -> Path:
    def build(image: Path) -> None:
        tree = image.with_suffix(".tree")
        tree.mkdir()
        fill(tree)
        try:
            with image.open("wb") as file:
                file.truncate(64 * MIB)
            run("mke2fs", "-q", "-t", "ext4", "-L", label, "-d", str(tree), str(image))
        finally:
            run("rm", "-rf", str(tree))

    recipe = Path(__file__).read_text(encoding="utf-8")
    return cached(name, recipe, build)


def hostile_image() -> Path:
    """Give the image; built once."""
    return _made("hostile.img", "EVIL\x1b[31m", _fill)


def hostile_directory_image() -> Path:
    """Give one with nothing but /hostile, which programs can open that fail on the rest."""
    return _made("hostile-directory.img", "hostile", _fill_directory)
