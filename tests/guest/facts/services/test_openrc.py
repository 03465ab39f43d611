"""Services of OpenRC and runit."""

from pathlib import Path

from guestshell.guest.facts.services.openrc import read_openrc, read_runit
from guestshell.guest.facts.services.sources import read_services, service_names
from tests.guest.facts.host_tree import make_tree

SSHD = """#!/sbin/openrc-run
description="OpenBSD Secure Shell server"
extra_commands="checkconfig"

command="/usr/sbin/sshd"
command_args="-D"
command_user="root"

depend() {
\tuse logger dns
\tafter entropy
}
"""


def test_an_alpine(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/init.d/sshd": SSHD,
            "/etc/init.d/functions.sh": "-> /lib/rc/sh/functions.sh",
            "/etc/init.d/net.lo": "#!/sbin/openrc-run\ndescription='Loopback'\n",
            "/etc/init.d/net.eth0": "-> net.lo",
            "/etc/runlevels/default/sshd": "-> /etc/init.d/sshd",
            "/etc/runlevels/boot/net.lo": "-> /etc/init.d/net.lo",
            "/etc/local.d/evil.start": "#!/bin/sh\n",
            "/etc/local.d/README": "words\n",
            "/etc/inittab": "::sysinit:/sbin/openrc sysinit\ntty1::respawn:/sbin/getty 1 tty1\n",
        },
    )
    (tmp_path / "etc/local.d/evil.start").chmod(0o755)
    found = {str(row.name): row for row in read_services(tree)}
    assert set(found) == {"sshd", "net.lo", "net.eth0", "evil.start", "openrc", "tty1"}
    sshd = found["sshd"]
    assert (sshd.manager, sshd.state, sshd.wanted_by) == ("openrc", "enabled", ("default",))
    assert (sshd.command, sshd.user) == ("/usr/sbin/sshd -D", "root")
    assert sshd.description == "OpenBSD Secure Shell server"
    assert found["net.lo"].command == "/etc/init.d/net.lo start"
    assert (found["net.eth0"].enabled, found["net.eth0"].target) == (False, "net.lo")
    assert found["evil.start"].enabled
    assert tree.warnings == []
    assert service_names(tree) == ["net.eth0", "net.lo", "sshd"]


def test_a_void_of_runit(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/sv/sshd/run": "#!/bin/sh\nexec /usr/bin/sshd -D\n",
            "/etc/sv/dhcpcd/run": "#!/bin/sh\n",
            "/etc/sv/empty/conf": "",
            "/var/service": "-> /etc/runit/runsvdir/default",
            "/etc/runit/runsvdir/default/sshd": "-> /etc/sv/sshd",
            "/etc/runit/runsvdir/default/waits/run": "#!/bin/sh\n",
            "/etc/runit/runsvdir/default/waits/down": "",
        },
    )
    states = {str(row.name): (row.state, row.enabled) for row in read_runit(tree)}
    assert states == {
        "dhcpcd": ("disabled", False),
        "sshd": ("enabled", True),
        "waits": ("down", False),
    }


def test_a_damaged_script_is_named_and_the_rest_comes(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/init.d/a": '#!/sbin/openrc-run\ncommand="/open',
            "/etc/init.d/b": "#!/sbin/openrc-run\ncommand=/bin/b\n",
            "/etc/init.d/loop": "-> loop",
        },
    )
    assert [row.name for row in read_openrc(tree)] == ["a", "b"]
    assert len(tree.warnings) == 1 and "/etc/init.d/loop" in tree.warnings[0]
