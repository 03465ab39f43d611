r"""Scheduled tasks: the XML files below System32\Tasks, [MS-TSCH] 2.5."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guestshell.errors import GuestShellError, PathError
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.windows import places
from guestshell.values import Name, Timestamp

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MOST = 2**20
_MOST_TASKS = 20_000
_DEEPEST = 100

_TRIGGERS = {
    "BootTrigger": "boot",
    "LogonTrigger": "logon",
    "IdleTrigger": "idle",
    "TimeTrigger": "time",
    "CalendarTrigger": "calendar",
    "EventTrigger": "event",
    "RegistrationTrigger": "registration",
    "SessionStateChangeTrigger": "session",
    "WnfStateChangeTrigger": "state",
}


@dataclass(frozen=True, slots=True)
class Task:
    r"""A task; `name` is its path in the Task Scheduler, `user` as written, often a SID."""

    name: str
    command: str
    triggers: tuple[str, ...]
    user: str
    enabled: bool
    modified: Timestamp
    file: Name


def read_tasks(files: Files) -> Iterator[Task]:
    """Yield the tasks by path; what is no task is warned of."""
    root = places.system_root(files)
    top = places.find(files, root, "System32", "Tasks") if root is not None else None
    if top is None:
        return
    count = 0
    for entry in files.walk(top, depth=_DEEPEST):
        if not entry.is_file:
            continue
        count += 1
        if count > _MOST_TASKS:
            files.warn(f"{top}: holds more than {_MOST_TASKS} tasks; the rest are left out")
            return
        try:
            root_element = parse_xml(files.read(entry.path, _MOST))
        except PathError as error:
            files.warn(str(error))
            continue
        except GuestShellError as error:
            files.warn(f"{entry.path}: {error.message}")
            continue
        yield Task(
            name=entry.path.removeprefix(top).replace("/", "\\"),
            command=_command(root_element),
            triggers=_triggers(root_element),
            user=_text(root_element, "Principals/Principal/UserId")
            or _text(root_element, "Principals/Principal/GroupId"),
            enabled=_text(root_element, "Settings/Enabled").lower() != "false",
            modified=entry.mtime,
            file=entry.path,
        )


def parse_xml(data: bytes) -> "Element":
    """Give the root element, names without their namespace. Raises GuestShellError.

    A document type is refused, and with it every entity that could be expanded.
    """
    from xml.etree.ElementTree import TreeBuilder
    from xml.parsers import expat

    builder = TreeBuilder()
    parser = expat.ParserCreate()
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise GuestShellError("is nested too deeply")
        builder.start(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(":")[2])

    def refuse(*_: object) -> None:
        raise GuestShellError("has a document type, which no task has")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise GuestShellError(f"is no XML: {error}") from None


def _text(root: "Element", path: str) -> str:
    return (root.findtext(path) or "").strip()


def _command(root: "Element") -> str:
    """Give what the actions run, several joined by ` ; `."""
    commands = []
    for action in root.iterfind("Actions/*"):
        if action.tag == "Exec":
            parts = (_text(action, "Command"), _text(action, "Arguments"))
            commands.append(" ".join(part for part in parts if part))
        elif action.tag == "ComHandler":
            commands.append(f"COM {_text(action, 'ClassId')} {_text(action, 'Data')}".rstrip())
        else:
            commands.append(action.tag)
    return " ; ".join(commands)


def _triggers(root: "Element") -> tuple[str, ...]:
    found = dict.fromkeys(
        _TRIGGERS.get(trigger.tag, trigger.tag)
        for trigger in root.iterfind("Triggers/*")
        if _text(trigger, "Enabled").lower() != "false"
    )
    return tuple(found)
