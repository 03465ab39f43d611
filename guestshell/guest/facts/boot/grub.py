"""GRUB: the menu of grub.cfg, grubenv, /etc/default/grub, and menu.lst of GRUB Legacy.

GNU GRUB Manual 2.06, "Writing full configuration files directly", "Simple configuration" and
"Environment block"; GNU GRUB Manual 0.97, "Commands". The configuration is a script: it is not run,
so what it decides by conditions is shown as if all of them held.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from guestshell.guest.facts.boot.rows import BootEntry
from guestshell.guest.facts.formats.assignments import parse_assignments
from guestshell.guest.facts.text import decimal, joined_lines, numbered_lines, words_of
from guestshell.values import Name, Timestamp

_LINUX = ("linux", "linux16", "linuxefi", "multiboot", "multiboot2", "chainloader", "kernel")
_INITRD = ("initrd", "initrd16", "initrdefi", "module", "module2")
_DEEPEST = 20
_ENVIRONMENT = 1024
"""Bytes of an environment block, "Environment block"."""


@dataclass
class _Item:
    """A menu entry or submenu while its block is read; a submenu has `inner` ones."""

    title: str
    id: str
    line: int
    is_menu: bool = False
    kernel: str = ""
    options: str = ""
    initrds: list[str] = field(default_factory=list)
    inner: "list[_Item | BootEntry]" = field(default_factory=list)


def parse_grubenv(data: bytes) -> dict[str, str]:
    """Give the variables of an environment block."""
    values = {}
    for _, line in numbered_lines(data[: 64 * _ENVIRONMENT]):
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            values[name] = value.replace("\\\\", "\\")
    return values


def parse_grub(
    data: bytes,
    file: Name,
    mtime: Timestamp | None,
    saved: Mapping[str, str],
    specified: Sequence[BootEntry] = (),
) -> list[BootEntry]:
    """Give the entries of a grub.cfg in the menu's order.

    `saved` are the variables of grubenv, `specified` the entries that `blscfg` puts in its place.
    """
    top = _Item("", "", 0, is_menu=True)
    variables = dict(saved)
    _fill(top, data, variables, specified)
    chosen = saved.get("next_entry") or variables.get("default") or "0"
    default = _find(top, chosen) or _find(top, "0")
    return list(_rows(top, (), default, file, mtime, variables))


def _fill(
    top: _Item, data: bytes, variables: dict[str, str], specified: Sequence[BootEntry]
) -> None:
    holders = [top]  # what the lines of each open block belong to
    for number, text in joined_lines(data):
        if text.startswith("#"):
            continue
        words = words_of(text) or [""]
        verb, opens = words[0], words[-1] == "{"
        holder = holders[-1]
        if verb == "}":
            del holders[max(1, len(holders) - 1) :]
        elif verb in ("menuentry", "submenu") and len(words) > 1:
            item = _Item(words[1], _identity(words), number, is_menu=verb == "submenu")
            if holder.is_menu and len(holders) <= _DEEPEST:
                holder.inner.append(item)
            if opens:
                holders.append(item)
        elif opens:
            holders.append(holder)
        elif verb == "blscfg" and specified:
            top.inner += specified
            specified = ()
        elif verb == "set" and len(words) > 1:
            _set(words[1], variables)
        elif not holder.is_menu:
            _say(holder, verb, words)


def _identity(words: Sequence[str]) -> str:
    for option, value in itertools.pairwise(words):
        if option in ("--id", "$menuentry_id_option", "${menuentry_id_option}"):
            return value
    return ""


def _set(assigned: str, variables: dict[str, str]) -> None:
    name, _, value = assigned.partition("=")
    if name == "default":
        if value in ("${next_entry}", "$next_entry"):
            return
        if value in ("${saved_entry}", "$saved_entry"):
            value = variables.get("saved_entry", "")
        variables[name] = value
    elif name == "kernelopts":
        variables.setdefault(name, value)


def _say(item: _Item, verb: str, words: Sequence[str]) -> None:
    if verb in _LINUX and len(words) > 1 and not item.kernel:
        item.kernel = words[1]
        item.options = " ".join(words[2:])
    elif verb in _INITRD:
        item.initrds += words[1:] if verb.startswith("initrd") else [" ".join(words[1:])]


def _find(top: _Item, chosen: str) -> "_Item | BootEntry | None":
    """Give what `default` means: a place from 0 on, an id or a title, `>` between menus."""
    found: _Item | BootEntry | None = top
    parts = chosen.split(">")
    if any(item.title == chosen for item in top.inner):  # a title may hold a >
        parts = [chosen]
    for part in parts:
        if not isinstance(found, _Item) or not found.is_menu:
            return None
        inner = found.inner
        place = decimal(part, 5)
        if place is not None:
            found = inner[place] if place < len(inner) else None
        else:
            found = next((item for item in inner if part in (item.id, item.title) and part), None)
    return found


def _rows(
    menu: _Item,
    above: tuple[str, ...],
    default: "_Item | BootEntry | None",
    file: Name,
    mtime: Timestamp | None,
    variables: Mapping[str, str],
) -> Iterator[BootEntry]:
    for item in menu.inner:
        if isinstance(item, BootEntry):
            options = item.options.replace(
                "$kernelopts", variables.get("kernelopts", "$kernelopts")
            )
            yield replace(item, loader="grub", default=item is default, options=options)
        elif item.is_menu:
            yield from _rows(item, (*above, item.title), default, file, mtime, variables)
        else:
            yield BootEntry(
                kind="entry",
                loader="grub",
                title=" > ".join((*above, item.title)),
                kernel=Name(item.kernel) if item.kernel else None,
                initrds=tuple(Name(initrd) for initrd in item.initrds),
                options=item.options,
                default=item is default,
                id=item.id,
                file=file,
                line=item.line,
                mtime=mtime,
            )


def parse_grub_defaults(data: bytes, file: Name, mtime: Timestamp | None) -> list[BootEntry]:
    """Give the settings that grub-mkconfig makes a menu from: GRUB_CMDLINE_LINUX and others."""
    values, _ = parse_assignments(data)
    return [
        BootEntry("setting", "grub", name, None, (), value, False, "", file, None, mtime)
        for name, value in values.items()
    ]


def parse_grub_legacy(data: bytes, file: Name, mtime: Timestamp | None) -> list[BootEntry]:
    """Give the entries of a menu.lst of GRUB Legacy."""
    items: list[_Item] = []
    chosen = "0"
    for number, line in numbered_lines(data):
        verb, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        if verb == "title":
            items.append(_Item(rest.strip(), "", number))
        elif verb == "default":
            chosen = rest.strip()
        elif items and not verb.startswith("#"):
            _say(items[-1], verb, line.split())
    top = _Item("", "", 0, is_menu=True, inner=[*items])
    rows = _rows(top, (), _find(top, chosen), file, mtime, {})
    return [replace(row, loader="grub legacy") for row in rows]
