"""What rows are packed into is what they were."""

import json

from hypothesis import given
from hypothesis import strategies as st

from guestshell.commands import COMMANDS
from guestshell.output.formats import FORMATS, data_lines
from guestshell.output.results import Records
from guestshell.output.text import table
from guestshell.scan.rows import (
    packed,
    row_type_of,
    shape_from_json,
    shape_of,
    shape_to_json,
    unpacked,
)
from tests.output.rows import Thing, things


@given(st.lists(things, max_size=3))
def test_rows_come_out_of_json_as_they_went_in(rows: list[Thing]) -> None:
    shape = shape_of(Thing)
    sent = json.loads(json.dumps([shape_to_json(shape), [packed(row, shape) for row in rows]]))
    arrived = shape_from_json(sent[0])
    assert arrived == shape
    again = [unpacked(values, arrived) for values in sent[1]]
    for form in FORMATS[1:]:
        before = list(data_lines(Records(rows, Thing), form))
        assert list(data_lines(Records(again, row_type_of(arrived)), form)) == before
    # a row in a cell shows its first field here, which is what commands' own such rows do
    flat = tuple(field.name for field in shape.fields if field.row is None)
    shown = table(Records(rows, Thing, flat), color=False)
    assert list(table(Records(again, row_type_of(arrived), flat), color=False)) == list(shown)


def test_the_rows_of_every_command_have_a_shape() -> None:
    for declared in COMMANDS.values():
        for row_type in declared.row_types().values():
            assert row_type_of(shape_of(row_type)).__name__ == row_type.__name__
