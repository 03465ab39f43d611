from dataclasses import dataclass

import pytest

from guestshell.errors import UsageError
from guestshell.output.fields import field_of, fields_of, names_of
from guestshell.values import Name, Size
from tests.output.rows import ODD, PLAIN, Part, Thing


def test_fields_come_in_the_order_of_the_class() -> None:
    assert [field.name for field in fields_of(Part)] == ["place", "size"]


@pytest.mark.parametrize(
    ("name", "kind", "many", "optional", "is_row"),
    [
        ("name", Name, False, False, False),
        ("note", str, False, True, False),
        ("freed", Size, False, True, False),
        ("tags", str, True, False, False),
        ("part", Part, False, True, True),
        ("parts", Part, True, False, True),
        ("ok", bool, False, False, False),
    ],
)
def test_a_field_knows_its_kind(
    name: str, kind: object, many: bool, optional: bool, is_row: bool
) -> None:
    field = field_of(Thing, name)
    assert (field.kind, field.many, field.optional) == (kind, many, optional)
    assert field.is_row is is_row


def test_optional_and_many_go_together() -> None:
    @dataclass(frozen=True)
    class Both:
        some: tuple[Name, ...] | None
        listed: list[int]

    some, listed = fields_of(Both)
    assert (some.kind, some.many, some.optional) == (Name, True, True)
    assert (listed.kind, listed.many, listed.optional) == (int, True, False)


def test_a_field_gives_its_value() -> None:
    assert field_of(Thing, "size").get(PLAIN) == 10 * 2**20
    assert field_of(Thing, "part.place").get(ODD) == "/mnt"
    assert field_of(Thing, "part.place").get(PLAIN) is None, "there is no row to look into"


def test_names_are_those_that_can_be_asked_for() -> None:
    names = names_of(Thing)
    assert names.index("part.place") == names.index("part") + 1
    assert not any(name.startswith("parts.") for name in names), "there are several of those"
    for name in names:
        assert field_of(Thing, name).name == name


@pytest.mark.parametrize("name", ["", "nope", "size.x", "parts.place", "part.", "part.nope", "."])
def test_an_unknown_field_is_told_with_those_there_are(name: str) -> None:
    if name == "part.":
        assert field_of(Thing, name).name == "part"
        return
    with pytest.raises(UsageError) as told:
        field_of(Thing, name)
    assert repr(name) in told.value.message
    assert "the fields are name, size, mode, mtime" in told.value.remedy


@pytest.mark.parametrize(
    ("typed", "meant"), [("mtme", "mtime"), ("part.plce", "part.place"), ("siez", "size")]
)
def test_an_almost_known_field_gets_a_suggestion(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}\\? the fields are"):
        field_of(Thing, typed)
