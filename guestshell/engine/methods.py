"""What the installed binding says of its methods: signature, documentation, what may be given.

The binding itself checks little: a list that holds something else than text, or an option of the
wrong type, ends the process. So arguments are checked here first, against its own annotations.
"""

import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from guestshell.engine import binding
from guestshell.engine.bytesafe import BYTE_SAFE
from guestshell.errors import GuestError

_DEPRECATED = re.compile(
    r"\*This function is deprecated\.\*(?:\s+In new code, use the\s+\"(\w+)\")?"
)


@dataclass(frozen=True)
class Method:
    """One public method of `guestfs.GuestFS`. `signature` is without `self`."""

    name: str
    signature: inspect.Signature
    documentation: str
    deprecated: str
    """What to say of one that is deprecated, else empty."""

    @property
    def gives_bool(self) -> bool:
        """Whether the answer is yes or no, for which the binding gives a number."""
        return self.signature.return_annotation is bool

    def check(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
        """Give the arguments by their names.

        Raises TypeError for what does not fit, GuestError for text that cannot pass.
        """
        try:
            bound = self.signature.bind(*arguments, **options)
        except TypeError as error:
            raise TypeError(f"{self.name}() {error}") from None
        for name, value in bound.arguments.items():
            kind = self.signature.parameters[name].annotation
            if kind is not inspect.Parameter.empty and not _fits(value, kind):
                raise TypeError(
                    f"{self.name}() argument {name!r} must be {_told(kind)}, not {_told_of(value)}"
                )
            if self.name not in BYTE_SAFE:
                for text in value if isinstance(value, list) else [value]:
                    _check_text(self.name, name, text)
        return bound.arguments


def _fits(value: object, kind: Any) -> bool:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return any(_fits(value, choice) for choice in typing.get_args(kind))
    if typing.get_origin(kind) is list:
        (item,) = typing.get_args(kind)
        return isinstance(value, list) and all(_fits(each, item) for each in value)
    if kind is bool:
        return isinstance(value, int)  # as the binding has it
    return isinstance(value, kind)


def _told_of(value: object) -> str:
    if isinstance(value, list):
        return "a list with " + " and ".join(sorted({type(each).__name__ for each in value}))
    return type(value).__name__


def _told(kind: Any) -> str:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return " or ".join(_told(choice) for choice in typing.get_args(kind))
    if typing.get_origin(kind) is list:
        return f"a list of {_told(typing.get_args(kind)[0])}"
    return "None" if kind is type(None) else str(kind.__name__)


def _check_text(method: str, argument: str, text: object) -> None:
    if isinstance(text, str):
        try:
            odd = "\0" in text or not text.encode()
        except UnicodeEncodeError:
            odd = True
        if odd and text:
            raise GuestError(f"{method}: {argument} takes no NUL and nothing outside UTF-8")


def _deprecation(name: str, documentation: str) -> str:
    found = _DEPRECATED.search(documentation)
    if found is None:
        return ""
    return f"{name} is deprecated" + (f": use {found[1]}" if found[1] else "")


@cache
def methods() -> Mapping[str, Method]:
    """Give every public method of the installed binding by its name. Raises BindingMissing."""
    handle = binding.load().module.GuestFS
    found = {}
    for name, function in inspect.getmembers(handle, inspect.isfunction):
        if not name.startswith("_"):
            signature = inspect.signature(function)
            given = list(signature.parameters.values())[1:]
            documentation = inspect.getdoc(function) or ""
            found[name] = Method(
                name,
                signature.replace(parameters=given),
                documentation,
                _deprecation(name, documentation),
            )
    return found
