"""What a cloud made of an image: cloud-init's and Azure's agent's records. Never passwords."""

from collections.abc import Iterator
from typing import Any

from guestshell.errors import PathError
from guestshell.guest import paths
from guestshell.guest.facts.configuration.rows import CloudFact
from guestshell.guest.facts.files import Files, changed, entries_if_there, read_small
from guestshell.guest.facts.formats.json_text import load_json
from guestshell.guest.facts.formats.shapes import list_of, part, text_of, texts_of
from guestshell.guest.facts.formats.xml_text import Node, load_xml
from guestshell.guest.facts.formats.yaml_text import load_yaml
from guestshell.values import Name, Timestamp, decode_name

_CLOUD = "/var/lib/cloud"
_SEEDS = (f"{_CLOUD}/seed/nocloud", f"{_CLOUD}/seed/nocloud-net")
_OVF = Name("/var/lib/waagent/ovf-env.xml")
_PASSWORDS = ("password", "passwd", "hashed_passwd", "plain_text_passwd")
_COMMANDS = ("runcmd", "bootcmd")
_STAGES = ("init-local", "init", "modules-config", "modules-final")


def read_cloud(files: Files) -> Iterator[CloudFact]:
    """Yield what is recorded of the instance, its boots, and what its user data asked for."""
    yield from _data(files)
    yield from _instances(files)
    current = _current(files)
    for directory in [*([current] if current else []), *_SEEDS]:
        for name in ("user-data.txt", "vendor-data.txt", "user-data", "vendor-data"):
            yield from _user_data(files, paths.child(directory, name))
        yield from _meta_data(files, paths.child(directory, "meta-data"))
    yield from _azure(files)


def _data(files: Files) -> Iterator[CloudFact]:
    for name in ("instance-id", "previous-instance-id", "previous-datasource", "previous-hostname"):
        path = Name(f"{_CLOUD}/data/{name}")
        if text := _first_line(files, path):
            when = changed(files, path)
            yield CloudFact(name=name.replace("-", " "), value=text, time=when, file=path)
    path = Name(f"{_CLOUD}/data/status.json")
    status = part(load_json(files, path), "v1")
    if source := text_of(status, "datasource"):
        yield CloudFact(name="datasource", value=source, time=changed(files, path), file=path)
    for stage in _STAGES:
        start = part(status, stage, "start")
        if isinstance(start, int | float) and 0 < start < 2**40:
            moment = Timestamp(int(start * 10**6) * 1000)
            value = f"{stage} started"
            yield CloudFact(name="last boot", value=value, time=moment, file=path)
    path = Name(f"{_CLOUD}/data/result.json")
    for error in texts_of(load_json(files, path), "v1", "errors"):
        yield CloudFact(name="error", value=error, time=changed(files, path), file=path)


def _first_line(files: Files, path: str) -> str:
    data = read_small(files, path) or b""
    return decode_name(data.partition(b"\n")[0].strip())


def _instances(files: Files) -> Iterator[CloudFact]:
    """Yield each instance that ran from this disk; more than one tell of a copied image."""
    for entry in entries_if_there(files, f"{_CLOUD}/instances"):
        if not entry.is_directory:
            continue
        there = {str(each.name): each for each in entries_if_there(files, entry.path)}
        first = min((each.mtime for each in there.values()), default=entry.mtime)
        yield CloudFact(name="instance", value=entry.name, time=first, file=entry.path)
        if "datasource" in there:
            path = there["datasource"].path
            text = _first_line(files, path)
            when = there["datasource"].mtime
            yield CloudFact(name="instance datasource", value=text, time=when, file=path)
        if "boot-finished" in there:
            path = there["boot-finished"].path
            text = _first_line(files, path)
            when = there["boot-finished"].mtime
            yield CloudFact(name="boot finished", value=text, time=when, file=path)


def _current(files: Files) -> str:
    try:
        return files.resolve(f"{_CLOUD}/instance")
    except PathError:
        return ""


def _user_data(files: Files, path: Name) -> Iterator[CloudFact]:
    data = read_small(files, path)
    if not data:
        return
    when = changed(files, path)
    kind = _kind(data)
    name = paths.split(path)[1].removesuffix(".txt").replace("-", " ")
    yield CloudFact(name=name, value=f"{kind}, {len(data)} bytes", time=when, file=path)
    if kind != "cloud-config":
        return
    for title, value in _asked(load_yaml(files, path, data)):
        yield CloudFact(name=title, value=value, time=when, file=path)


def _kind(data: bytes) -> str:
    """Give the kind of user data by how it begins, as cloud-init tells them apart."""
    line = data[:256].partition(b"\n")[0].strip()
    if line.startswith(b"#cloud-config"):
        return "cloud-config"
    if line.startswith(b"#!"):
        return "script"
    if data[:2] == b"\x1f\x8b":
        return "compressed"
    return "mime" if data[:256].lower().startswith((b"content-type:", b"mime-")) else "other"


def _asked(config: Any) -> Iterator[tuple[str, str]]:
    """Yield what a #cloud-config sets: names, users, keys; only that it sets passwords."""
    for key in ("hostname", "fqdn", "timezone", "locale"):
        if value := text_of(config, key):
            yield key, value
    yield from _credentials("", config)
    for user in [part(config, "user"), *list_of(config, "users")]:
        name = text_of({"name": user}, "name") or text_of(user, "name")
        if name:
            yield "user", name
            if rights := ", ".join(texts_of(user, "sudo")):
                yield "sudo", f"{name}: {rights}"
            yield from _credentials(name, user)
    if part(config, "chpasswd") is not None:
        yield "password", "sets passwords with chpasswd"
    if enabled := text_of(config, "ssh_pwauth"):
        yield "ssh password login", enabled
    for key in _COMMANDS:
        if commands := list_of(config, key):
            yield key, f"{len(commands)} commands"
    for item in list_of(config, "write_files"):
        if place := text_of(item, "path"):
            yield "writes", place
    if packages := texts_of(config, "packages"):
        yield "packages", " ".join(packages)


def _credentials(user: str, holder: Any) -> Iterator[tuple[str, str]]:
    prefix = f"{user}: " if user else ""
    for key in texts_of(holder, "ssh_authorized_keys") + texts_of(holder, "ssh-authorized-keys"):
        yield "ssh key", f"{prefix}{key}"
    for source in texts_of(holder, "ssh_import_id"):
        yield "ssh key", f"{prefix}imported from {source}"
    if any(part(holder, key) is not None for key in _PASSWORDS):
        yield "password", f"{prefix}sets one"


def _meta_data(files: Files, path: Name) -> Iterator[CloudFact]:
    data = read_small(files, path)
    found = load_yaml(files, path, data) if data else None
    for key in ("instance-id", "local-hostname"):
        if value := text_of(found, key):
            name = key.replace("-", " ")
            yield CloudFact(name=name, value=value, time=changed(files, path), file=path)


def _azure(files: Files) -> Iterator[CloudFact]:
    """Yield the host and user that Azure provisioned; its file has the password redacted or not."""
    data = read_small(files, _OVF)
    root = load_xml(files, _OVF, data) if data else None
    waiting: list[Node] = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        waiting += reversed(node.children)
        name = {"HostName": "hostname", "UserName": "user"}.get(node.tag)
        if name and node.text:
            yield CloudFact(name=name, value=node.text, time=changed(files, _OVF), file=_OVF)
