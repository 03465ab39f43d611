"""Containers as their engines record them."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guestshell.guest.facts.containers.container import Container
from guestshell.guest.facts.containers.engines import read_containers
from tests.guest.facts.host_tree import HostTree, make_tree

ID = "3f4c2a" + "0" * 58
NOON = int(datetime(2026, 3, 17, 12, tzinfo=UTC).timestamp()) * 10**9


def only(files: HostTree) -> Container:
    [row] = read_containers(files)
    return row


DOCKER: dict[str, Any] = {
    "StreamConfig": {},
    "State": {
        "Running": True,
        "Paused": False,
        "StartedAt": "2026-03-17T12:00:01.000000005Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
    },
    "ID": ID,
    "Created": "2026-03-17T13:00:00.5+01:00",
    "Path": "/bin/sh",
    "Args": ["-c", "nc -l 4444"],
    "Config": {
        "User": "root",
        "Env": ["PASSWORD=not-to-be-seen"],
        "Image": "alpine:3.19",
    },
    "Image": "sha256:abc",
    "Name": "/innocent",
    "MountPoints": {
        "/host": {"Source": "/", "Destination": "/host", "RW": True},
        "/data": {"Source": "", "Name": "vol", "RW": False},
    },
}
HOSTCONFIG = {
    "NetworkMode": "host",
    "PidMode": "",
    "Privileged": True,
    "CapAdd": ["CAP_SYS_ADMIN"],
    "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
    "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
}


def test_docker(tmp_path: Path) -> None:
    directory = f"/var/lib/docker/containers/{ID}"
    files = make_tree(
        tmp_path,
        {
            f"{directory}/config.v2.json": json.dumps(DOCKER),
            f"{directory}/hostconfig.json": json.dumps(HOSTCONFIG),
        },
    )
    row = only(files)
    assert (row.engine, row.id, row.name, row.image) == ("docker", ID, "innocent", "alpine:3.19")
    assert (row.state, row.created, row.started, row.finished) == (
        "running",
        NOON + 5 * 10**8,
        NOON + 10**9 + 5,
        None,
    )
    assert (row.command, row.user, row.restart) == ("/bin/sh -c 'nc -l 4444'", "root", "always")
    assert (row.privileged, row.capabilities, row.host) == (True, ("CAP_SYS_ADMIN",), ("network",))
    assert row.mounts == ("/:/host", "vol:/data:ro")
    assert row.ports == ("0.0.0.0:8080->80/tcp",)
    assert "not-to-be-seen" not in repr(row)
    assert files.warnings == []


def test_a_damaged_container_leaves_the_others(tmp_path: Path) -> None:
    top = "/srv/docker/containers"
    files = make_tree(
        tmp_path,
        {
            "/etc/docker/daemon.json": '{"data-root": "/srv/docker"}',
            f"{top}/a/config.v2.json": '{"Name": ["no text"], "State": 7, "MountPoints": []}',
            f"{top}/b/config.v2.json": "[" * 100_000,
            f"{top}/c/hostconfig.json": "{}",
        },
    )
    row = only(files)
    assert (row.id, row.name, row.state, row.privileged) == ("a", "", "created", None)
    assert len(files.warnings) == 3
    assert files.warnings[0].startswith(f"{top}/b/config.v2.json: ")


def podman_database(path: Path) -> bytes:
    port = {"host_ip": "127.0.0.1", "container_port": 80, "host_port": 8081, "protocol": "tcp"}
    config = {"restart_policy": "always", "newPortMappings": [port]}
    state = {"startedTime": "2026-03-17T12:00:01Z", "finishedTime": "0001-01-01T00:00:00Z"}
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE ContainerConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL,"
            " PodID TEXT, JSON TEXT NOT NULL)"
        )
        database.execute(
            "CREATE TABLE ContainerState(ID TEXT PRIMARY KEY NOT NULL, State INTEGER NOT NULL,"
            " ExitCode INTEGER, JSON TEXT NOT NULL)"
        )
        database.execute(
            "INSERT INTO ContainerConfig VALUES (?, 'web', NULL, ?)",
            (ID, json.dumps(config).encode()),  # Podman binds bytes
        )
        database.execute(
            "INSERT INTO ContainerState VALUES (?, 3, NULL, ?)", (ID, json.dumps(state).encode())
        )
    database.close()
    return path.read_bytes()


def test_podman_of_a_user(tmp_path: Path) -> None:
    store = "/home/alice/.local/share/containers/storage"
    listed = [
        {
            "id": ID,
            "names": ["web"],
            "image": "f" * 64,
            "metadata": json.dumps({"image-name": "docker.io/library/nginx:1", "name": "web"}),
            "created": "2026-03-17T12:00:00Z",
        },
        {"id": "../../etc", "names": ["no"]},
    ]
    spec = {
        "process": {
            "args": ["nginx", "-g", "daemon off;"],
            "user": {"uid": 0},
            "env": ["SECRET=not-to-be-seen"],
            "capabilities": {"bounding": ["CAP_CHOWN", "CAP_SYS_PTRACE"]},
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {
                "destination": "/etc/hosts",
                "type": "bind",
                "source": f"/run/containers/{ID}/userdata/hosts",
            },
            {"destination": "/x", "type": "bind", "source": "/home", "options": ["rbind", "ro"]},
        ],
        "annotations": {"io.podman.annotations.privileged": "FALSE"},
        "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"},
                                 {"type": "uts"}]},
    }  # fmt: skip
    files = make_tree(
        tmp_path / "root",
        {
            "/etc/passwd": "alice:x:1000:1000::/home/alice:/bin/bash\nbad:x:1:1::/:/bin/sh\n",
            f"{store}/overlay-containers/containers.json": json.dumps(listed),
            f"{store}/overlay-containers/{ID}/userdata/config.json": json.dumps(spec),
            f"{store}/db.sql": podman_database(tmp_path / "db.sql"),
        },
    )
    row = only(files)
    assert (row.engine, row.owner, row.name, row.image) == (
        "podman",
        "alice",
        "web",
        "docker.io/library/nginx:1",
    )
    assert (row.state, row.created, row.started) == ("running", NOON, NOON + 10**9)
    assert (row.command, row.restart) == ("nginx -g 'daemon off;'", "always")
    assert (row.privileged, row.capabilities, row.host) == (
        False,
        ("CAP_SYS_PTRACE",),
        ("network",),
    )
    assert row.mounts == ("/home:/x:ro",)
    assert row.ports == ("127.0.0.1:8081->80/tcp",)
    assert "not-to-be-seen" not in repr(row)
    assert files.warnings == []


def test_podman_without_a_readable_database(tmp_path: Path) -> None:
    store = "/var/lib/containers/storage"
    files = make_tree(
        tmp_path,
        {
            f"{store}/overlay-containers/containers.json": json.dumps([{"id": ID, "image": "f"}]),
            f"{store}/overlay-images/images.json": json.dumps([{"id": "f", "names": ["busybox"]}]),
            f"{store}/db.sql": b"SQLite format 3\0 but no more",
        },
    )
    row = only(files)
    assert (row.id, row.image, row.state, row.privileged) == (ID, "busybox", "", None)
    assert files.warnings and all(w.startswith(f"{store}/db.sql") for w in files.warnings)


MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: miner, namespace: kube-system}
spec:
  hostNetwork: true
  containers:
  - name: main
    image: registry.example/miner:1
    command: [/bin/miner, --fast]
    env: [{name: TOKEN, value: not-to-be-seen}]
    securityContext: {privileged: true}
    volumeMounts:
    - {name: root, mountPath: /host, readOnly: true}
    - {name: tmp, mountPath: /tmp}
  volumes:
  - {name: root, hostPath: {path: /}}
  - {name: tmp, emptyDir: {}}
"""


def test_kubernetes_and_containerd(tmp_path: Path) -> None:
    cri = "/var/lib/containerd/io.containerd.grpc.v1.cri/containers"
    status = {"CreatedAt": NOON, "StartedAt": NOON + 1, "FinishedAt": NOON + 2, "ExitCode": 1}
    files = make_tree(
        tmp_path,
        {
            f"{cri}/{ID}/status": json.dumps({"Version": "v1", **status}),
            f"/var/lib/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/work": "",
            "/var/lib/containerd/io.containerd.runtime.v2.task/moby/0123456789abcdef/work": "",
            "/var/log/pods/kube-system_miner_abc-def/main/0.log": "",
            "/etc/kubernetes/manifests/miner.yaml": MANIFEST,
            "/etc/kubernetes/manifests/other.yaml": "kind: Service\n",
        },
    )
    status_row, task, logged, static = read_containers(files)
    assert (task.id, task.name, task.state) == (
        "0123456789abcdef",
        "moby/0123456789ab",
        "running",
    )
    assert (status_row.engine, status_row.id, status_row.state) == ("containerd", ID, "exited")
    assert (status_row.created, status_row.finished) == (NOON, NOON + 2)
    assert (logged.name, logged.id) == ("kube-system/miner/main", "abc-def")
    assert (static.name, static.state, static.command) == (
        "kube-system/miner/main",
        "static",
        "/bin/miner --fast",
    )
    assert (static.privileged, static.host) == (True, ("network",))
    assert static.mounts == ("/:/host:ro",)
    assert "not-to-be-seen" not in repr(static)


def test_lxc_lxd_and_nspawn(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "/var/lib/lxc/deb/config": "# Template\nlxc.uts.name = deb\n"
            "lxc.rootfs.path = dir:/var/lib/lxc/deb/rootfs\nlxc.start.auto = 1\n"
            "lxc.mount.entry = /srv srv none bind,ro 0 0\n",
            "/var/snap/lxd/common/lxd/containers/c1": "-> /var/snap/lxd/x/containers/c1",
            "/var/lib/machines/arch/etc/os-release": "",
            "/var/lib/machines/image.raw": "",
            "/var/lib/machines/.#x/y": "",
            "/etc/systemd/nspawn/arch.nspawn": "[Exec]\nPrivateUsers=no\n"
            "Capability=CAP_SYS_ADMIN\n[Files]\nBind=/home\nBindReadOnly=/srv:/data:norbind\n"
            "[Network]\nVirtualEthernet=no\n",
            "/etc/systemd/system/machines.target.wants/systemd-nspawn@arch.service": "-> /x",
        },
    )
    lxc, lxd, arch, image = read_containers(files)
    assert (lxc.name, lxc.restart, lxc.privileged, lxc.mounts) == (
        "deb",
        "boot",
        True,
        ("/srv:srv:ro",),
    )
    assert (lxd.engine, lxd.name) == ("lxd", "c1")
    assert (arch.name, arch.privileged, arch.restart, arch.host) == (
        "arch",
        True,
        "boot",
        ("network",),
    )
    assert (arch.capabilities, arch.mounts) == (
        ("CAP_SYS_ADMIN",),
        ("/home:/home", "/srv:/data:ro"),
    )
    assert (image.name, image.privileged) == ("image", False)
    assert files.warnings == []


def test_no_containers_have_no_rows_and_no_warnings(tmp_path: Path) -> None:
    files = make_tree(tmp_path, {"/etc/hostname": "x\n"})
    assert [*read_containers(files), *files.warnings] == []
