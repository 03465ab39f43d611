"""A tree with packages of dpkg: a configuration file, a diversion, a replaced file, an override."""

import os
import shutil
from pathlib import Path

from tests.images.build import run

TOOLS = ("dpkg", "dpkg-deb", "dpkg-divert", "dpkg-statoverride", "unshare")

_PACKAGES: dict[str, tuple[str, dict[str, str]]] = {
    "alpha": (
        "Version: 1:2.0-1\nSource: first (2.0-1)\nInstalled-Size: 12\n",
        {
            "usr/bin/alpha": "alpha\n",
            "usr/bin/raise": "raise\n",
            "usr/share/taken": "of alpha\n",
            "usr/share/diverted": "of alpha\n",
            "usr/share/doc/alpha/README": "read me\n",
            "etc/alpha.conf": "setting\n",
            "bin/small": "small\n",
        },
    ),
    "beta": ("Version: 3\nReplaces: alpha\n", {"usr/share/taken": "of beta\n"}),
    "gamma": ("Version: 4\n", {"usr/share/diverted": "of gamma\n"}),
}


def missing_tools() -> list[str]:
    """Give the tools that this host lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def make_dpkg_root(root: Path, work: Path) -> None:
    """Install `alpha`, `beta` and `gamma` below a directory, whose /bin is a link to /usr/bin."""
    for directory in ("usr/bin", "var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"):
        (root / directory).mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    (root / "var/lib/dpkg/status").touch()
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    run(*as_root, "dpkg-divert", "--root", str(root), "--package", "gamma", "--no-rename",
        "--divert", "/usr/share/diverted.alpha", "/usr/share/diverted")  # fmt: skip
    run(*as_root, "dpkg-statoverride", "--root", str(root), "--force-all", "--add", "root",
        "root", "4711", "/usr/bin/raise")  # fmt: skip
    for name in _PACKAGES:
        run(*as_root, "dpkg", "--root", str(root), "--force-not-root", "--force-all", "-i",
            str(_deb(name, work)))  # fmt: skip


def _deb(name: str, work: Path) -> Path:
    fields, contents = _PACKAGES[name]
    tree = work / name
    for path, text in contents.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    control = tree / "DEBIAN"
    control.mkdir()
    control.chmod(0o755)
    (control / "control").write_text(
        f"Package: {name}\nArchitecture: all\nMaintainer: nobody\n{fields}"
        f"Description: the package {name}\n More of it.\n"
    )
    if name == "alpha":
        (control / "conffiles").write_text("/etc/alpha.conf\n")
    target = work / f"{name}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(target))
    return target
