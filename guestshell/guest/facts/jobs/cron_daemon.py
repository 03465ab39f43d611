"""Which cron lives in a guest, and which tables it would take."""

import re
from dataclasses import dataclass

from guestshell.guest.entries import Entry
from guestshell.guest.facts.files import Files, is_there, real_entry

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_CRONIE_LEAVES = (".rpmsave", ".rpmorig", ".rpmnew", ".cfsaved", "~")
_RED_HAT_LEAVES = (".rpmsave", ".rpmorig", ".rpmnew", ".swp", ",v", ",", "~", ".cfsaved")


@dataclass(frozen=True, slots=True)
class CronDaemon:
    """A cron: `vixie` (Debian's cron), `cronie` (Red Hat, SUSE, Arch) or `busybox` (Alpine).

    `is_there` says whether its program was found; without, the distribution tells.
    """

    kind: str
    is_there: bool

    def why_not_system(self, entry: Entry) -> str:
        """Give why a table of /etc/cron.d is not taken, empty when it is.

        Debian's cron(8), "Notes"; cronie's cron(8), "Caveats".
        """
        if self.kind == "busybox":
            return "BusyBox does not read it"
        if self.kind == "vixie" and not _PLAIN.fullmatch(entry.name):
            return "cron ignores names with other than A-Z a-z 0-9 _ -"
        if self.kind == "cronie" and (
            entry.name.startswith((".", "#")) or entry.name.endswith(_CRONIE_LEAVES)
        ):
            return "cron ignores hidden names and leftovers"
        return self._why_not(entry)

    def why_not_user(self, entry: Entry, uid: int | None) -> str:
        """Give why the table of a user is not taken, empty when it is; `uid` is the user's."""
        if uid is None:
            return "no such user"
        if self.kind == "busybox":
            return ""
        if self.kind == "vixie" and entry.is_file and entry.mode & 0o7777 != 0o600:
            return "its mode is not 0600"
        return self._why_not(entry, uid)

    def _why_not(self, entry: Entry, uid: int = 0) -> str:
        if not entry.is_file:
            return "" if entry.kind == "symlink" else "is no regular file"
        if entry.uid not in (0, uid):
            return f"its owner is {entry.owner}"
        if entry.mode & 0o022:
            return "others may write it"
        if entry.links > 1:
            return "it has several hard links"
        return ""

    def why_not_script(self, entry: Entry) -> str:
        """Give why run-parts(8) does not run a script, empty when it does."""
        if self.kind == "cronie":
            if entry.name.startswith(".") or entry.name.endswith(_RED_HAT_LEAVES):
                return "run-parts ignores hidden names and leftovers"
        elif not _PLAIN.fullmatch(entry.name):
            return "run-parts ignores names with other than A-Z a-z 0-9 _ -"
        if entry.is_file and not entry.mode & 0o111:
            return "is not executable"
        return ""


def find_daemon(files: Files) -> CronDaemon:
    """Give the cron of a guest by its program, else by the distribution."""
    for path in ("/usr/sbin/crond", "/usr/bin/crond", "/sbin/crond"):
        program = real_entry(files, path)
        if program is not None:
            return CronDaemon("busybox" if "busybox" in program.name else "cronie", True)
    if is_there(files, "/usr/sbin/cron"):
        # SUSE's cronie has this name too
        return CronDaemon("vixie" if is_there(files, "/etc/debian_version") else "cronie", True)
    for path, kind in (("/etc/debian_version", "vixie"), ("/etc/alpine-release", "busybox")):
        if is_there(files, path):
            return CronDaemon(kind, False)
    return CronDaemon("cronie", False)
