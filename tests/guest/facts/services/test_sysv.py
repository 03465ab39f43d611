"""Init scripts, runlevels, rc.local and inittab."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.services.sources import read_services
from guestshell.guest.facts.services.sysv import description_of, read_inittab, read_sysv
from tests.guest.facts.host_tree import make_tree

SSH = """#! /bin/sh

### BEGIN INIT INFO
# Provides:\t\tsshd
# Required-Start:\t$remote_fs $syslog
# Default-Start:\t2 3 4 5
# Short-Description:\tOpenBSD Secure Shell server
### END INIT INFO

set -e
"""

CRON_OF_RED_HAT = """#!/bin/sh
#
# crond          Start/Stop the cron clock daemon.
#
# chkconfig: 2345 90 60
# description: cron is a standard UNIX program that runs user-specified \\
#              programs at periodic scheduled times.
"""


def executable(root: Path, *names: str) -> None:
    for name in names:
        (root / name).chmod(0o755)


def test_a_debian_of_system_v(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/init.d/README": "not a script\n",
            "/etc/init.d/ssh": SSH,
            "/etc/init.d/ssh.dpkg-old": SSH,
            "/etc/init.d/off": "#!/bin/sh\n",
            "/etc/init.d/idle": "#!/bin/sh\n",
            "/etc/init.d/old.dpkg-dist": "#!/bin/sh\n",
            "/etc/rc2.d/S01idle": "-> ../init.d/idle",
            "/etc/rc2.d/S01ssh": "-> ../init.d/ssh",
            "/etc/rc3.d/S01ssh": "-> ../init.d/ssh",
            "/etc/rc5.d/S05old.dpkg-dist": "-> ../init.d/old.dpkg-dist",
            "/etc/rc5.d/S05gone": "-> ../init.d/gone",
            "/etc/rc0.d/K01ssh": "-> ../init.d/ssh",
            "/etc/rc2.d/K01off": "-> ../init.d/off",
            "/etc/rc2.d/README": "words\n",
            "/etc/rc2.d/S99own": "#!/bin/sh\n/bin/evil\n",
        },
    )
    executable(tmp_path, "etc/init.d/ssh", "etc/init.d/off", "etc/init.d/old.dpkg-dist")
    idle, off, old, ssh, stray = read_sysv(tree)
    assert (idle.name, idle.state, idle.wanted_by) == ("idle", "disabled", ("2",))
    assert (old.name, old.enabled) == ("old.dpkg-dist", True)
    assert (ssh.name, ssh.state, ssh.wanted_by) == ("ssh", "enabled", ("2", "3"))
    assert ssh.description == "OpenBSD Secure Shell server"
    assert ssh.command == "/etc/init.d/ssh start"
    assert (off.name, off.state, off.enabled) == ("off", "disabled", False)
    assert (stray.name, stray.file, stray.enabled) == ("S99own", "/etc/rc2.d/S99own", True)
    assert tree.warnings == ["/etc/init.d/gone: is missing, though a runlevel starts it"]


def test_a_red_hat_of_old_gives_each_script_once(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/rc.d/init.d/crond": CRON_OF_RED_HAT,
            "/etc/rc.d/init.d/functions": "# none\n",
            "/etc/init.d": "-> rc.d/init.d",
            "/etc/rc.d/rc3.d/S90crond": "-> ../init.d/crond",
            "/etc/rc3.d": "-> rc.d/rc3.d",
        },
    )
    executable(tmp_path, "etc/rc.d/init.d/crond")
    [row] = read_sysv(tree)
    assert (row.name, row.enabled, row.wanted_by) == ("crond", True, ("3",))
    assert row.description == "cron is a standard UNIX program that runs user-specified"


def test_systemd_ignores_scripts_that_it_has_units_for(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/usr/lib/systemd/systemd": "elf",
            "/usr/lib/systemd/system/ssh.service": "[Service]\nExecStart=/usr/sbin/sshd -D\n",
            "/etc/init.d/ssh": SSH,
            "/etc/rc2.d/S01ssh": "-> ../init.d/ssh",
            "/etc/init.d/legacy": "#!/bin/sh\n",
            "/etc/rc2.d/S01legacy": "-> ../init.d/legacy",
            "/etc/inittab": "1:2345:respawn:/sbin/getty 38400 tty1\n",
        },
    )
    executable(tmp_path, "etc/init.d/ssh", "etc/init.d/legacy")
    states = {(row.manager, row.name): row.state for row in read_services(tree)}
    assert states == {
        ("systemd", "ssh.service"): "static",
        ("sysv", "ssh"): "ignored",
        ("sysv", "legacy"): "enabled",
        ("inittab", "1"): "ignored",
    }


def test_rc_local_runs_when_it_may_be_executed(tmp_path: Path) -> None:
    script = "#!/bin/sh -e\n# rc.local\n\n/usr/lib/.cache/kworker &\nexit 0\n"
    tree = make_tree(tmp_path, {"/etc/rc.local": script})
    [idle] = read_sysv(tree)
    assert not idle.enabled
    (tmp_path / "etc/rc.local").chmod(0o755)
    [row] = read_sysv(tree)
    assert row.enabled and row.command == "/usr/lib/.cache/kworker & ; exit 0"


def test_inittab_of_system_v_and_of_busybox(tmp_path: Path) -> None:
    table = (
        "# /etc/inittab\nid:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\n"
        "1:2345:respawn:/sbin/getty 38400 tty1\nx:23:off:/sbin/never\n"
        "::respawn:/usr/bin/evil: -x\ntty2::askfirst:/bin/sh\nrubbish\n"
    )
    tree = make_tree(tmp_path, {"/etc/inittab": table})
    default, sysinit, getty, off, evil, tty2 = read_inittab(tree)
    assert (default.kind, default.enabled, default.wanted_by) == ("initdefault", False, ("2",))
    assert sysinit.command == "/etc/init.d/rcS" and sysinit.enabled
    assert (getty.name, getty.wanted_by) == ("1", ("2", "3", "4", "5"))
    assert (off.state, off.enabled) == ("disabled", False)
    assert (evil.name, evil.command) == ("evil:", "/usr/bin/evil: -x")
    assert (tty2.name, tty2.kind) == ("tty2", "askfirst")
    assert tree.warnings == ["/etc/inittab: line 8: has not the four fields of inittab(5)"]


def test_nothing_gives_nothing(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/hostname": "x"})
    assert list(read_services(tree)) == [] and tree.warnings == []


@given(st.binary(max_size=500))
def test_any_bytes_are_a_script(data: bytes) -> None:
    assert "\n" not in description_of(data)
