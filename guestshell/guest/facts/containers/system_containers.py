"""Containers that hold a whole system: LXC, LXD and Incus, systemd-nspawn."""

from collections.abc import Iterator

from guestshell.guest import paths
from guestshell.guest.facts.containers.container import Container
from guestshell.guest.facts.containers.stores import MOST_CONTAINERS, as_mount, directories
from guestshell.guest.facts.files import Files, changed, entries_if_there, is_there, read_small
from guestshell.guest.facts.formats.sections import merged, parse_sections
from guestshell.guest.facts.text import set_lines
from guestshell.values import Name

_LXC = "/var/lib/lxc"
_LXD = (
    "/var/lib/lxd/containers",
    "/var/snap/lxd/common/lxd/containers",
    "/var/lib/incus/containers",
)
_MACHINES = "/var/lib/machines"
_NSPAWN = "/etc/systemd/nspawn"
_WANTED = "/etc/systemd/system/machines.target.wants"


def read_lxc(files: Files) -> Iterator[Container]:
    """Yield the containers of LXC by their config, lxc.container.conf(5).

    One without an `lxc.idmap` has the host's root for its own, and counts as privileged.
    """
    for entry in directories(files, _LXC):
        path = paths.child(entry.path, "config")
        data = read_small(files, path)
        if data is None:
            continue
        pairs = [
            (key.strip(), value.strip())
            for line in set_lines(data)
            for key, equals, value in [line.partition("=")]
            if equals
        ]
        values = dict(pairs)
        mounts = [value.split() for key, value in pairs if key == "lxc.mount.entry"]
        yield Container(
            engine="lxc",
            id="",
            name=Name(values.get("lxc.uts.name") or values.get("lxc.utsname") or entry.name),
            image=values.get("lxc.rootfs.path", values.get("lxc.rootfs", "")),
            created=changed(files, path),
            command=values.get("lxc.init.cmd", ""),
            restart="boot" if values.get("lxc.start.auto") == "1" else "",
            privileged="lxc.idmap" not in values and "lxc.id_map" not in values,
            host=("network",) if values.get("lxc.net.0.type") == "none" else (),
            mounts=tuple(
                as_mount(fields[0], fields[1], "ro" not in fields[3].split(","))
                for fields in mounts
                if len(fields) > 3 and fields[0].startswith("/")
            ),
            file=path,
        )


def read_lxd(files: Files) -> Iterator[Container]:
    """Yield the containers of LXD and Incus by name; what they are is in a database of dqlite."""
    for top in _LXD:
        for entry in list(entries_if_there(files, top))[:MOST_CONTAINERS]:
            if entry.kind in ("symlink", "directory"):
                yield Container(
                    engine="lxd",
                    id="",
                    name=entry.name,
                    image=entry.target or "",
                    created=entry.mtime,
                    file=entry.path,
                )


def read_nspawn(files: Files) -> Iterator[Container]:
    """Yield the trees and images of /var/lib/machines with their systemd.nspawn(5) settings."""
    for entry in list(entries_if_there(files, _MACHINES))[:MOST_CONTAINERS]:
        if entry.name.startswith(".") or not (entry.is_directory or entry.name.endswith(".raw")):
            continue
        name = Name(entry.name.removesuffix(".raw"))
        path = Name(f"{_NSPAWN}/{name}.nspawn")
        data = read_small(files, path)
        sections = parse_sections(data or b"")
        run, kept, net = (merged(sections, part) for part in ("Exec", "Files", "Network"))
        binds = [(value, True) for value in kept.all("Bind")]
        binds += [(value, False) for value in kept.all("BindReadOnly")]
        started = is_there(files, f"{_WANTED}/systemd-nspawn@{name}.service")
        yield Container(
            engine="nspawn",
            id="",
            name=name,
            image=entry.path,
            created=entry.mtime,
            command=run.last("Parameters"),
            user=run.last("User"),
            restart="boot" if started else "",
            privileged=run.last("PrivateUsers").lower() in ("no", "false", "off", "0"),
            capabilities=tuple(word for value in run.all("Capability") for word in value.split()),
            host=("network",) if _off(net.last("VirtualEthernet")) else (),
            mounts=tuple(
                as_mount(source, inside or source, writable)
                for value, writable in binds
                for source, inside in [value.split(":")[:2] if ":" in value else (value, "")]
            ),
            file=path if data is not None else entry.path,
        )


def _off(value: str) -> bool:
    return value.lower() in ("no", "false", "off", "0")
