"""What the system wrote down: the logger's texts and the journal, which the intruder forgot."""

import gzip

from guestshell.demo.journal import JournalWriter
from guestshell.demo.story.logins import ATTACKER, ATTEMPTS, TRIED
from guestshell.demo.story.moments import BREAK_IN, END, USER_ADDED, at, local_stamp, night
from guestshell.demo.story.part import Part

_MACHINE = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def _auth_log() -> str:
    lines = []
    for attempt in range(ATTEMPTS):
        user = TRIED[attempt % len(TRIED)]
        invalid = "" if user in ("root", "alice", "backup") else "invalid user "
        lines.append(
            f"{local_stamp(BREAK_IN + attempt * 3)} web01 sshd[{2000 + attempt}]: Failed password "
            f"for {invalid}{user} from {ATTACKER} port {40000 + attempt} ssh2"
        )
    end = BREAK_IN + ATTEMPTS * 3
    lines += [
        f"{local_stamp(end)} web01 sshd[2301]: Accepted password for backup from {ATTACKER} "
        "port 40411 ssh2",
        f"{local_stamp(end + 1)} web01 sshd[2301]: pam_unix(sshd:session): session opened for user "
        "backup(uid=1001)",
        f"{local_stamp(end + 95)} web01 sudo:   backup : TTY=pts/0 ; PWD=/home/backup ; USER=root ;"
        " COMMAND=/usr/bin/install -m 4755 .x /usr/lib/.cache/kworker",
        f"{local_stamp(end + 180)} web01 sshd[2301]: pam_unix(sshd:session): session closed for "
        "user backup",
    ]
    return "\n".join(lines) + "\n"


def _syslog() -> str:
    services = [
        "systemd[1]: Started Daily apt activities.",
        "nginx[612]: 200 GET /index.html",
        "cron[401]: (root) CMD (test -x /usr/sbin/anacron)",
    ]
    lines = [f"{local_stamp(BREAK_IN + i * 60)} web01 {services[i % 3]}" for i in range(600)]
    lines.append(f"{local_stamp(END)} web01 systemd[1]: Started systemd-cached.service.")
    return "\n".join(lines) + "\n"


def _journal() -> bytes:
    journal = JournalWriter()
    common = {"_HOSTNAME": "web01"}
    ssh = {**common, "PRIORITY": "6", "_SYSTEMD_UNIT": "ssh.service"}
    journal.entry(
        USER_ADDED * 10**6 + 630_218,
        {
            "MESSAGE": (
                "new user: name=sysupd, UID=0, GID=0, home=/tmp, shell=/bin/bash, from=/dev/pts/0"
            ),
            "SYSLOG_IDENTIFIER": "useradd",
            "_COMM": "useradd",
            "_PID": "2388",
            **ssh,
        },
    )
    journal.entry(
        night("01:41:30") * 10**6 + 204_117,
        {
            "MESSAGE": ("pam_unix(sshd:session): session opened for user sysupd(uid=0) by (uid=0)"),
            "SYSLOG_IDENTIFIER": "sshd",
            "_COMM": "sshd",
            "_PID": "2390",
            **ssh,
        },
    )
    journal.entry(
        night("01:42:59") * 10**6 + 75_004,
        {
            "MESSAGE": "ssh.service: Failed with result 'exit-code'.",
            "PRIORITY": "4",
            "SYSLOG_IDENTIFIER": "systemd",
            "UNIT": "ssh.service",
            "_PID": "1",
            "_SYSTEMD_UNIT": "init.scope",
            **common,
        },
    )
    return journal.bytes()


PART = Part(
    texts={
        "/var/log/auth.log": _auth_log(),
        "/var/log/auth.log.1": (
            "Dec 31 23:58:12 web01 sshd[811]: Accepted publickey for alice from 192.0.2.44 port "
            "51022 ssh2\n"
            "Jan  1 00:03:40 web01 sshd[811]: pam_unix(sshd:session): session closed for user "
            "alice\n"
        ),
        "/var/log/syslog": _syslog(),
    },
    data={
        "/var/log/syslog.2.gz": gzip.compress(
            b"2026-03-12T06:25:01.120394+01:00 web01 CRON[702]: (root) CMD "
            b"(test -x /usr/sbin/anacron)\n"
            b"2026-03-12T06:25:02.004817+01:00 web01 systemd[1]: Started apt-daily.service.\n",
            mtime=0,
        ),
        f"/var/log/journal/{_MACHINE}/system.journal": _journal(),
    },
    modes={
        "/var/log/auth.log": 0o640,
        "/var/log/syslog": 0o640,
        f"/var/log/journal/{_MACHINE}/system.journal": 0o640,
    },
    times={
        "/var/log/auth.log": night("01:43:50"),
        "/var/log/auth.log.1": at("2025-12-31 23:03:40"),
        "/var/log/syslog": END,
        "/var/log/syslog.2.gz": at("2026-03-12 05:25:02"),
        f"/var/log/journal/{_MACHINE}/system.journal": night("01:42:59"),
    },
)
