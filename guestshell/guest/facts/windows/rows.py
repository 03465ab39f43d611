"""The rows of autoruns and events, apart from what reads them: every start needs the rows."""

from dataclasses import dataclass

from guestshell.values import Name, Timestamp


@dataclass(frozen=True, slots=True)
class Autorun:
    r"""One thing that is started by itself.

    `place` is the mechanism (`Run`, `RunOnce`, `Winlogon`, `task`, `startup folder` …), `trigger`
    what starts it (`logon`, `boot`, `program` for one that runs with another program, and a
    task's own). `user` is for or as whom, empty for everybody. `modified` is when the key or
    file was last written; `source` the key or file.
    """

    place: str
    name: str
    command: str
    trigger: str
    user: str
    enabled: bool
    modified: Timestamp | None
    source: str


@dataclass(frozen=True, slots=True)
class EventValue:
    """One field of an event's own data; `name` is empty where its provider gave it none."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Event:
    """One record of an event log.

    `id` says what happened, together with `provider`. `user` is the name of the SID under which
    it was written, or the SID. The text that the Event Viewer shows stands in DLLs and is not
    in the log: `message` joins the fields of `data` in its place.
    """

    time: Timestamp | None
    log: str
    id: int
    level: str
    provider: str
    computer: str
    user: str
    message: str
    data: tuple[EventValue, ...]
    record: int
    source: Name
