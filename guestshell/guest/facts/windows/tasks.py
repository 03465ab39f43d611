r"""Scheduled tasks: the XML files below System32\Tasks, [MS-TSCH] 2.5."""

from collections.abc import Iterator
from dataclasses import dataclass

from guestshell.errors import PathError
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.formats.xml_text import Node, load_xml
from guestshell.guest.facts.windows import places
from guestshell.values import Name, Timestamp

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
            task = load_xml(files, entry.path, files.read(entry.path, _MOST))
        except PathError as error:
            files.warn(str(error))
            continue
        if task is None:
            continue
        yield Task(
            name=entry.path.removeprefix(top).replace("/", "\\"),
            command=_command(task),
            triggers=_triggers(task),
            user=task.text_of("Principals", "Principal", "UserId")
            or task.text_of("Principals", "Principal", "GroupId"),
            enabled=task.text_of("Settings", "Enabled").lower() != "false",
            modified=entry.mtime,
            file=entry.path,
        )


def _command(task: Node) -> str:
    """Give what the actions run, several joined by ` ; `."""
    commands = []
    for action in (each for actions in task.all("Actions") for each in actions.children):
        if action.tag == "Exec":
            parts = (action.text_of("Command"), action.text_of("Arguments"))
            commands.append(" ".join(part for part in parts if part))
        elif action.tag == "ComHandler":
            words = ("COM", action.text_of("ClassId"), action.text_of("Data"))
            commands.append(" ".join(words).rstrip())
        else:
            commands.append(action.tag)
    return " ; ".join(commands)


def _triggers(task: Node) -> tuple[str, ...]:
    found = dict.fromkeys(
        _TRIGGERS.get(trigger.tag, trigger.tag)
        for triggers in task.all("Triggers")
        for trigger in triggers.children
        if trigger.text_of("Enabled").lower() != "false"
    )
    return tuple(found)
