"""SELinux: selinux_config(5), and what was changed on this system with semanage(8)."""

from collections.abc import Iterator

from guestshell.guest import paths
from guestshell.guest.facts.configuration.rows import Selinux
from guestshell.guest.facts.files import Files, configured, entries_if_there, is_there, read_small
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.guest.facts.text import decimal, set_lines
from guestshell.values import Name

_CONFIG = Name("/etc/selinux/config")
_LOCAL_PRIORITY = "400"
"""Where semodule(8) puts modules that an administrator installs."""

_KERNEL_LINES = ("/etc/default/grub", "/etc/kernel/cmdline")
_ENTRIES = "/boot/loader/entries"


def read_selinux(files: Files) -> Iterator[Selinux]:
    """Yield one row, none where SELinux has never been set up."""
    data = read_small(files, _CONFIG)
    if data is None:
        return
    values = {}
    for line in set_lines(data):
        key, equals, value = line.partition("=")
        if equals:
            values[key.strip().upper()] = value.strip()
    kind = values.get("SELINUXTYPE", "")
    if not kind or set(kind) & set("/\0") or kind in (".", ".."):
        files.warn(f"{_CONFIG}: names no policy")
        kind = ""
    policy, version = _policy(files, kind) if kind else (Name(""), None)
    active = f"/var/lib/selinux/{kind}/active"
    old = f"/etc/selinux/{kind}/modules/active"
    modules = entries_if_there(files, f"{active}/modules/{_LOCAL_PRIORITY}") if kind else ()
    booleans = [
        line
        for path in (f"{active}/booleans.local", f"{old}/booleans.local")
        for line in set_lines(read_small(files, path) or b"")
        if kind
    ]
    contexts = f"/etc/selinux/{kind}/contexts/files/file_contexts.local"
    yield Selinux(
        mode=values.get("SELINUX", "").lower(),
        type=kind,
        kernel=tuple(dict.fromkeys(_kernel_parameters(files))),
        policy_file=policy,
        policy_version=version,
        modules=tuple(entry.name for entry in modules if entry.is_directory),
        booleans=tuple(booleans),
        file_contexts=len(set_lines(read_small(files, contexts) or b"")) if kind else 0,
        relabel=is_there(files, "/.autorelabel"),
        file=_CONFIG,
    )


def _policy(files: Files, kind: str) -> tuple[Name, int | None]:
    """Give the newest policy.N, the kernel's binary policy of version N."""
    directory = f"/etc/selinux/{kind}/policy"
    found = [
        (version, entry.name)
        for entry in entries_if_there(files, directory)
        if (version := decimal(entry.name.removeprefix("policy."))) is not None
    ]
    if not found:
        return Name(""), None
    version, name = max(found)
    return paths.child(directory, name), version


def _kernel_parameters(files: Files) -> Iterator[str]:
    lines = []
    for path in _KERNEL_LINES:
        values = read_assignments(files, path)
        lines += [value for key, value in values.items() if key.startswith("GRUB_CMDLINE_LINUX")]
        if not values:
            lines.append((read_small(files, path) or b"").decode("utf-8", "replace"))
    for entry in configured(files, _ENTRIES):
        if entry.name.endswith(".conf"):
            lines += [
                line.removeprefix("options")
                for line in set_lines(read_small(files, entry.path) or b"")
                if line.startswith("options")
            ]
    for line in lines:
        for word in line.split():
            if word.startswith(("selinux=", "enforcing=", "autorelabel=")):
                yield word
