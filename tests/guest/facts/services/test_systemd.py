"""Units of systemd: states as systemctl itself gives them, and what the rows say besides."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.services.service import Service
from guestshell.guest.facts.services.systemd import has_systemd, read_programs, read_systemd
from guestshell.guest.facts.services.unit_file import (
    drop_in_names,
    effective,
    parse_unit,
    value_of,
    values_of,
)
from tests.guest.facts.host_tree import HostTree, make_tree

SSH = """[Unit]
Description=OpenBSD Secure Shell server
After=network.target

[Service]
EnvironmentFile=-/etc/default/ssh
ExecStartPre=/usr/sbin/sshd -t
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
User=root

[Install]
WantedBy=multi-user.target
Alias=sshd.service
"""

ETC, LIB = "/etc/systemd/system", "/usr/lib/systemd/system"


def rows(tree: HostTree) -> dict[tuple[str, str], Service]:
    return {(row.manager, row.name): row for row in read_systemd(tree)}


def system(tree: HostTree) -> dict[str, Service]:
    return {row.name: row for row in read_systemd(tree) if row.manager == "systemd"}


def test_a_debian_server(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/lib": "-> usr/lib",
            f"{LIB}/ssh.service": SSH,
            f"{LIB}/rescue.service": "[Service]\nExecStart=/bin/sh\n",
            f"{LIB}/nginx.service": "[Service]\n[Install]\nWantedBy=x.target",
            f"{LIB}/hwclock.service": "-> /dev/null",
            f"{LIB}/getty@.service": "[Service]\nExecStart=-/sbin/agetty %I\n[Install]\n"
            "DefaultInstance=tty1\nWantedBy=getty.target\n",
            f"{ETC}/sshd.service": "-> /lib/systemd/system/ssh.service",
            f"{ETC}/multi-user.target.wants/ssh.service": "-> /lib/systemd/system/ssh.service",
            f"{ETC}/getty.target.wants/getty@tty1.service": "-> /lib/systemd/system/getty@.service",
            f"{ETC}/nginx.service": "",
            f"{ETC}/ssh.service.d/50-late.conf": "[Service]\nExecStart=\nExecStart=/tmp/sshd -D\n",
            f"{ETC}/ssh.service.d/notes.txt": "not one that counts\n",
            f"{LIB}/service.d/10-all.conf": "[Service]\nUser=nobody\n",
        },
    )
    found = system(tree)
    assert {name: row.state for name, row in found.items()} == {
        "ssh.service": "enabled",
        "sshd.service": "alias",
        "rescue.service": "static",
        "nginx.service": "masked",
        "hwclock.service": "masked",
        "getty@.service": "enabled",
        "getty@tty1.service": "enabled",
    }
    ssh = found["ssh.service"]
    assert ssh.enabled and ssh.wanted_by == ("multi-user.target",)
    assert ssh.description == "OpenBSD Secure Shell server"
    assert ssh.command == "/tmp/sshd -D"  # the drop-in forgets the file's own
    assert ssh.also_runs == ("ExecStartPre=/usr/sbin/sshd -t",)
    assert ssh.user == "nobody"
    assert ssh.file == f"{LIB}/ssh.service"
    assert ssh.drop_ins == (f"{LIB}/service.d/10-all.conf", f"{ETC}/ssh.service.d/50-late.conf")
    assert ssh.mtime == tree.entry(f"{LIB}/ssh.service").mtime
    assert found["sshd.service"].target == "/lib/systemd/system/ssh.service"
    assert (
        not found["nginx.service"].enabled and found["nginx.service"].file == f"{ETC}/nginx.service"
    )
    assert found["getty@tty1.service"].command == "-/sbin/agetty %I"
    assert tree.warnings == []


def test_a_unit_that_a_vendor_link_pulls_in_counts_as_enabled(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            f"{LIB}/evil.service": "[Service]\nExecStart=/bin/evil\n",
            f"{LIB}/multi-user.target.wants/evil.service": "-> ../evil.service",
        },
    )
    [row] = read_systemd(tree)
    assert (row.state, row.enabled, row.wanted_by) == ("static", True, ("multi-user.target",))


def test_programs_that_systemd_runs(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/usr/lib/systemd/system-generators/systemd-fstab-generator": "elf",
            "/etc/systemd/system-generators/evil": "#!/bin/sh\n",
            "/etc/systemd/system-generators/systemd-fstab-generator": "-> /dev/null",
            "/etc/systemd/system-sleep/hook": "#!/bin/sh\n",
        },
    )
    (tmp_path / "etc/systemd/system-generators/evil").chmod(0o755)
    found = [(row.file, row.kind, row.state) for row in read_programs(tree)]
    assert found == [
        ("/etc/systemd/system-generators/evil", "generator", "enabled"),
        ("/etc/systemd/system-generators/systemd-fstab-generator", "generator", "masked"),
        ("/etc/systemd/system-sleep/hook", "sleep", "disabled"),
        ("/usr/lib/systemd/system-generators/systemd-fstab-generator", "generator", "disabled"),
    ]


def test_units_of_users(tmp_path: Path) -> None:
    home = "/home/alice/.config/systemd/user"
    tree = make_tree(
        tmp_path,
        {
            "/etc/passwd": "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n"
            "odd:x:1:1::/no\0where:/bin/sh\nrelative:x:1:1::home:/bin/sh\n",
            "/usr/lib/systemd/user/agent.socket": "[Socket]\n[Install]\nWantedBy=s",
            f"{home}/update.service": "[Service]\nExecStart=%h/.cache/u\n[Install]\nWantedBy=d\n",
            f"{home}/default.target.wants/update.service": f"-> {home}/update.service",
            f"{home}/sockets.target.wants/agent.socket": "-> /usr/lib/systemd/user/agent.socket",
        },
    )
    found = [(row.manager, row.name, row.user, row.state) for row in read_systemd(tree)]
    assert found == [
        ("systemd user", "agent.socket", "", "disabled"),
        ("systemd user", "agent.socket", "alice", "enabled"),
        ("systemd user", "update.service", "alice", "enabled"),
    ]


def test_damage_is_named_and_the_rest_comes(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            f"{LIB}/good.service": "[Service]\nExecStart=/bin/good\n",
            f"{LIB}/bad.service": "stray\n[Service]\nmore stray\nExecStart=/bin/bad \\\n",
            f"{LIB}/gone.service": "-> nowhere.service",
            f"{LIB}/loop.service": "-> loop.service",
            f"{LIB}/name with space.service": "[Service]\nExecStart=/bin/never\n",
        },
    )
    found = system(tree)
    assert found["good.service"].command == "/bin/good"
    assert found["bad.service"].command == "/bin/bad"
    assert found["gone.service"].state == "bad" and not found["gone.service"].enabled
    assert "name with space.service" not in found
    assert tree.warnings == [f"{LIB}/bad.service: lines 1, 3: is no setting"]


def test_no_systemd_gives_no_rows(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/hostname": "x"})
    assert list(read_systemd(tree)) == [] and not has_systemd(tree)


def test_thousands_of_instances_of_a_long_template(tmp_path: Path) -> None:
    body = "[Service]\nExecStart=/bin/x\n" + "Environment=A=1\n" * 20_000
    links = {f"{ETC}/m.target.wants/a@{n}.service": f"-> {LIB}/a@.service" for n in range(1000)}
    tree = make_tree(tmp_path, {f"{LIB}/a@.service": body} | links)
    assert len(system(tree)) == 1001


BODIES = (
    "[Service]\nExecStart=/bin/true\n",
    "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    "[Service]\nExecStart=/bin/true\n[Install]\nAlso=b.service\n",
    "[Service]\nExecStart=/bin/true\n[Install]\nAlias=b.service c.service\n",
    "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=x.target\nDefaultInstance=two\n",
    "",
)


def random_tree(seed: int) -> dict[str, str]:
    chance = random.Random(seed)
    names = ["a.service", "b.service", "c.service", "t@.service", "t@one.service", "x-y.socket"]
    tree = {f"{LIB}/multi-user.target": "[Unit]\n", f"{LIB}/b.service": BODIES[1]}
    for directory in (ETC, "/usr/local/lib/systemd/system", LIB):
        for name in names:
            pick = chance.random()
            kind = name.rpartition(".")[2]
            if pick < 0.35:
                tree[f"{directory}/{name}"] = chance.choice(BODIES)
            elif pick < 0.45:
                tree[f"{directory}/{name}"] = "-> /dev/null"
            elif pick < 0.5:
                tree[f"/opt/{name}"] = BODIES[1]
                tree[f"{directory}/{name}"] = f"-> /opt/{name}"
            elif pick < 0.6 and "@" not in name and kind == "service":
                other = chance.choice(["a.service", "b.service", "c.service"])
                if other != name:  # systemctl calls a link to the same name there bad
                    tree[f"{directory}/{name}"] = f"-> {LIB}/{other}"
            if chance.random() < 0.2:
                wants = chance.choice(["multi-user.target.wants", "b.service.requires"])
                tree[f"{directory}/{wants}/{name}"] = f"-> {LIB}/{name}"
    if chance.random() < 0.5:
        tree[f"{ETC}/multi-user.target.wants/t@two.service"] = f"-> {LIB}/t@.service"
    return tree


@pytest.mark.skipif(not shutil.which("systemctl"), reason="systemctl is the oracle")
@pytest.mark.parametrize("seed", range(25))
def test_states_are_those_of_systemctl(seed: int, tmp_path: Path) -> None:
    tree = make_tree(tmp_path, random_tree(seed))
    listed = subprocess.run(
        ["systemctl", f"--root={tmp_path}", "list-unit-files", "--no-legend", "--full", "-q"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected = dict(line.split()[:2] for line in listed.stdout.splitlines())
    ours = {name: row.state for name, row in system(tree).items() if name != "t@two.service"}
    if "t@one.service" not in expected:  # systemctl leaves instances out that have no file
        ours.pop("t@one.service", None)
    assert ours == expected


def test_continuation_lines_and_comments() -> None:
    data = b"[Service]\nExecStart=/bin/sh \\\n# between\n; too\n  -c x\nUser = a b \n"
    settings, bad = parse_unit(data)
    assert [(s.key, s.value, s.line) for s in settings] == [
        ("ExecStart", "/bin/sh  -c x", 2),
        ("User", "a b", 6),
    ]
    assert bad == []


def test_an_empty_assignment_forgets_those_before_it() -> None:
    settings, _ = parse_unit(b"[S]\nA=1\nA=2\nA=\nA=3\n[T]\nA=4\n")
    assert values_of(effective(settings), "S", "A") == ["3"]
    assert value_of(effective(settings), "S", "A") == "3"
    assert value_of(effective(settings[:3]), "S", "A") == ""


def test_where_drop_ins_are_looked_for() -> None:
    assert drop_in_names("a-b@c.service") == [
        "a-b@c.service.d", "a-b@.service.d", "a-.service.d", "service.d",
    ]  # fmt: skip


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_unit_file(data: bytes) -> None:
    settings, bad = parse_unit(data)
    count = data.count(b"\n") + 1
    assert all(1 <= setting.line <= count for setting in settings)
    assert all(1 <= line <= count for line in bad)
