"""A tree with a package of pacman, installed by pacman itself."""

import os
import shutil
from pathlib import Path

from tests.images.build import run

TOOLS = ("pacman", "bsdtar", "unshare")
"""Debian's packages pacman-package-manager, libarchive-tools and util-linux."""

_INFO = """pkgname = xtool
pkgbase = xbase
pkgver = 1.0-2
pkgdesc = A tool
url = https://example.org
builddate = 1700000000
packager = nobody
size = 100
arch = any
backup = etc/xtool.conf
"""


def missing_tools() -> list[str]:
    """Give the tools that this host lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def make_pacman_root(root: Path, work: Path) -> None:
    """Install the package `xtool` below a directory."""
    tree = work / "tree"
    for path, text in {
        "usr/bin/xtool": "tool\n",
        "usr/share/with space": "",
        "etc/xtool.conf": "setting\n",
        ".PKGINFO": _INFO,
    }.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    (tree / "usr/bin/also").symlink_to("xtool")
    (tree / "usr/bin/xtool").chmod(0o4755)
    package = work / "xtool-1.0-2-any.pkg.tar"
    owner = ["--uid", "0", "--gid", "0", "-C", str(tree)]
    run(
        "bsdtar", "-czf", str(tree / ".MTREE"), "--format=mtree",
        "--options=!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link",
        *owner, ".PKGINFO", "etc", "usr",
    )  # fmt: skip
    run("bsdtar", "-cf", str(package), *owner, ".PKGINFO", ".MTREE", "etc", "usr")
    (root / "var/lib/pacman").mkdir(parents=True)
    run(*pacman(root, work), "--noconfirm", "-U", str(package))


def pacman(root: Path, work: Path) -> list[str]:
    """Give pacman's command line for a tree, apart from what to do."""
    settings = work / "pacman.conf"
    settings.write_text("[options]\nSigLevel = Never\nArchitecture = auto\n")
    places = {"--cachedir": "cache", "--hookdir": "hooks", "--gpgdir": "gpg", "--logfile": "log"}
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    return [
        *as_root, "pacman", "--config", str(settings), "--root", str(root), "--dbpath",
        str(root / "var/lib/pacman"),
        *(word for option, name in places.items() for word in (option, str(work / name))),
    ]  # fmt: skip
