"""Podman and CRI-O: containers/storage and the runtime's own config.json of each container.

containers.json lists the containers of a store; userdata/config.json next to each is the OCI
runtime specification with which it was last started. Podman 4.8 and later keep states and
published ports in db.sql, tables ContainerConfig and ContainerState; before that they are in
bolt_state.db, which is not read. The environment, where passwords stand, is not given.
"""

from collections.abc import Iterator
from typing import Any

from guestshell.guest import paths
from guestshell.guest.facts.accounts.homes import homes_of_users
from guestshell.guest.facts.containers.container import NO_NAME, Container
from guestshell.guest.facts.containers.stores import (
    MOST_CONTAINERS,
    as_command,
    as_mount,
    as_port,
)
from guestshell.guest.facts.files import Files, is_there
from guestshell.guest.facts.formats.json_text import load_json, parse_json, parse_rfc3339
from guestshell.guest.facts.formats.shapes import list_of, part, text_of, texts_of
from guestshell.guest.facts.formats.sqlite_file import SqliteFile
from guestshell.values import Name

_SYSTEM_STORE = "/var/lib/containers/storage"
_HOME_STORE = ".local/share/containers/storage"
_STORES = ("overlay-containers", "vfs-containers", "btrfs-containers")
_LISTS = ("containers.json", "volatile-containers.json")

_STATES = {
    0: "unknown",
    1: "created",
    2: "initialized",
    3: "running",
    4: "stopped",
    5: "paused",
    6: "exited",
    7: "removing",
    8: "stopping",
}
"""The states by the number that Podman keeps, in the words of podman-ps(1)."""

_NAMESPACES = ("network", "pid", "ipc", "uts", "user")
_DEFAULT_CAPABILITIES = {
    "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID",
    "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}  # fmt: skip
"""containers.conf(5), default_capabilities, with those that older releases gave too."""


def read_podman(files: Files) -> Iterator[Container]:
    """Yield the containers of the system's store and of each user's."""
    yield from _of_store(files, _SYSTEM_STORE, NO_NAME)
    for home in homes_of_users(files):
        yield from _of_store(files, paths.join(home.path, _HOME_STORE), home.user)


def _of_store(files: Files, store: str, owner: Name) -> Iterator[Container]:
    if not is_there(files, store):
        return
    recorded = _database(files, f"{store}/db.sql")
    told: set[str] = set()
    for kind in _STORES:
        images = _image_names(files, store, kind)
        for name in _LISTS:
            path = Name(f"{store}/{kind}/{name}")
            found = list_of(load_json(files, path))
            if len(found) > MOST_CONTAINERS:
                files.warn(f"{path}: only the first {MOST_CONTAINERS} containers were read")
            for item in found[:MOST_CONTAINERS]:
                ident = text_of(item, "id")
                if not ident.isalnum() or ident in told:
                    continue
                told.add(ident)
                spec = load_json(files, f"{store}/{kind}/{ident}/userdata/config.json")
                config, state, status = recorded.get(ident, (None, None, ""))
                spec = spec or part(config, "spec")
                yield _container(files, item, spec, config, state, status, images, owner, path)


def _image_names(files: Files, store: str, kind: str) -> dict[str, str]:
    listed = load_json(files, f"{store}/{kind.replace('containers', 'images')}/images.json")
    return {
        text_of(image, "id"): names[0]
        for image in list_of(listed)
        if (names := texts_of(image, "names"))
    }


def _database(files: Files, path: str) -> dict[str, tuple[Any, Any, str]]:
    """Give configuration, state and status of each container of Podman's database."""
    if not is_there(files, path):
        return {}
    with SqliteFile(files, path) as database:
        states = {
            ident: (parse_json(files, path, text), _STATES.get(state, ""))
            for ident, state, text in database.rows("ContainerState", ("ID", "State", "JSON"))
            if isinstance(ident, str) and isinstance(text, str | bytes)
        }
        return {
            ident: (parse_json(files, path, text), *states.get(ident, (None, "")))
            for ident, text in database.rows("ContainerConfig", ("ID", "JSON"))
            if isinstance(ident, str) and isinstance(text, str | bytes)  # Go binds JSON as bytes
        }


def _container(
    files: Files,
    item: Any,
    spec: Any,
    config: Any,
    state: Any,
    status: str,
    images: dict[str, str],
    owner: Name,
    file: Name,
) -> Container:
    metadata = text_of(item, "metadata")
    about = parse_json(files, file, metadata) if metadata else None
    names = texts_of(item, "names")
    policy = text_of(config, "restart_policy")
    annotation = text_of(spec, "annotations", "io.podman.annotations.privileged")
    image = text_of(about, "image-name") or text_of(config, "rootfsImageName")
    user = part(spec, "process", "user", "uid")
    return Container(
        engine="podman",
        id=text_of(item, "id"),
        name=Name(text_of(about, "name") or (names[0] if names else "")),
        image=image or images.get(text_of(item, "image"), text_of(item, "image")),
        state=status,
        created=parse_rfc3339(text_of(item, "created")),
        started=parse_rfc3339(text_of(state, "startedTime")),
        finished=parse_rfc3339(text_of(state, "finishedTime")),
        command=as_command(texts_of(spec, "process", "args")),
        user=text_of(config, "user") or (str(user) if isinstance(user, int) else ""),
        restart="" if policy == "no" else policy,
        privileged=None if spec is None else annotation.upper() == "TRUE",
        capabilities=tuple(
            name
            for name in texts_of(spec, "process", "capabilities", "bounding")
            if name not in _DEFAULT_CAPABILITIES
        ),
        host=tuple(_host_namespaces(spec)),
        mounts=tuple(_mounts(spec, text_of(item, "id"))),
        ports=tuple(_ports(config)),
        owner=owner,
        file=file,
    )


def _host_namespaces(spec: Any) -> Iterator[str]:
    """Yield the namespaces that the specification does not make, so that they are the host's."""
    if namespaces := list_of(spec, "linux", "namespaces"):
        own = {text_of(namespace, "type") for namespace in namespaces}
        # a container of the system's store has the host's users unless asked otherwise
        yield from (name for name in _NAMESPACES if name not in own and name != "user")


def _mounts(spec: Any, ident: str) -> Iterator[Name]:
    """Yield the mounts of the host's places, those that Podman makes of its own left out."""
    for mount in list_of(spec, "mounts"):
        inside = text_of(mount, "destination")
        source = text_of(mount, "source")
        if text_of(mount, "type") == "bind" and f"/{ident}/userdata/" not in source:
            yield as_mount(source, inside, "ro" not in texts_of(mount, "options"))


def _ports(config: Any) -> Iterator[str]:
    for key in ("newPortMappings", "portMappings"):
        for port in list_of(config, key):
            outside = part(port, "host_port") or part(port, "hostPort")
            inside = part(port, "container_port") or part(port, "containerPort")
            address = text_of(port, "host_ip") or text_of(port, "hostIP")
            protocol = text_of(port, "protocol") or "tcp"
            yield as_port(address, str(outside), f"{inside}/{protocol}")
