"""One thing that runs at set times, whatever starts it: the rows of `cron`."""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp


@dataclass(frozen=True, slots=True)
class Job:
    """A command and when it runs.

    `kind` is `cron`, `anacron`, `run-parts` (a script of /etc/cron.daily and its like), `at`
    or `timer`. `schedule` is as written: five fields or `@daily` of crontab(5), days and delay
    of anacrontab(5), `OnCalendar=daily` of systemd.timer(5), of an at job the time in UTC.
    `enabled` says whether the daemon would run it, `note` why it would not, or what is odd.
    `name` is the at job's number, anacron's job, the timer, else the file's name.
    `line` is where it stands in `file`; `environment` what the table sets above it; `mtime`
    when the file was last modified; `due` when an at job is to run.
    """

    kind: str
    schedule: str
    user: str
    command: str
    enabled: bool
    note: str
    name: Name
    file: Name
    line: int | None = None
    environment: tuple[str, ...] = ()
    mtime: Timestamp | None = None
    due: Timestamp | None = None
