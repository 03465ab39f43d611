"""containerd and Kubernetes, by what they leave on disk.

The CRI plugin of containerd keeps a status of each container; its configuration is in a bolt
database, which is not read. The kubelet keeps a directory of logs a pod (/var/log/pods), and
starts the pods of /etc/kubernetes/manifests by itself.
"""

from collections.abc import Iterator
from typing import Any

from guestshell.guest import paths
from guestshell.guest.facts.containers.container import Container
from guestshell.guest.facts.containers.stores import as_command, as_mount, as_port, directories
from guestshell.guest.facts.files import Files, changed, configured, read_small
from guestshell.guest.facts.formats.json_text import load_json
from guestshell.guest.facts.formats.shapes import list_of, part, text_of, texts_of
from guestshell.guest.facts.formats.yaml_text import load_yaml
from guestshell.values import Name, Timestamp

_CRI = (
    "/var/lib/containerd/io.containerd.grpc.v1.cri/containers",
    "/var/lib/rancher/k3s/agent/containerd/io.containerd.grpc.v1.cri/containers",
)
_TASKS = "/var/lib/containerd/io.containerd.runtime.v2.task"
_PODS = "/var/log/pods"
_MANIFESTS = ("/etc/kubernetes/manifests", "/var/lib/rancher/k3s/agent/pod-manifests")


def read_containerd(files: Files) -> Iterator[Container]:
    """Yield the containers that containerd's CRI plugin keeps a status of, then those of others.

    Of a container that runs there is a directory in that of its namespace, `moby` for Docker's.
    """
    told: set[str] = set()
    for top in _CRI:
        for entry in directories(files, top):
            told.add(entry.name)
            path = paths.child(entry.path, "status")
            status = load_json(files, path)
            started, finished = (_moment(status, key) for key in ("StartedAt", "FinishedAt"))
            yield Container(
                engine="containerd",
                id=entry.name,
                name=Name(""),
                state="exited" if finished else "running" if started else "created",
                created=_moment(status, "CreatedAt"),
                started=started,
                finished=finished,
                file=path,
            )
    yield from _tasks(files, told)


def _tasks(files: Files, told: set[str]) -> Iterator[Container]:
    for namespace in directories(files, _TASKS):
        for entry in directories(files, namespace.path):
            if entry.name not in told:
                yield Container(
                    engine="containerd",
                    id=entry.name,
                    name=Name(f"{namespace.name}/{entry.name[:12]}"),
                    state="running",
                    started=entry.mtime,
                    file=entry.path,
                )


def _moment(status: Any, key: str) -> Timestamp | None:
    found = part(status, key)
    if not isinstance(found, int):
        found = part(status, "Status", key)  # checkpoints name their version
    return Timestamp(found) if isinstance(found, int) and 0 < found < 2**63 else None


def read_pods(files: Files) -> Iterator[Container]:
    """Yield the containers that logged, by their pod, and those of static pods."""
    for pod in directories(files, _PODS):
        namespace, _, rest = pod.name.partition("_")
        name, _, ident = rest.partition("_")
        for entry in directories(files, pod.path):
            yield Container(
                engine="kubernetes",
                id=ident,
                name=Name(f"{namespace}/{name}/{entry.name}"),
                started=entry.mtime,
                file=entry.path,
            )
    for directory in _MANIFESTS:
        for entry in configured(files, directory):
            if entry.name.endswith((".yaml", ".yml", ".json")):
                yield from _static_pod(files, entry.path)


def _items(value: Any, *keys: str) -> list[Any]:
    return list_of(value, *keys)[:200]


def _static_pod(files: Files, path: Name) -> Iterator[Container]:
    data = read_small(files, path)
    pod = load_yaml(files, path, data) if data else None
    if pod is None or text_of(pod, "kind") != "Pod":
        return
    name = text_of(pod, "metadata", "name")
    namespace = text_of(pod, "metadata", "namespace") or "default"
    volumes = {
        text_of(volume, "name"): text_of(volume, "hostPath", "path")
        for volume in _items(pod, "spec", "volumes")
    }
    host = tuple(
        word
        for word, key in (("network", "hostNetwork"), ("pid", "hostPID"), ("ipc", "hostIPC"))
        if text_of(pod, "spec", key) == "true"
    )
    when = changed(files, path)
    for item in _items(pod, "spec", "initContainers") + _items(pod, "spec", "containers"):
        mounts = [
            as_mount(
                volumes[text_of(mount, "name")],
                text_of(mount, "mountPath"),
                text_of(mount, "readOnly") != "true",
            )
            for mount in _items(item, "volumeMounts")
            if volumes.get(text_of(mount, "name"))
        ]
        ports = [
            as_port(
                text_of(port, "hostIP"),
                text_of(port, "hostPort"),
                f"{text_of(port, 'containerPort')}/{(text_of(port, 'protocol') or 'TCP').lower()}",
            )
            for port in _items(item, "ports")
            if text_of(port, "hostPort")
        ]
        yield Container(
            engine="kubernetes",
            id="",
            name=Name(f"{namespace}/{name}/{text_of(item, 'name')}"),
            image=text_of(item, "image"),
            state="static",
            created=when,
            command=as_command((*texts_of(item, "command"), *texts_of(item, "args"))),
            user=text_of(item, "securityContext", "runAsUser"),
            restart=text_of(pod, "spec", "restartPolicy").lower() or "always",
            privileged=text_of(item, "securityContext", "privileged") == "true",
            capabilities=texts_of(item, "securityContext", "capabilities", "add"),
            host=host,
            mounts=tuple(mounts),
            ports=tuple(ports),
            file=path,
        )
