"""Docker: /var/lib/docker/containers/ID/{config.v2,hostconfig}.json, as dockerd writes them.

The fields are those of `docker inspect`, Docker Engine API 1.43 (ContainerInspect). The
environment, where passwords stand, is not given.
"""

from collections.abc import Iterator
from typing import Any

from guestshell.guest import paths
from guestshell.guest.facts.accounts.homes import homes_of_users
from guestshell.guest.facts.containers.container import NO_NAME, Container
from guestshell.guest.facts.containers.stores import (
    as_command,
    as_mount,
    as_port,
    directories,
    shared,
)
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.formats.json_text import load_json, parse_rfc3339
from guestshell.guest.facts.formats.shapes import list_of, mapping_of, part, text_of, texts_of
from guestshell.values import Name

_ROOTS = ("/var/lib/docker", "/var/snap/docker/common/var-lib-docker")
_DAEMON = "/etc/docker/daemon.json"


def read_docker(files: Files) -> Iterator[Container]:
    """Yield the containers of the system's Docker and of each user's rootless one."""
    moved = text_of(load_json(files, _DAEMON), "data-root")
    moved = moved if moved.startswith("/") and "\0" not in moved else ""
    for root in dict.fromkeys([*_ROOTS, *([moved] if moved else [])]):
        yield from _of_root(files, root, NO_NAME)
    for home in homes_of_users(files):
        yield from _of_root(files, paths.join(home.path, ".local/share/docker"), home.user)


def _of_root(files: Files, root: str, owner: Name) -> Iterator[Container]:
    for entry in directories(files, f"{root}/containers"):
        path = paths.child(entry.path, "config.v2.json")
        config = load_json(files, path)
        if not isinstance(config, dict):
            files.warn(f"{entry.path}: a container without a readable config.v2.json")
            continue
        host = load_json(files, paths.child(entry.path, "hostconfig.json"))
        yield _container(config, host, entry.name, owner, path)


def _state(config: Any) -> str:
    for key, word in (
        ("Dead", "dead"),
        ("RemovalInProgress", "removing"),
        ("Restarting", "restarting"),
        ("Paused", "paused"),
        ("Running", "running"),
    ):
        if part(config, "State", key) is True:
            return word
    return "exited" if parse_rfc3339(text_of(config, "State", "StartedAt")) else "created"


def _container(config: Any, host: Any, directory: Name, owner: Name, file: Name) -> Container:
    path = text_of(config, "Path")
    restart = text_of(host, "RestartPolicy", "Name")
    privileged = part(host, "Privileged")
    return Container(
        engine="docker",
        id=text_of(config, "ID") or directory,
        name=Name(text_of(config, "Name").removeprefix("/")),
        image=text_of(config, "Config", "Image") or text_of(config, "Image"),
        state=_state(config),
        created=parse_rfc3339(text_of(config, "Created")),
        started=parse_rfc3339(text_of(config, "State", "StartedAt")),
        finished=parse_rfc3339(text_of(config, "State", "FinishedAt")),
        command=as_command([*([path] if path else []), *texts_of(config, "Args")]),
        user=text_of(config, "Config", "User"),
        restart="" if restart == "no" else restart,
        privileged=privileged if isinstance(privileged, bool) else None,
        capabilities=texts_of(host, "CapAdd"),
        host=shared(
            [
                ("network", text_of(host, "NetworkMode")),
                ("pid", text_of(host, "PidMode")),
                ("ipc", text_of(host, "IpcMode")),
                ("uts", text_of(host, "UTSMode")),
                ("user", text_of(host, "UsernsMode")),
            ]
        ),
        mounts=tuple(_mounts(config)),
        ports=tuple(_ports(host)),
        owner=owner,
        file=file,
    )


def _mounts(config: Any) -> Iterator[Name]:
    for inside, point in mapping_of(config, "MountPoints").items():
        source = text_of(point, "Source") or text_of(point, "Name")
        yield as_mount(source, inside, part(point, "RW") is not False)


def _ports(host: Any) -> Iterator[str]:
    for inside, places in mapping_of(host, "PortBindings").items():
        for place in list_of(places):
            yield as_port(text_of(place, "HostIp"), text_of(place, "HostPort"), inside)
