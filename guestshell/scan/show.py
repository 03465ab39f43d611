"""The reports of a scan as one result: a table a line, or rows as data."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, make_dataclass
from functools import lru_cache
from typing import Any

from guestshell.errors import GuestShellError
from guestshell.output.fields import Field, field_of, fields_of
from guestshell.output.formats import plain_lines, plain_of
from guestshell.output.results import Layout, Records, Text
from guestshell.output.sink import Sink
from guestshell.scan.report import Report, Rows
from guestshell.scan.rows import Shape, row_type_of, unpacked
from guestshell.values import Name

_IMAGE, _LINE, _ERROR = "image", "line", "error"

_SUMMARIES = {
    "Inspection": {
        "os": "os.name",
        "hostname": "os.hostname",
        "architecture": "os.architecture",
        "root": "os.root",
    }
}
"""Columns of rows that have too many for a table, by the name of their type."""


@dataclass(frozen=True)
class Shown:
    """Where reports go: what the lines were, and the place of each image by its name."""

    lines: Sequence[str]
    places: Mapping[str, int]
    sink: Sink

    def data(self, reports: Iterable[Report], form: str) -> None:
        """Write rows in a data format: JSON Lines as they come, any other when all are there."""
        if form == "jsonl":
            for report in reports:
                self._remark(report)
                records = _records(report, self.lines)
                self.sink.show(Text(plain_lines(records, form, [])))
            return
        found = [record for report in self._all(reports) for record in _records(report, self.lines)]
        columns = _columns_of(found, several=len(self.lines) > 1)
        if form == "csv":
            found = [{name: record.get(name) for name in columns} for record in found]
        self.sink.show(Text(plain_lines(found, form, columns)))

    def tables(self, reports: Iterable[Report]) -> None:
        """Write a table for each line once all images are done; errors go to standard error."""
        found = self._all(reports)
        for report in found:
            for failure in report.failures:
                self.sink.error(GuestShellError(f"{report.image}: {failure.message}"))
        for number, line in enumerate(self.lines):
            if len(self.lines) > 1:
                self.sink.show(Text([*([""] if number else []), line]))
            for place, section in enumerate(_sections(found, number)):
                self.sink.show(Text([""] if place else []))
                self.sink.show(section)

    def _all(self, reports: Iterable[Report]) -> list[Report]:
        """Wait for all reports, and give them in the order in which the images were named."""
        found = []
        for report in reports:
            self._remark(report)
            found.append(report)
        return sorted(found, key=lambda report: self.places.get(report.image, -1))

    def _remark(self, report: Report) -> None:
        for remark in report.remarks:
            self.sink.complain(f"{report.image}: {remark}".encode("utf-8", "surrogateescape"))


def _columns_of(records: Iterable[dict[str, Any]], *, several: bool) -> list[str]:
    """Give the columns of all records together: ours, those of the rows, the error's."""
    ours = [_IMAGE, _LINE] if several else [_IMAGE]
    names = {name: None for record in records for name in record}
    return [*ours, *(name for name in names if name not in (*ours, _ERROR)), _ERROR]


def _records(report: Report, lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows and errors of an image as dicts, in the order of the lines."""
    whose = plain_of(_Whose)
    several = len(lines) > 1
    for number in (None, *range(len(lines))):
        ours: dict[str, Any] = whose(_Whose(Name(report.image)))
        if several:
            ours[_LINE] = None if number is None else lines[number]
        for part in (part for part in report.rows if part.line == number):
            taken = {*ours, _ERROR}
            plain = plain_of(row_type_of(part.shape))
            for values in part.values:
                row = plain(unpacked(values, part.shape))
                yield ours | {_free(name, taken): value for name, value in row.items()}
        for failure in report.failures:
            if failure.line == number:
                yield ours | {_ERROR: failure.message}


def _free(name: str, taken: set[str]) -> str:
    """Give the name of a row's field beside ours."""
    return f"row_{name}" if name in taken else name


_Whose = make_dataclass("_Whose", [(_IMAGE, Name)], frozen=True)


def _sections(reports: Sequence[Report], number: int) -> list[Records[Any]]:
    """Give a table for each kind of rows that a line gave."""
    parts: dict[tuple[Shape, tuple[str, ...], bool], list[tuple[Report, Rows]]] = {}
    for report in reports:
        for part in report.rows:
            if part.line == number and part.values:
                columns = _columns(part)
                key = (part.shape, columns, part.human_sizes)
                parts.setdefault(key, []).append((report, part))
    return [
        Records(_joined(found, shape, columns), _type_of(shape, columns), human_sizes=human)
        for (shape, columns, human), found in parts.items()
    ]


def _columns(part: Rows) -> tuple[str, ...]:
    """Give the fields that a table of a line a row shows."""
    if part.layout is Layout.DETAILS and part.shape.name not in _SUMMARIES:
        return tuple(f.name for f in part.shape.fields if not (f.row and f.many))
    return part.columns


def _joined(
    found: Sequence[tuple[Report, Rows]], shape: Shape, columns: tuple[str, ...]
) -> Iterator[Any]:
    row_type = _type_of(shape, columns)
    getters = [get for _, _, get in _fields(shape, columns)]
    for report, part in found:
        for values in part.values:
            row = unpacked(values, shape)
            yield row_type(Name(report.image), *(get(row) for get in getters))


@lru_cache(256)
def _fields(
    shape: Shape, columns: tuple[str, ...]
) -> tuple[tuple[str, Field, Callable[[Any], Any]], ...]:
    """Give name, field and getter of each column beside the image's."""
    row_type = row_type_of(shape)
    paths = _SUMMARIES.get(shape.name) or {
        name: name for name in columns or [field.name for field in fields_of(row_type)]
    }
    found = [(name, field_of(row_type, path)) for name, path in paths.items()]
    return tuple((_free(name, {_IMAGE}), field, field.get) for name, field in found)


@lru_cache(256)
def _type_of(shape: Shape, columns: tuple[str, ...]) -> type:
    hints = [(name, field.hint) for name, field, _ in _fields(shape, columns)]
    return make_dataclass(shape.name, [(_IMAGE, Name), *hints], frozen=True)
