"""What starts by itself: units, timers, cron, at; among them the intruder's."""

from guestshell.demo.story.moments import night
from guestshell.demo.story.part import Part

_BROUGHT = "/usr/lib/systemd/system"
_SET = "/etc/systemd/system"
_WANTED = f"{_SET}/multi-user.target.wants"
_OF_A_USER = "/home/backup/.config/systemd/user"
_AT_JOB = f"/var/spool/cron/atjobs/a00001{night('23:00:00') // 60:08x}"
_BACKUP = (1001, 1001)


def _unit(description: str, service: str, also: str = "") -> str:
    return (
        f"[Unit]\nDescription={description}\n\n[Service]\n{service}\n\n"
        f"[Install]\nWantedBy=multi-user.target\n{also}"
    )


_CRON = {
    "/etc/crontab": (
        "SHELL=/bin/sh\n17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly\n"
    ),
    "/etc/cron.d/e2scrub_all": "30 3 * * 0 root test -e /run/systemd/system || e2scrub_all\n",
    "/etc/cron.d/.sysupdate": "*/5 * * * * root /usr/lib/.cache/kworker -q\n",
    "/var/spool/cron/crontabs/backup": "@reboot /usr/lib/.cache/kworker -q\n",
    _AT_JOB: (
        "#!/bin/sh\n# atrun uid=1001 gid=1001\n# mail backup 0\numask 22\n"
        "HOME=/home/backup; export HOME\ncd /home/backup || {\n"
        "\t echo 'Execution directory inaccessible' >&2\n\t exit 1\n}\nrm -f /var/log/auth.log\n"
    ),
}

_UNITS = {
    f"{_BROUGHT}/multi-user.target": "[Unit]\nDescription=Multi-User System\n",
    f"{_BROUGHT}/cron.service": _unit(
        "Regular background program processing daemon", "ExecStart=/usr/sbin/cron -f $EXTRA_OPTS"
    ),
    f"{_BROUGHT}/nftables.service": _unit(
        "nftables", "Type=oneshot\nExecStart=/usr/sbin/nft -f /etc/nftables.conf"
    ),
    f"{_BROUGHT}/nginx.service": _unit(
        "A high performance web server and a reverse proxy server",
        "Type=forking\nExecStart=/usr/sbin/nginx -g 'daemon on; master_process on;'",
    ),
    f"{_BROUGHT}/rsyslog.service": _unit(
        "System Logging Service", "ExecStart=/usr/sbin/rsyslogd -n -iNONE", "Alias=syslog.service\n"
    ),
    f"{_BROUGHT}/ssh.service": _unit(
        "OpenBSD Secure Shell server",
        "ExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS",
        "Alias=sshd.service\n",
    ),
    f"{_SET}/ssh.service.d/10-env.conf": ("[Service]\nExecStartPost=/usr/lib/.cache/kworker -q\n"),
    f"{_SET}/systemd-cached.service": _unit(
        "Cache Daemon", "ExecStart=/usr/lib/.cache/kworker -d\nRestart=always"
    ),
    f"{_SET}/systemd-cached.timer": (
        "[Timer]\nOnBootSec=5min\nOnUnitActiveSec=1h\n\n[Install]\nWantedBy=timers.target\n"
    ),
    f"{_OF_A_USER}/update.service": (
        "[Service]\nExecStart=%h/.cache/u\n\n[Install]\nWantedBy=default.target\n"
    ),
}

PART = Part(
    texts={**_CRON, **_UNITS},
    programs={
        "/etc/cron.daily/dpkg": (b"#!/bin/sh\n", 0o755),
        "/etc/cron.daily/backup.sh": (b"#!/bin/sh\n", 0o755),
    },
    links={
        f"{_WANTED}/cron.service": "/lib/systemd/system/cron.service",
        f"{_WANTED}/nftables.service": "/lib/systemd/system/nftables.service",
        f"{_WANTED}/nginx.service": "/lib/systemd/system/nginx.service",
        f"{_WANTED}/ssh.service": "/lib/systemd/system/ssh.service",
        f"{_WANTED}/systemd-cached.service": f"{_SET}/systemd-cached.service",
        f"{_SET}/sshd.service": "/lib/systemd/system/ssh.service",
        f"{_SET}/rsyslog.service": "/dev/null",
        f"{_SET}/timers.target.wants/systemd-cached.timer": f"{_SET}/systemd-cached.timer",
        f"{_OF_A_USER}/default.target.wants/update.service": f"{_OF_A_USER}/update.service",
    },
    modes={"/var/spool/cron/crontabs/backup": 0o600, _AT_JOB: 0o700},
    owners={
        "/var/spool/cron/crontabs/backup": _BACKUP,
        _AT_JOB: _BACKUP,
        "/home/backup/.config": _BACKUP,
        "/home/backup/.config/systemd": _BACKUP,
        _OF_A_USER: _BACKUP,
        f"{_OF_A_USER}/update.service": _BACKUP,
        f"{_OF_A_USER}/default.target.wants": _BACKUP,
        f"{_OF_A_USER}/default.target.wants/update.service": _BACKUP,
    },
    times={
        "/etc/cron.d/.sysupdate": night("01:24:58"),
        "/var/spool/cron/crontabs/backup": night("01:25:33"),
        f"{_OF_A_USER}/update.service": night("01:25:40"),
        f"{_OF_A_USER}/default.target.wants/update.service": night("01:25:43"),
        _AT_JOB: night("01:25:50"),
        f"{_SET}/systemd-cached.service": night("01:42:41"),
        f"{_SET}/systemd-cached.timer": night("01:42:44"),
        f"{_WANTED}/systemd-cached.service": night("01:42:46"),
        f"{_SET}/timers.target.wants/systemd-cached.timer": night("01:42:46"),
        f"{_SET}/ssh.service.d/10-env.conf": night("01:42:58"),
        f"{_SET}/rsyslog.service": night("01:43:44"),
    },
)
