"""Unit files of systemd: systemd.syntax(7), and the search and drop-ins of systemd.unit(5)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guestshell.guest.facts.text import joined_lines

KINDS = (
    "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer",
    "slice", "scope",
)  # fmt: skip
"""The types of units, systemd.unit(5)."""

_NAME = re.compile(rf"[A-Za-z0-9:_.\\@-]+\.({'|'.join(KINDS)})")


def is_unit_name(name: str) -> bool:
    """Say whether systemd takes a file of this name for a unit."""
    return len(name) < 256 and _NAME.fullmatch(name) is not None and not name.startswith("@")


def kind_of_unit(name: str) -> str:
    """Give the type that a unit's name ends with."""
    return name.rpartition(".")[2]


def template_of(name: str) -> str | None:
    """Give the template `a@.service` of an instance `a@b.service`; None for any other name."""
    stem, _, kind = name.rpartition(".")
    prefix, at, instance = stem.partition("@")
    return f"{prefix}@.{kind}" if at and instance else None


@dataclass(frozen=True, slots=True)
class Setting:
    """One `key=value` of a unit file; `line` is where it begins."""

    section: str
    key: str
    value: str
    line: int


def parse_unit(data: bytes) -> tuple[list[Setting], list[int]]:
    """Give the settings of a unit file and the numbers of the lines that are none.

    A backslash at a line's end joins the next one, comments in between left out.
    """
    settings: list[Setting] = []
    bad: list[int] = []
    section = ""
    for number, line in joined_lines(data, "#;"):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        key, equals, value = line.partition("=")
        if equals and section:
            settings.append(Setting(section, key.rstrip(), value.lstrip(), number))
        else:
            bad.append(number)
    return settings, bad


Settings = Mapping[tuple[str, str], Sequence[str]]
"""What a unit's files say in the end, by section and key."""


def effective(settings: Iterable[Setting]) -> Settings:
    """Give what settings say in the end: an empty assignment forgets those before it."""
    found: dict[tuple[str, str], list[str]] = {}
    for setting in settings:
        values = found.setdefault((setting.section, setting.key), [])
        if setting.value:
            values.append(setting.value)
        else:
            values.clear()
    return found


def values_of(settings: Settings, section: str, key: str) -> Sequence[str]:
    """Give all that a list setting holds."""
    return settings.get((section, key), ())


def value_of(settings: Settings, section: str, key: str) -> str:
    """Give what a plain setting holds: its last assignment."""
    return next(reversed(values_of(settings, section, key)), "")


def drop_in_names(name: str) -> list[str]:
    """Give the directories whose *.conf change a unit, the nearest first.

    `a-b@c.service` has `a-b@c.service.d`, `a-b@.service.d`, `a-.service.d` and `service.d`.
    """
    kind = kind_of_unit(name)
    names = [name]
    if template := template_of(name):
        names.append(template)
    stem = name.rpartition(".")[0].partition("@")[0]
    dashes = [at for at, character in enumerate(stem[:-1]) if character == "-"]
    names += [f"{stem[: at + 1]}.{kind}" for at in reversed(dashes)]
    return [*(f"{name}.d" for name in names), f"{kind}.d"]
