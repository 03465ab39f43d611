"""What a scan found of one image: the rows of each line, and what went wrong."""

from dataclasses import asdict, dataclass, field
from typing import Any

from guestshell.errors import ExitCode
from guestshell.output.results import Layout
from guestshell.scan.rows import Shape, shape_from_json, shape_to_json


@dataclass(frozen=True, slots=True)
class Target:
    """One image to look at: how it was named, and its place among all of them."""

    number: int
    name: str


@dataclass
class Rows:
    """Rows that a line gave, packed; `columns` are those that its table shows, all if empty."""

    line: int
    shape: Shape
    values: list[list[Any]]
    columns: tuple[str, ...] = ()
    layout: Layout = Layout.TABLE
    human_sizes: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a line gave less than it should; `line` is None where the image cannot be opened."""

    line: int | None
    message: str
    exit_code: int = ExitCode.FAILED


@dataclass
class Report:
    """All of one image. `key` changes with every file of it, None for one that cannot be told.

    `remarks` are what its commands had to say beside their rows.
    """

    image: str
    key: str | None = None
    rows: list[Rows] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        """Whether to look again at the unchanged image would find the same."""
        lacking = any(failure.exit_code == ExitCode.APPLIANCE for failure in self.failures)
        return self.key is not None and not lacking

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON's values."""
        rows = [
            {
                "line": part.line,
                "shape": shape_to_json(part.shape),
                "values": part.values,
                "columns": part.columns,
                "layout": part.layout.name,
                "human_sizes": part.human_sizes,
            }
            for part in self.rows
        ]
        failures = [asdict(failure) for failure in self.failures]
        return {
            "image": self.image,
            "key": self.key,
            "rows": rows,
            "failures": failures,
            "remarks": self.remarks,
        }


def report_from_json(value: dict[str, Any]) -> Report:
    """Give a report again. Raises KeyError, TypeError or ValueError for what is none."""
    rows = [
        Rows(
            int(part["line"]),
            shape_from_json(part["shape"]),
            list(part["values"]),
            tuple(part["columns"]),
            Layout[part["layout"]],
            bool(part["human_sizes"]),
        )
        for part in value["rows"]
    ]
    failures = [Failure(**failure) for failure in value["failures"]]
    return Report(str(value["image"]), value["key"], rows, failures, list(value["remarks"]))
