"""Record the landing page's tour: types into the shell, whose own `record` writes the file.

.venv/bin/python scripts/record_tour.py docs/assets/tour.cast
"""

import random
import sys
from pathlib import Path

from tests.e2e.terminal import Terminal

_LINES = (
    "inspect | select os.name as os, os.hostname as hostname, os.time_zone as zone",
    "users | where uid = 0 | select name uid password last_login home",
    "cat /etc/cron.d/.sys\t",
    "find / -type f -perm -4000 | select mode size ctime path",
    "packages --verify",
    "services --enabled | sort -mtime | first 2 | select name mtime command",
)


def main(target: Path) -> None:
    """Write the recording into a new file."""
    target.unlink(missing_ok=True)
    pause = random.Random(1)
    with Terminal("demo", columns=100, lines=28, environment={"GUESTCTL_CONFIG": "/dev/null"}) as t:
        t.wait_for("Found Debian")
        t.run(f"record {target}")
        t.settle(1)
        t.run("clear")
        t.settle(1)
        for line in _LINES:
            for key in line:
                t.type(key)
                t.settle(pause.uniform(0.03, 0.09))
            t.settle(0.8)
            t.press("enter")
            t.settle(2.5)
        t.run("record stop")
        t.settle(1)


main(Path(sys.argv[1]))
