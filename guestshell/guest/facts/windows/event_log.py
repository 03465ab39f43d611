r"""Event logs: .evtx files, by the package `evtx`, which is Rust and so safe with hostile bytes.

A log is a file header and chunks of 64 KiB, each of which can be read for itself (libyal's
`Windows XML Event Log`). They are given to the parser one by one, behind a header made for one
chunk: little is in memory, Ctrl-C is heard between them, a damaged chunk harms no other, and
those that are out of the time asked for are not parsed at all.
"""

import datetime
import io
import json
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from guestshell.errors import GuestError, HostError, PathError
from guestshell.guest.facts.files import Files, entries_if_there
from guestshell.guest.facts.windows import places
from guestshell.guest.facts.windows.keys import filetime
from guestshell.guest.facts.windows.rows import Event, EventValue
from guestshell.values import Name, Timestamp

DEFAULT_LOGS = ("System", "Security", "Application")

_FILE_HEADER, _CHUNK = 4096, 65536
_RECORDS_AT = 512
_MOST_CHUNKS = 2**17
"""8 GiB: no log is larger, a hostile file may be."""

_MOST_TEXT = 2**20
_LEVELS = {1: "critical", 2: "error", 3: "warning", 4: "information", 5: "verbose"}
"""The levels of winmeta.xml; 0 is shown by the Event Viewer as information."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of these ids, of all when there are none, from `since` until before `until`."""

    ids: frozenset[int] = frozenset()
    since: int | None = None
    until: int | None = None

    def takes_time(self, moment: int | None) -> bool:
        """Say whether a moment lies in the time asked for; one that is not known does not."""
        if self.since is None and self.until is None:
            return True
        return moment is not None and (
            (self.since is None or moment >= self.since)
            and (self.until is None or moment < self.until)
        )


def logs(files: Files) -> list[tuple[str, Name]]:
    r"""Give the event logs there are: name as in the Event Viewer (`%4` is a `/`), and path."""
    root = places.system_root(files)
    folder = places.find(files, root, "System32", "winevt", "Logs") if root is not None else None
    entries = entries_if_there(files, folder) if folder is not None else ()
    return [
        (entry.name[:-5].replace("%4", "/"), entry.path)
        for entry in entries
        if entry.is_file and entry.name.lower().endswith(".evtx")
    ]


def need_parser() -> Callable[[io.BytesIO], Any]:
    """Give evtx's parser. Raises HostError where the package is not installed."""
    try:
        from evtx import PyEvtxParser
    except ImportError:
        raise HostError(
            "reading event logs needs the Python package evtx",
            "pip install 'guestshell[windows]'",
        ) from None
    return lambda data: PyEvtxParser(data, number_of_threads=1)


def read_events(
    files: Files, log: str, path: Name, wanted: Wanted, names: dict[str, str]
) -> Iterator[Event]:
    """Yield the events of one log in the order they were written; `names` are those of SIDs."""
    parser = need_parser()
    reader = _Log(files, log, path, names, parser)
    for chunk in reader.chunks():
        yield from reader.events(chunk, wanted)


def last_events(
    files: Files, log: str, path: Name, wanted: Wanted, names: dict[str, str], count: int
) -> list[Event]:
    """Give the last events of one log, oldest first; only the chunks that hold them are parsed."""
    reader = _Log(files, log, path, names, need_parser())
    found: deque[Event] = deque()
    for chunk in reversed(reader.chunks()):
        found.extendleft(reversed(list(reader.events(chunk, wanted))))
        if len(found) >= count:
            break
    return list(found)[len(found) - min(count, len(found)) :]


class _Log:
    """One log being read."""

    def __init__(
        self, files: Files, log: str, path: Name, names: dict[str, str], parser: Callable[..., Any]
    ) -> None:
        self._files = files
        self._log = log
        self._path = path
        self._names = names
        self._parser = parser
        self._file = files.open(path)

    def chunks(self) -> Sequence[int]:
        """Give where the chunks are, in the order of their records: a log is written in a ring."""
        found = []
        if self._at(0, 8) != b"ElfFile\0":
            self._files.warn(f"{self._path}: is no event log")
            return []
        for number in range(_MOST_CHUNKS):
            offset = _FILE_HEADER + number * _CHUNK
            head = self._at(offset, 40)
            if len(head) < 40:
                break
            if head[:8] == b"ElfChnk\0":
                found.append((struct.unpack_from("<Q", head, 24)[0], offset))
            elif any(head):
                self._files.warn(f"{self._path}: offset {offset} is no chunk and is left out")
        return [offset for _, offset in sorted(found)]

    def _at(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(count)

    def events(self, offset: int, wanted: Wanted) -> Iterator[Event]:
        """Yield those of one chunk that are wanted; what is damaged is warned of."""
        chunk = self._at(offset, _CHUNK).ljust(_CHUNK, b"\0")
        if not _may_hold(chunk, wanted):
            return
        damaged = 0
        for record in self._records(chunk):
            event = self._event(record) if record is not None else None
            if event is None:
                damaged += 1
            elif (not wanted.ids or event.id in wanted.ids) and wanted.takes_time(event.time):
                yield event
        if damaged:
            self._files.warn(f"{self._path}: {damaged} records after offset {offset} are damaged")

    def _records(self, chunk: bytes) -> Iterator[dict[str, Any] | None]:
        """Yield what the parser makes of each record, None for a damaged one."""
        records: Iterator[dict[str, Any]] = iter(())
        for number in range(_CHUNK // 24):  # so many headers of records fit
            try:
                if number == 0:
                    records = iter(self._parser(io.BytesIO(_HEADER + chunk)).records_json())
                record = next(records)
            except StopIteration:
                return
            except (RuntimeError, ValueError, OSError):
                yield None
            except BaseException as error:
                if type(error).__name__ != "PanicException":  # Rust's, which is no Exception
                    raise
                yield None
                return
            else:
                yield record

    def _event(self, record: dict[str, Any]) -> Event | None:
        try:
            event = json.loads(record["data"])["Event"]
            system = event["System"]
            number = record["event_record_id"]
            time = _time(str(record["timestamp"]))
            identifier = int(_plain(system.get("EventID")) or 0)
            level = int(_plain(system.get("Level")) or 0)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            return None
        sid = _attribute(system, "Security", "UserID")
        data = tuple(_values(event.get("EventData"))) or tuple(_values(event.get("UserData")))
        return Event(
            time=time,
            log=self._log,
            id=identifier,
            level=_LEVELS.get(level, "information" if level == 0 else str(level)),
            provider=_attribute(system, "Provider", "Name"),
            computer=_plain(system.get("Computer")),
            user=self._names.get(sid, sid),
            message=" ".join(
                f"{field.name}={field.value}" if field.name else field.value for field in data
            ),
            data=data,
            record=number,
            source=self._path,
        )


def _header() -> bytes:
    """Give a file header for one chunk."""
    head = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, 1, 128, 1, 3, _FILE_HEADER, 1)
    head = head.ljust(120, b"\0")
    return (head + struct.pack("<II", 0, zlib.crc32(head))).ljust(_FILE_HEADER, b"\0")


_HEADER = _header()


def _may_hold(chunk: bytes, wanted: Wanted) -> bool:
    """Say whether a chunk may hold events of the time asked for, by its first and last record."""
    if wanted.since is None and wanted.until is None:
        return True
    [last] = struct.unpack_from("<I", chunk, 44)
    if not _RECORDS_AT <= last <= _CHUNK - 24:
        return True
    first_time, last_time = (_written(chunk, at) for at in (_RECORDS_AT, last))
    if first_time is None or last_time is None or first_time > last_time:
        return True  # a clock was set back, or this is damage
    return (wanted.since is None or last_time >= wanted.since) and (
        wanted.until is None or first_time < wanted.until
    )


def _written(chunk: bytes, record: int) -> int | None:
    if chunk[record : record + 4] != b"\x2a\x2a\0\0":
        return None
    return filetime(struct.unpack_from("<Q", chunk, record + 16)[0])


def _time(text: str) -> Timestamp | None:
    """Give the moment of `2024-06-10T06:13:20.5Z UTC`; its fraction may have 9 digits."""
    seconds, _, fraction = text.split("Z")[0].partition(".")
    moment = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.UTC)
    digits = fraction[:9].ljust(9, "0")
    return Timestamp(int(moment.timestamp()) * 10**9 + (int(digits) if digits.isdigit() else 0))


def _plain(value: Any) -> str:
    """Give the text of an element, which stands below `#text` where it has attributes."""
    if isinstance(value, dict):
        value = value.get("#text")
    if isinstance(value, list):
        return " ; ".join(_plain(item) for item in value)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)[:_MOST_TEXT]


def _attribute(system: Any, element: str, name: str) -> str:
    found = system.get(element) if isinstance(system, dict) else None
    attributes = found.get("#attributes") if isinstance(found, dict) else None
    return _plain(attributes.get(name)) if isinstance(attributes, dict) else ""


def _values(data: Any) -> Iterator[EventValue]:
    """Yield the leaves of an event's data with the names of their elements."""
    stack = [("", data)]
    while stack:
        name, value = stack.pop()
        if isinstance(value, dict):
            below = [(key, item) for key, item in value.items() if key != "#attributes"]
            stack += [(name if key == "#text" else key, item) for key, item in reversed(below)]
        elif isinstance(value, list):
            stack += [(name, item) for item in reversed(value)]
        elif value is not None:
            yield EventValue("" if name == "Data" else name, _plain(value))


def log_named(files: Files, name: str) -> tuple[str, Name]:
    """Give name and path of a log by its name in the Event Viewer, or by a path of the guest.

    Raises GuestError, which names similar ones.
    """
    if name.startswith("/"):
        entry = files.entry(name)
        if not entry.is_file:
            raise PathError(name, "is not a file")
        return entry.name.removesuffix(".evtx"), entry.path
    found = logs(files)
    for known, path in found:
        if known.casefold() == name.casefold():
            return known, path
    if not found:
        raise GuestError("there are no event logs here")
    close = [known for known, _ in found if name.casefold() in known.casefold()]
    hint = f"did you mean {', '.join(close[:5])}?" if close else "Tab after `events` names them"
    raise GuestError(f"{name}: there is no such event log", hint)
