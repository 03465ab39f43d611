"""One service, whatever starts it: the rows of `services` for every kind of system."""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp


@dataclass(frozen=True, slots=True)
class Service:
    r"""Something that a service manager knows how to start.

    `manager` is `systemd`, `systemd user`, `sysv`, `openrc`, `runit`, `inittab` or `windows`.
    `kind` is `service` or another kind of unit (`socket`, `timer`, `target`, `mount` …), of
    systemd also `generator`, `shutdown` or `sleep` for programs that it runs at those times, of
    inittab its action, of Windows `service` or `driver`.
    `state` is the manager's own word: `systemctl is-enabled`'s, `enabled` or `disabled` for
    those that know no more, `boot`, `system`, `automatic`, `manual` or `disabled` for Windows.
    `enabled` says in one word for all managers whether it was made to start without being asked.
    `wanted_by` is what pulls it in: targets, runlevels, of Windows what depends on it.
    `command` is what it runs as written, several joined by ` ; `; `also_runs` what it runs or
    loads besides, as `ExecStartPre=/bin/true` or `ServiceDll=C:\x.dll`.
    `user` is whom it runs as, empty where nothing is said and the manager's own user is meant.
    `file` is the unit file, script or registry hive; `mtime` when that file (of Windows the
    service's key) was last modified, where known; `target` where a symbolic link as `file`
    leads; `drop_ins` the files that change what `file` says.
    """

    name: Name
    manager: str
    kind: str
    state: str
    enabled: bool
    wanted_by: tuple[Name, ...] = ()
    command: str = ""
    also_runs: tuple[str, ...] = ()
    user: str = ""
    description: str = ""
    file: Name | None = None
    target: Name | None = None
    mtime: Timestamp | None = None
    drop_ins: tuple[Name, ...] = ()
