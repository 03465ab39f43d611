"""The fields of a row type: what filters, completion, data formats and schemas go by."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any

from guestshell.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Field:
    """One field. `kind` is its own type: a value's, one item's where it holds `many`.

    `optional` when it may be None. `get` gives its value of a row.
    """

    name: str
    kind: Any
    many: bool
    optional: bool
    get: Callable[[Any], Any]

    @property
    def hint(self) -> Any:
        """The type hint of a field that holds the same, or nothing."""
        kind = tuple[self.kind, ...] if self.many else self.kind  # type: ignore[name-defined]  # a value
        return kind | None

    @property
    def is_row(self) -> bool:
        """Whether its values have fields themselves."""
        return isinstance(self.kind, type) and dataclasses.is_dataclass(self.kind)


def _split(hint: Any) -> tuple[Any, bool, bool]:
    """Give kind, many and optional of a type hint."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        kinds = [argument for argument in arguments if argument is not type(None)]
        kind, many, _ = _split(kinds[0])
        return kind, many, len(kinds) < len(arguments)
    if origin in (tuple, list):
        kind, _, _ = _split(arguments[0])
        return kind, True, False
    return hint, False, False


def fields_of(row_type: Any) -> tuple[Field, ...]:
    """Give the fields of a dataclass in their order."""
    return _fields_of(row_type)


@lru_cache(256)  # select and group make types as they go
def _fields_of(row_type: Any) -> tuple[Field, ...]:
    hints = typing.get_type_hints(row_type)
    return tuple(
        Field(field.name, *_split(hints[field.name]), attrgetter(field.name))
        for field in dataclasses.fields(row_type)
    )


def names_of(row_type: Any) -> list[str]:
    """Give what fields can be called: their names, and `field.inner` where rows hold rows."""
    found = []
    for field in fields_of(row_type):
        found.append(field.name)
        if field.is_row and not field.many:
            found += [f"{field.name}.{inner.name}" for inner in fields_of(field.kind)]
    return found


def field_of(row_type: Any, name: str) -> Field:
    """Give the field that a name or `field.inner` means.

    Raises UsageError naming the fields there are.
    """
    outer_name, _, inner_name = name.partition(".")
    outer = next((field for field in fields_of(row_type) if field.name == outer_name), None)
    if outer is not None and not inner_name:
        return outer
    if outer is not None and outer.is_row and not outer.many:
        inner = next((field for field in fields_of(outer.kind) if field.name == inner_name), None)
        if inner is not None:
            return dataclasses.replace(inner, name=name, get=_inner(outer.get, inner.get))
    remedy = f"the fields are {', '.join(field.name for field in fields_of(row_type))}"
    if close := difflib.get_close_matches(name, names_of(row_type), 1):
        remedy = f"did you mean {close[0]}? {remedy}"
    raise UsageError(f"there is no field {name!r}", remedy)


def _inner(outer: Callable[[Any], Any], inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def get(row: Any) -> Any:
        value = outer(row)
        return None if value is None else inner(value)

    return get
