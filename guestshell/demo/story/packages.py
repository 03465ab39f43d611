"""What dpkg knows: its status, and of each package the list and digests of its files."""

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from guestshell.demo.story.part import Part
from guestshell.demo.story.programs import CHFN, CHFN_OF_THE_PACKAGE

_UNITS = "/usr/lib/systemd/system"

_PACKAGES = (
    ("base-files", "12.4+deb12u11", "341", "Debian base system miscellaneous files"),
    ("bash", "5.2.15-2+b7", "7165", "GNU Bourne Again SHell"),
    ("bsdutils", "1:2.38.1-5+deb12u3", "359", "basic utilities from 4.4BSD-Lite"),
    ("coreutils", "9.1-1", "18062", "GNU core utilities"),
    ("cron", "3.0pl1-162", "272", "process scheduling daemon"),
    ("dpkg", "1.21.22", "6513", "Debian package management system"),
    ("libc6", "2.36-9+deb12u10", "12988", "GNU C Library: Shared libraries"),
    ("nftables", "1.0.6-2+deb12u2", "181", "Program to control packet filtering rules"),
    ("nginx-core", "1.22.1-9", "1502", "nginx web/proxy server (standard version)"),
    ("openssh-client", "1:9.2p1-2+deb12u5", "5939", "secure shell (SSH) client"),
    ("openssh-server", "1:9.2p1-2+deb12u5", "1891", "secure shell (SSH) server"),
    ("passwd", "1:4.13+dfsg1-1+deb12u1", "2964", "change and administer password and group data"),
    ("rsyslog", "8.2302.0-1", "1987", "reliable system and kernel logging daemon"),
    ("sudo", "1.9.13p3-1+deb12u1", "6257", "Provide limited super user privileges"),
    ("systemd", "252.36-1~deb12u1", "9830", "system and service manager"),
)

_FILES = {
    "base-files": ("/usr/lib/os-release",),
    "bash": ("/usr/bin/bash",),
    "bsdutils": ("/usr/bin/wall",),
    "coreutils": ("/usr/bin/ls",),
    "cron": ("/usr/sbin/cron", f"{_UNITS}/cron.service"),
    "dpkg": ("/usr/bin/dpkg",),
    "libc6": (),
    "nftables": ("/usr/sbin/nft", f"{_UNITS}/nftables.service"),
    "nginx-core": ("/usr/sbin/nginx", f"{_UNITS}/nginx.service"),
    "openssh-client": ("/usr/bin/ssh",),
    "openssh-server": ("/usr/sbin/sshd", f"{_UNITS}/ssh.service"),
    "passwd": (CHFN,),
    "rsyslog": ("/usr/sbin/rsyslogd", f"{_UNITS}/rsyslog.service"),
    "sudo": ("/usr/bin/sudo",),
    "systemd": ("/usr/lib/systemd/systemd", f"{_UNITS}/multi-user.target"),
}


def _status() -> str:
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


def _listed(files: tuple[str, ...]) -> str:
    directories = {str(parent) for file in files for parent in PurePosixPath(file).parents}
    return "/.\n" + "".join(f"{path}\n" for path in sorted({*files, *directories} - {"/"}))


def packages(contents: Mapping[str, bytes]) -> Part:
    """Give dpkg's database of files with these contents, of chfn with what it once had."""
    brought = {**contents, CHFN: CHFN_OF_THE_PACKAGE}
    texts = {"/var/lib/dpkg/status": _status()}
    for name, files in _FILES.items():
        texts[f"/var/lib/dpkg/info/{name}.list"] = _listed(files)
        texts[f"/var/lib/dpkg/info/{name}.md5sums"] = "".join(
            f"{hashlib.md5(brought[file], usedforsecurity=False).hexdigest()}  {file[1:]}\n"
            for file in files
        )
    return Part(texts=texts)
