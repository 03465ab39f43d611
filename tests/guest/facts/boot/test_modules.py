"""What is configured about modules, and what is installed."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guestshell.guest.facts.boot.modules import read_installed, read_module_lines
from tests.guest.facts.host_tree import make_tree

TREE = "/usr/lib/modules/6.1.0-37-amd64"


def test_lines_of_modules_load_and_modprobe(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/lib": "-> usr/lib",
            "/etc/modules": "# /etc/modules\nloop\nlp parport=1\n",
            "/etc/modules-load.d/modules.conf": "-> ../modules",
            "/usr/lib/modules-load.d/fwupd.conf": "msr\n",
            "/etc/modprobe.d/evil.conf": (
                "install usb-storage /usr/lib/.cache/kworker; /sbin/modprobe --ignore-install x\n"
                "options snd_hda_intel \\\n\tpower_save=1\nrubbish\n; not a comment of kmod\n"
                "blacklist pcspkr\nalias net-pf-10 off\n"
            ),
            "/etc/modprobe.d/notes.txt": "blacklist never\n",
            "/etc/modprobe.d/hidden.conf": "-> /dev/null",
            "/usr/lib/modprobe.d/hidden.conf": "blacklist hidden\n",
            "/usr/lib/modprobe.d/evil.conf": "blacklist overridden\n",
            "/usr/lib/modprobe.d/systemd.conf": "options bonding max_bonds=0\n",
        },
    )
    found = [(row.action, row.name, row.text, row.line) for row in read_module_lines(tree)]
    assert found == [
        ("load", "loop", "", 2),
        ("load", "lp", "parport=1", 3),
        ("load", "msr", "", 1),
        ("install", "usb-storage",
         "/usr/lib/.cache/kworker; /sbin/modprobe --ignore-install x", 1),
        ("options", "snd_hda_intel", "power_save=1", 2),
        ("blacklist", "pcspkr", "", 6),
        ("alias", "net-pf-10", "off", 7),
        ("options", "bonding", "max_bonds=0", 1),
    ]  # fmt: skip
    assert tree.warnings == [
        "/etc/modprobe.d/evil.conf: line 4: says nothing that modprobe.d(5) knows"
    ]


def test_modules_that_are_installed(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            f"{TREE}/modules.dep": (
                "kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/lib/crc16.ko.xz\n"
                "kernel/fs/jbd2/jbd2.ko.xz:\nkernel/net/gone.ko:\nupdates/dkms/zfs.ko:\nbroken\n"
            ),
            f"{TREE}/kernel/fs/ext4/ext4.ko.xz": "x",
            f"{TREE}/kernel/fs/jbd2/jbd2.ko.xz": "x",
            f"{TREE}/kernel/drivers/net/net-hide.ko": "x",
            f"{TREE}/updates/dkms/zfs.ko": "x",
            f"{TREE}/build": "-> /usr/src/linux-headers",
            "/lib": "-> usr/lib",
        },
    )
    found = {str(row.name): (row.place, row.state, row.text) for row in read_installed(tree)}
    assert found == {
        "ext4": ("kernel", "listed", "jbd2 crc16"),
        "jbd2": ("kernel", "listed", ""),
        "net_hide": ("kernel", "unlisted", ""),
        "zfs": ("updates", "listed", ""),
        "gone": ("kernel", "missing", ""),
    }
    assert tree.warnings == [f"{TREE}/modules.dep: line 5: is no line of modules.dep(5)"]


def test_a_missing_modules_dep_is_said(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {f"{TREE}/kernel/a.ko": "x"})
    [row] = read_installed(tree)
    assert row.state == "unlisted" and "modules.dep" in tree.warnings[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(max_size=500))
def test_any_bytes_are_a_configuration(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "etc/modprobe.d").mkdir(parents=True, exist_ok=True)
    (tmp_path / "usr/lib/modules/1").mkdir(parents=True, exist_ok=True)
    (tmp_path / "etc/modules").write_bytes(data)
    (tmp_path / "etc/modprobe.d/x.conf").write_bytes(data)
    (tmp_path / "usr/lib/modules/1/modules.dep").write_bytes(data)
    tree = make_tree(tmp_path, {})
    assert all(row.line for row in read_module_lines(tree))
    list(read_installed(tree))
