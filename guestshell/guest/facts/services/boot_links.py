"""Whether a service starts at boot, told from the links alone: systemd, OpenRC, System V init."""

from guestshell.guest.facts.files import Files, entries_if_there, is_there

_TARGETS = ("multi-user", "sysinit", "basic", "network-pre", "network", "network-online", "default")
_RUNLEVELS = ("default", "boot", "sysinit")
_SYSV = ("/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc.d/rc3.d")


def starts_at_boot(files: Files, service: str) -> bool | None:
    """Say whether a link starts a service at boot; None where no init keeps such links."""
    for target in _TARGETS:
        if is_there(files, f"/etc/systemd/system/{target}.target.wants/{service}.service"):
            return True
    known = is_there(files, "/etc/systemd/system")
    for level in _RUNLEVELS:
        if is_there(files, f"/etc/runlevels/{level}/{service}"):
            return True
    known = known or is_there(files, "/etc/runlevels")
    for directory in _SYSV:
        for entry in entries_if_there(files, directory):
            if entry.name[:1] == "S" and entry.name[3:] == service:
                return True
            known = True
    return False if known else None
