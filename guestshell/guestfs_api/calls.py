"""The methods of `guestfs.GuestFS`, derived from the installed binding when this is imported.

`calls.pyi` beside it has their types, generated for the libguestfs version that it names.
"""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from guestshell.engine.methods import Method, methods

_OURS = frozenset({"close", "user_cancel"})
"""What the classes themselves define."""

_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _warn(method: Method) -> None:
    if method.deprecated:
        warnings.warn(method.deprecated, DeprecationWarning, stacklevel=3)


def _waiting(method: Method) -> Callable[..., Any]:
    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        _warn(method)
        return self._call(method.name, arguments, options)

    return call


def _awaited(method: Method) -> Callable[..., Any]:
    async def call(self: Any, *arguments: Any, **options: Any) -> Any:
        _warn(method)
        return await self._call(method.name, arguments, options)

    return call


def _derived(name: str, make: Callable[[Method], Callable[..., Any]], documentation: str) -> type:
    namespace: dict[str, Any] = {"__doc__": documentation, "__module__": __name__}
    for method in methods().values():
        if method.name in _OURS:
            continue
        call = make(method)
        call.__name__ = method.name
        call.__qualname__ = f"{name}.{method.name}"
        call.__doc__ = method.documentation
        parameters = [_SELF, *method.signature.parameters.values()]
        call.__signature__ = method.signature.replace(  # type: ignore[attr-defined]  # inspect.signature reads it
            parameters=parameters
        )
        namespace[method.name] = call
    return type(name, (), namespace)


Calls = _derived("Calls", _waiting, "Every method of libguestfs, each waiting for its result.")
AsyncCalls = _derived("AsyncCalls", _awaited, "Every method of libguestfs, each to be awaited.")
