"""The row of `containers`."""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp

NO_NAME = Name("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container as its engine recorded it, last.

    `engine` is `docker`, `podman`, `containerd`, `kubernetes`, `lxc`, `lxd` or `nspawn`; `owner`
    the user whose store it is in, empty for the system's. `state` is the engine's word for it:
    `running`, `exited`, `created` …, as it was when the image was taken; empty where none is
    recorded. `command` is what it runs, `restart` when the engine starts it by itself.

    The rest is what it may do to its host: `privileged`; `capabilities` beyond the usual ones;
    `host` names what it shares with the host (`network`, `pid`, `ipc`, `uts`, `user`); `mounts`
    are places of the host that it sees, as `/host:/inside` with `:ro` where it may not write;
    `ports` are those it listens on, as `0.0.0.0:8080->80/tcp`.
    """

    engine: str
    id: str
    name: Name
    image: str = ""
    state: str = ""
    created: Timestamp | None = None
    started: Timestamp | None = None
    finished: Timestamp | None = None
    command: str = ""
    user: str = ""
    restart: str = ""
    privileged: bool | None = None
    capabilities: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    mounts: tuple[Name, ...] = ()
    ports: tuple[str, ...] = ()
    owner: Name = NO_NAME
    file: Name
