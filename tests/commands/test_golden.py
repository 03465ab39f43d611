"""What every command that gives rows writes, in every format; kept in files beside this one.

Those files are made anew with `pytest --snapshot-update`. What differs from one build of the
teaching image to the next, or from one host to another, is replaced before it is written.
"""

import csv
import dataclasses
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from guestshell import Guest
from guestshell.cli import program
from guestshell.commands import COMMANDS
from guestshell.errors import ExitCode
from guestshell.language.parser import parse
from guestshell.language.quoting import from_portable, quote
from guestshell.output.cells import heading, human_size
from guestshell.output.fields import Field, fields_of
from guestshell.output.formats import FORMATS
from guestshell.output.results import Records, Result
from guestshell.output.schema import schema_of
from guestshell.output.sink import Sink
from guestshell.session import Session
from guestshell.values import Name, Percent, Size, Timestamp
from tests.conftest import Console

pytestmark = pytest.mark.appliance

LINES: dict[str, tuple[str, ...]] = {
    "alias": ("alias",),
    "boot": ("boot",),
    "cloud": ("cloud",),
    "containers": ("containers",),
    "cron": ("cron", "cron kworker"),
    "df": ("df",),
    "disks": ("disks",),
    "dns": ("dns",),
    "du": ("du -d 1 /etc | sort path", "du -s /srv /home"),
    "file": ("file /bin/ls /bin /var/log/auth.log /run/initctl",),
    "filesystems": ("filesystems",),
    "find": (
        "find /usr -type f -perm -4000",
        "find /srv/names -type f",
        "find /etc -name '*.conf' | first 5",
    ),
    "firewall": ("firewall",),
    "fstab": ("fstab",),
    "grep": (
        "grep root /etc/passwd",
        "grep -rn 'PermitRootLogin' /etc/ssh",
        "grep -C 1 ^daemon /etc/passwd",
        "grep -rl 203.0.113. /home",
    ),
    "groups": ("groups",),
    "hash": ("hash /etc/passwd", "hash -a md5 /bin/ls", "hash -r /srv/names"),
    "history": ("history", "history 20 passwd"),
    "hosts": ("hosts",),
    "inspect": ("inspect",),
    "kernels": ("kernels",),
    "large": ("large /var/log -n 3", "large /var --at-least 10M --apparent"),
    "leases": ("leases",),
    "locale": ("locale",),
    "logins": ("logins", "logins --failed -u alice | first 2", "logins -u backup"),
    "logs": ("logs -n 3", "logs -u useradd", "logs --until 2026-03-13T00:00"),
    "ls": ("ls -l /etc | first 5", "ls /srv/names", "ls -ltr /srv", "ls -lhS /usr/bin"),
    "modules": ("modules", "modules --installed"),
    "mounts": ("mounts",),
    "network": ("network",),
    "packages": (
        "packages | first 3",
        "packages nothing-like-it",
        "packages --file /bin/ls",
        "packages --verify passwd",
    ),
    "partitions": ("partitions",),
    "recent": ("recent /etc -n 8", "recent /usr --since 2026-03-14"),
    "routes": ("routes",),
    "save": ("save /etc/hostname {out}", "save -r /home {out}"),
    "selinux": ("selinux",),
    "services": ("services", "services --enabled --kind timer"),
    "set": ("set | where name = output",),
    "shell-history": ("shell-history -u alice", "shell-history sudo"),
    "ssh-keys": ("ssh-keys",),
    "stat": ("stat /etc/shadow", "stat /etc/localtime"),
    "suid": ("suid /usr",),
    "timezone": ("timezone",),
    "use": ("use",),
    "users": ("users",),
    "world-writable": ("world-writable /var/www", "world-writable --sticky /tmp"),
}
"""What is run of each command."""

ELSEWHERE = {
    "autoruns": "the teaching image is no Windows",
    "events": "the teaching image is no Windows",
    "index": "what is known of an image grows while it is open, and the tests keep nothing of it",
    "registry": "the teaching image is no Windows",
}
"""What is not run here, and why."""

ROW_COMMANDS = sorted(LINES)


def test_no_command_that_gives_rows_is_left_out() -> None:
    giving = {name for name, declared in COMMANDS.items() if declared.row_type is not None}
    assert LINES.keys() | ELSEWHERE.keys() == giving
    assert not LINES.keys() & ELSEWHERE.keys()


def row_type_of(line: str) -> Any:
    """Give the type of the rows that a line's command gives."""
    tokens = parse(line).pipelines[0].stages[0].tokens
    name, *words = [token.value for token in tokens]
    return COMMANDS[name].row_type_of(words)


_VARYING: dict[str, Any] = {
    "inode": 1,
    "inodes": 16_000,
    "inodes_used": 10_000,
    "device": 2049,
    "used_percent": 0.5,
    "used": Size(400 * 1024),
    "available": Size(80 * 2**20),
    "atime": Timestamp(0),
    "allocated": Size(4096),
    "future": False,
}
"""What one build of the image, or one host, has otherwise than another, and what stands for it."""
_OF_BLOCKS = ("DiskUsage", "FileSystem", "Usage")
"""Rows whose sizes depend on the block size that the host's mke2fs prefers."""


def masked(row: Any) -> Any:
    """Give a row with what varies replaced."""
    changes: dict[str, Any] = {}
    if type(row).__name__ in _OF_BLOCKS or getattr(row, "kind", "") == "directory":
        is_device = hasattr(row, "device") and not hasattr(row, "kind")
        changes["size"] = Size(96 * 2**20 if is_device else 4096)
    if hasattr(row, "permissions"):  # the appliance numbers its disks as it finds them
        changes["device"] = "8:1"
    for field in fields_of(type(row)):
        value = field.get(row)
        if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            changes[field.name] = tuple(map(masked, value))
        elif field.name in _VARYING and type(value) is type(_VARYING[field.name]):
            changes[field.name] = _VARYING[field.name]
        elif field.name == "image" and value.startswith("/"):
            changes[field.name] = Name("/images/" + re.sub("-[0-9a-f]{12}", "", Path(value).name))
        elif field.name == "host" and "/out" in value:
            changes[field.name] = Name("/out" + value.rpartition("/out")[2])
        elif field.name == "description":  # libmagic's words are others in each release
            changes[field.name] = value.partition(",")[0]
    return dataclasses.replace(row, **changes)


class MaskingSink(Sink):
    """Shows rows with what varies replaced."""

    def show(self, result: Result) -> None:
        if isinstance(result, Records):
            result = dataclasses.replace(result, rows=map(masked, result.rows))
        super().show(result)


@pytest.fixture
def masking(demo_guest: Guest) -> Console:
    console = Console(demo_guest)
    console.session = Session(demo_guest, MaskingSink(console.stdout, console.stderr))
    return remembering(console)


def remembering(console: Console) -> Console:
    """Give a console a past and an alias, which some commands show."""
    console.session.context.history = lambda: ["cat /etc/passwd", "ls", "cat $'a\\nb'"]
    console.session.settings.aliases["ll"] = "ls -l"
    return console


class TextFiles(SingleFileSnapshotExtension):
    """A text file a snapshot."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def visible(text: str) -> str:
    """Give text with what an editor would not show as `<U+001B>`."""
    return "".join(
        character if character.isprintable() or character == "\n" else f"<U+{ord(character):04X}>"
        for character in text
    )


def lines_of(name: str, out: Path) -> Iterator[tuple[str, str]]:
    """Yield the lines of a command, as they are run and as they are kept."""
    for number, line in enumerate(LINES[name]):
        place = out / str(number) / "out"
        place.mkdir(parents=True)
        yield line.format(out=place), line.format(out="/out")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ROW_COMMANDS)
def test_golden(
    masking: Console, snapshot: SnapshotAssertion, tmp_path: Path, name: str, form: str
) -> None:
    written = []
    for line, kept in lines_of(name, tmp_path):
        masking.run(f"set output {form}")
        output = masking.run(line)
        assert masking.status is ExitCode.DONE, masking.error
        written.append(f"$ {kept}\n{visible(masking.error + output)}")
    assert "\n".join(written) == snapshot(extension_class=TextFiles)


# -- the formats agree ---------------------------------------------------------------------------


def parsed(console: Console, line: str, form: str) -> Any:
    text = console.run(f"{line} -o {form}")
    assert console.status is ExitCode.DONE, console.error
    if form == "json":
        return json.loads(text)
    if form == "jsonl":
        return [json.loads(row) for row in text.splitlines()]
    if form == "yaml":
        return yaml.safe_load(text)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def csv_value(text: str, field: Field) -> Any:
    """Give the value that JSON has for a cell of CSV; an empty text may be null too."""
    if field.many or field.is_row:
        return json.loads(text) if text else None
    if field.kind is bool:
        return {"true": True, "false": False}[text]
    if text and field.kind in (int, Size):
        return int(text)
    return float(text) if text and field.kind in (float, Percent) else text


def cell(value: Any, field: Field, human: bool) -> str:
    """Give what a table shows for a value of JSON."""
    if value is None:
        return "-" if field.kind in (int, Size, Percent) else ""
    if field.many:
        return ", ".join(
            cell(item, dataclasses.replace(field, many=False), human) for item in value
        )
    if field.kind is Size:
        return human_size(value) if human else str(value)
    if field.kind is Timestamp:
        return str(value[:19]).replace("T", " ") + "Z"
    if field.kind is Percent:
        return f"{value:.0f}%"
    if field.kind is bool:
        return "yes" if value else "no"
    if field.kind is Name:
        return quote(from_portable(value)) if value else ""
    return str(value)


@pytest.mark.parametrize("name", [name for name in ROW_COMMANDS if name != "save"])
def test_every_format_holds_the_same_values(console: Console, name: str) -> None:
    remembering(console)
    for line in LINES[name]:
        fields = fields_of(row_type_of(line))
        plain = [field for field in fields if not field.is_row]
        rows = parsed(console, line, "json")
        assert parsed(console, line, "jsonl") == rows
        assert parsed(console, line, "yaml") == rows
        cells = parsed(console, line, "csv")
        assert [
            [csv_value(row[field.name], field) for field in fields] for row in cells
        ] == [
            ["" if row[field.name] is None and not (field.many or field.is_row)
             else row[field.name] for field in fields]
            for row in rows
        ], line  # fmt: skip
        shown = console.lines(f"{line} | select {' '.join(field.name for field in plain)}")
        human = name != "stat" and (" -l" not in line or "-lh" in line)
        expected = [[heading(field.name) for field in plain]] if rows else []
        expected += [[cell(row[field.name], field, human) for field in plain] for row in rows]
        assert [re.split(r" {2,}", row.strip(" ")) for row in shown] == [
            list(filter(None, row)) for row in expected
        ], line


@pytest.mark.parametrize("name", ROW_COMMANDS)
def test_json_of_every_command_holds_to_its_schema(
    console: Console, tmp_path: Path, name: str
) -> None:
    types = COMMANDS[name].row_types().values()
    validator = Draft202012Validator(schema_of(*types))
    for line, _ in lines_of(name, tmp_path):
        rows = parsed(console, line, "json")
        validator.validate(rows)
        for row in rows:
            assert list(row) in [[field.name for field in fields_of(kind)] for kind in types]


@pytest.mark.parametrize("name", ROW_COMMANDS)
def test_the_program_prints_the_schema(name: str) -> None:
    done = CliRunner().invoke(program, ["schema", name])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == schema_of(*COMMANDS[name].row_types().values())
