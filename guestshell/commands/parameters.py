"""The types of arguments: each converts what was typed and completes what is being typed."""

import bisect
import contextlib
import itertools
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click
from click.shell_completion import CompletionItem

from guestshell.commands.context import Context
from guestshell.engine.bytecalls import Dirent
from guestshell.errors import GuestShellError
from guestshell.guest import paths
from guestshell.values import Name, encode_name

if TYPE_CHECKING:
    ParameterType = click.ParamType[Any]
else:
    ParameterType = click.ParamType  # no generic before click 8.3

PARTIAL = "partial"
"""The type of a completion that is only the beginning of several names."""

LISTING = "guestshell.listing"
"""The key of click's `Context.meta` under which a `Listing` may stand."""

_MOST_SHOWN = 1000
"""Names in a menu; of more, what they have in common is completed, or the first are shown."""

_MOST_LINKS = 50
"""Symbolic links that are followed to see whether they lead to directories."""


def context_of(ctx: click.Context | None) -> Context | None:
    """Give the conversation's context, where a command is parsed or completed in one."""
    # a filter's object holds the conversation's context
    found = getattr(ctx.obj, "context", ctx.obj) if ctx is not None else None
    return found if isinstance(found, Context) else None


def known_context(ctx: click.Context) -> Context | None:
    """Give the context whose guest is known: a Tab never waits for a launch."""
    context = context_of(ctx)
    return context if context is not None and context.guest.is_known else None


def _at_once(context: Context | None) -> AbstractContextManager[None]:
    return context.guest.at_once() if context else contextlib.nullcontext()


class Listing(Protocol):
    """What is known of directories without a guest that is open."""

    def names(self, directory: Name) -> Sequence[Dirent] | None:
        """Give the names and kinds of a directory in byte order, None when they are unknown."""


def _known_names(ctx: click.Context, directory: Name) -> Sequence[Dirent]:
    listing: Listing | None = ctx.meta.get(LISTING)
    return (listing.names(directory) if listing else None) or ()


class GuestPath(ParameterType):
    """A path in the guest, converted to an absolute one; completes names as they are typed."""

    name = "path"

    def __init__(self, *, directories: bool = False, keeps_slash: bool = False) -> None:
        """`keeps_slash`: a slash at the end stays, for it asks to follow a symbolic link."""
        self._directories_only = directories
        self._keeps_slash = keeps_slash

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Name:
        """Give the absolute path."""
        if value == "":
            self.fail("an empty path leads nowhere", param, ctx)
        context = context_of(ctx)
        path = context.absolute(value) if context else paths.join("/", value)
        slash = self._keeps_slash and value.endswith("/") and path != "/"
        return Name(f"{path}/") if slash else path

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Give the names in the directory being typed, as far as they are known at once.

        Without a guest they come from a `Listing`, if there is one.
        """
        with _at_once(known_context(ctx)):
            return self._completions(ctx, incomplete)

    def _completions(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        context = known_context(ctx)
        typed, _, prefix = incomplete.rpartition("/")
        typed += "/" if "/" in incomplete else ""
        directory = context.absolute(typed or ".") if context else paths.join("/", typed)
        try:
            names = context.guest.names(directory) if context else _known_names(ctx, directory)
        except GuestShellError:
            return []
        fitting = _beginning_with(names, prefix)
        if len(fitting) <= _MOST_SHOWN:
            return list(self._items(context, directory, typed, fitting))
        common = _common_start(fitting[0].name, fitting[-1].name)
        if len(common) > len(prefix):
            return [CompletionItem(typed + common, type=PARTIAL)]
        items = list(self._items(context, directory, typed, fitting[:_MOST_SHOWN]))
        items[-1].help = f"and {len(fitting) - _MOST_SHOWN} more"
        return items

    def _items(
        self, context: Context | None, directory: Name, typed: str, dirents: Sequence[Dirent]
    ) -> Iterable[CompletionItem]:
        links = [dirent.name for dirent in dirents if dirent.kind == "l"]
        followed = set(links[:_MOST_LINKS])
        for dirent in dirents:
            name = dirent.name
            leads = dirent.kind == "d" or (
                context is not None
                and name in followed
                and context.guest.is_directory(paths.child(directory, name))
            )
            if leads or not self._directories_only:
                # a bare name that begins with a dash would be read as an option
                start = "./" if not typed and name.startswith("-") else typed
                yield CompletionItem(f"{start}{name}/" if leads else f"{start}{name}", type="path")


def _beginning_with(dirents: Sequence[Dirent], prefix: str) -> Sequence[Dirent]:
    """Give the names that begin so, found by halving: listings are in byte order."""
    if not prefix:
        return [dirent for dirent in dirents if not dirent.name.startswith(".")]
    first = bisect.bisect_left(dirents, encode_name(prefix), key=_bytes_of)
    last = bisect.bisect_left(dirents, encode_name(prefix) + b"\xff" * 256, first, key=_bytes_of)
    return dirents[first:last]


def _common_start(first: str, last: str) -> str:
    """Give how the first and last of sorted names begin alike, and so all between them."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(character for character, _ in pairs)


def _bytes_of(dirent: Dirent) -> bytes:
    return encode_name(dirent.name)


class HostPath(ParameterType):
    """A path on this host."""

    name = "host_path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Give the path with ~ expanded; one with a slash at its end must be a directory."""
        if isinstance(value, Path):
            return value
        try:
            path = Path(value).expanduser()
        except RuntimeError:  # ~name of nobody
            self.fail(f"{value}: this host has no such user", param, ctx)
        if value.endswith("/") and not path.is_dir():
            self.fail(f"{value}: this host has no such directory", param, ctx)
        return path

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Give the names in the host directory being typed."""
        typed, _, prefix = incomplete.rpartition("/")
        typed += "/" if "/" in incomplete else ""
        try:
            with os.scandir(Path(typed or ".").expanduser()) as found:
                entries = sorted((entry.name, entry.is_dir()) for entry in found)
        except (OSError, RuntimeError):  # ~name of nobody, too
            return []
        return [
            CompletionItem(f"{typed}{name}/" if is_directory else f"{typed}{name}", type="path")
            for name, is_directory in entries
            if name.startswith(prefix) and (prefix or not name.startswith("."))
        ]


class Known(ParameterType):
    """One of names that are known; completes them."""

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give each name with its explanation, which may be empty."""
        raise NotImplementedError

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Give the names that begin so; none where the guest cannot say."""
        try:
            with _at_once(known_context(ctx)):
                known = list(self.known(ctx))
        except GuestShellError:
            return []
        return [CompletionItem(n, help=text) for n, text in known if n.startswith(incomplete)]


class Device(Known):
    """A block device of the appliance."""

    name = "device"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the devices there are."""
        context = known_context(ctx)
        devices = context.guest.layout().survey.devices if context else ()
        return ((device.path, "") for device in devices)


class SystemNumber(Known):
    """One of the systems in an image, by number or root device."""

    name = "system"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the systems there are."""
        context = known_context(ctx)
        systems = context.guest.systems() if context else ()
        return ((str(system.number), system.name) for system in systems)


class MountPoint(GuestPath):
    """Where something is mounted, or the device that is."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Give the mount points there are."""
        context = known_context(ctx)
        if context is None:
            return []
        places = [mount.directory for mount in context.guest.mounts()]
        return [CompletionItem(place) for place in places if place.startswith(incomplete)]


class UserName(Known):
    """A user of the guest, by name or number."""

    name = "user"

    def known(self, ctx: click.Context) -> Iterable[tuple[str, str]]:
        """Give the guest's users."""
        context = known_context(ctx)
        return ((user.name, "") for user in (context.guest.users() if context else ()))
