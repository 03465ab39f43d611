"""Trees with packages of rpm in each form that its database has had, built with rpm's own tools."""

import atexit
import functools
import os
import shutil
import sqlite3
import struct
import subprocess
import tempfile
from pathlib import Path

from tests.images.build import run

TOOLS = ("rpm", "rpmbuild", "db_load", "unshare")
"""What it takes: Debian's packages rpm, db-util and util-linux."""

BACKENDS = {"sqlite": "rpmdb.sqlite", "ndb": "Packages.db", "bdb": "Packages"}
"""The forms and the file of each; rpm of Debian writes the first and reads the last too."""

DATABASE = "/var/lib/rpm"

_SPECS = {
    "tools": """Name: tools
Epoch: 2
Version: 1.4
Release: 3.fc41
Summary: Tools of all kinds
License: MIT
BuildArch: noarch
%description
Tools.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc %{buildroot}/var/log %{buildroot}/var/lib/tools
echo tool > %{buildroot}/usr/bin/tool
echo raise > %{buildroot}/usr/bin/raise
seq 300000 > %{buildroot}/var/lib/tools/table
ln -s tool %{buildroot}/usr/bin/also
echo setting > %{buildroot}/etc/tools.conf
echo optional > %{buildroot}/etc/tools.local
touch %{buildroot}/var/log/tools.log
echo read me > README
%files
%defattr(-,root,root)
%attr(755,root,root) /usr/bin/tool
%attr(4755,root,root) /usr/bin/raise
/usr/bin/also
%config(noreplace) /etc/tools.conf
%config(missingok) /etc/tools.local
%ghost /var/log/tools.log
%dir %attr(750,root,root) /var/lib/tools
/var/lib/tools/table
%doc README
""",
    "libthing": """Name: libthing
Version: 0.9
Release: 1.fc41
Summary: A library \u2013 with a dash
License: MIT
BuildArch: noarch
%description
Library.
%install
mkdir -p %{buildroot}/usr/lib/thing
echo code > %{buildroot}/usr/lib/thing/thing.so
touch "%{buildroot}/usr/lib/thing/with space"
%files
%defattr(-,root,root)
%dir /usr/lib/thing
/usr/lib/thing/thing.so
"/usr/lib/thing/with space"
""",
}


def missing_tools() -> list[str]:
    """Give the tools that this host lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def make_rpm_root(root: Path, backend: str = "sqlite") -> None:
    """Install the packages `tools` and `libthing` below a directory, and write their database.

    `backend` is one of BACKENDS. Everything belongs to the user who runs this. The tree gets
    what it lacks of /etc/passwd and /etc/group; the database is in /var/lib/rpm.
    """
    (root / "etc").mkdir(parents=True, exist_ok=True)
    for name in ("passwd", "group"):
        if not (root / "etc" / name).exists():
            (root / "etc" / name).write_text(
                f"root:x:0:{'0:root:/root:/bin/sh' * (name[0] == 'p')}\n"
            )
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    # the database is rpm's own SQLite, whatever this host's rpm would write by itself
    run(
        *as_root, "rpm", "--root", str(root), "--dbpath", DATABASE,
        "--define", "_db_backend sqlite", "--nodeps", "--nosignature", "-i",
        *map(str, _built_packages()),
    )  # fmt: skip
    database = root / DATABASE[1:]
    if backend != "sqlite":
        blobs = _blobs(database / "rpmdb.sqlite")
        for old in database.glob("rpmdb.sqlite*"):
            old.unlink()
        write_database(database, backend, blobs)


@functools.cache
def _built_packages() -> tuple[Path, ...]:
    top = Path(tempfile.mkdtemp(prefix="guestctl-rpm-"))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    for name, spec in _SPECS.items():
        file = top / f"{name}.spec"
        file.write_text(spec)
        subprocess.run(
            ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}",
             "--define", "_binary_payload w1.gzdio", "--define", "_build_id_links none",
             str(file)],
            cwd=top, check=True, capture_output=True,
        )  # fmt: skip
    return tuple(sorted(top.glob("RPMS/*/*.rpm")))


def _blobs(database: Path) -> dict[int, bytes]:
    connection = sqlite3.connect(database)
    try:
        return dict(connection.execute("SELECT hnum, blob FROM Packages"))
    finally:
        connection.close()


def write_database(directory: Path, backend: str, blobs: dict[int, bytes]) -> None:
    """Write headers by their numbers as a database in ndb or Berkeley DB."""
    target = directory / BACKENDS[backend]
    target.write_bytes(_ndb(blobs)) if backend == "ndb" else _load_bdb(target, blobs)


def _ndb(blobs: dict[int, bytes]) -> bytes:
    """Give the bytes of an ndb of up to 254 packages, whose slots fill one page."""
    page = bytearray(struct.pack("<4sIIII12x", b"RpmP", 0, 1, 1, max(blobs) + 1))
    data = bytearray()
    for number, blob in blobs.items():
        body = struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        body += bytes(-(len(body) + 12) % 16)
        body += struct.pack("<4sI4s", b"\0\0\0\0", len(blob), b"BlbE")
        page += struct.pack("<4sIII", b"Slot", number, (4096 + len(data)) // 16, len(body) // 16)
        data += body
    while len(page) < 4096:
        page += struct.pack("<4sIII", b"Slot", 0, 0, 0)
    return bytes(page + data)


def _load_bdb(target: Path, blobs: dict[int, bytes]) -> None:
    """Write a hash of Berkeley DB: number 0 holds the last number, any other a header."""
    pairs = {0: struct.pack("=I", max(blobs)), **blobs}
    lines = ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=4096", "HEADER=END"]
    for number, value in pairs.items():
        lines += [f" {struct.pack('=I', number).hex()}", f" {value.hex()}"]
    run("db_load", str(target), text="\n".join([*lines, "DATA=END", ""]))
