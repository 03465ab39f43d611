"""Look into files: cat, head, tail, less, hexdump, strings, file, stat."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import click

from guestshell.commands.context import Context
from guestshell.commands.declaration import command
from guestshell.commands.parameters import GuestPath
from guestshell.errors import PathError
from guestshell.guest.entries import Stat
from guestshell.output.bytes import numbered_lines
from guestshell.output.results import Blob, Layout, Records, Text
from guestshell.values import Name

_TAIL_BLOCK = 64 * 1024
_LARGEST_TAIL_BLOCK = 2 * 2**20

_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t"
_LONGEST_RUN = 64 * 1024

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class FileType:
    """A path and what it is."""

    path: Name
    description: str


def _all_blocks(context: Context, files: Iterable[Name]) -> Iterator[bytes]:
    for file in files:
        try:
            yield from context.blocks(file)
        except PathError as error:
            context.fail(error)


def _size(context: Context, files: Iterable[Name]) -> int | None:
    """Give how much there is to read, None where one of the files cannot be."""
    try:
        return sum(context.guest.size(file) for file in files)
    except PathError:
        return None


def _each(context: Context, places: Iterable[Name], row: Callable[[Name], _Row]) -> Iterator[_Row]:
    for place in places:
        try:
            yield row(place)
        except PathError as error:
            context.fail(error)


def _blob(context: Context, file: Name, blocks: Iterable[bytes]) -> Blob:
    return Blob(blocks, file, lambda: context.guest.describe(context.guest.resolve(file)))


@command(
    category="read", examples=["cat /etc/hostname", "cat -n /etc/passwd", "cat --color /etc/fstab"]
)
@click.option("-n", "--number", is_flag=True, help="Number the lines.")
@click.option("--raw", is_flag=True, help="Send the bytes to the terminal untouched.")
@click.option("--color", is_flag=True, help="Colour the text by its language.")
@click.argument("file", nargs=-1, required=True, type=GuestPath())
@click.pass_obj
def cat(
    context: Context, file: tuple[Name, ...], number: bool, raw: bool, color: bool
) -> Blob | Text:
    """Show files whole.

    On a terminal control characters appear as visible escapes and binary files are named
    instead of shown; into a file or pipe the bytes go as they are.
    """
    blocks = _all_blocks(context, file)
    if number:
        return Text(f"{index:6}  {line}" for index, line in numbered_lines(blocks))
    size = _size(context, file)
    return replace(_blob(context, file[0], blocks), size=size, raw=raw, color=color)


@command(
    category="read",
    examples=["head /var/log/syslog", "head -n 3 /etc/passwd", "head -c 512 /bin/ls"],
)
@click.option("-n", "--lines", type=click.IntRange(0, 2**62), default=10, help="How many lines.")
@click.option(
    "-c", "--bytes", "count", type=click.IntRange(0, 2**62), help="How many bytes instead."
)
@click.argument("file", type=GuestPath())
@click.pass_obj
def head(context: Context, file: Name, lines: int, count: int | None) -> Blob:
    """Show the first lines of a file, ten by default."""
    if count is not None:
        return _blob(context, file, context.blocks(file, 0, count))
    return _blob(
        context, file, context.given_out(file, _first_lines(context.guest.blocks(file), lines))
    )


def _first_lines(blocks: Iterable[bytes], lines: int) -> Iterator[bytes]:
    if lines == 0:
        return
    for block in blocks:
        found = block.count(b"\n")
        if found >= lines:
            place = -1
            for _ in range(lines):
                place = block.index(b"\n", place + 1)
            yield block[: place + 1]
            return
        lines -= found
        yield block


@command(category="read", examples=["tail /var/log/auth.log", "tail -n 50 /var/log/syslog"])
@click.option("-n", "--lines", type=click.IntRange(0, 2**62), default=10, help="How many lines.")
@click.option(
    "-c", "--bytes", "count", type=click.IntRange(0, 2**62), help="How many bytes instead."
)
@click.argument("file", type=GuestPath())
@click.pass_obj
def tail(context: Context, file: Name, lines: int, count: int | None) -> Blob:
    """Show the last lines of a file, ten by default; reads from its end."""
    size = context.guest.size(file)
    start = max(size - count, 0) if count is not None else _tail_start(context, file, size, lines)
    return _blob(context, file, context.blocks(file, start))


def _tail_start(context: Context, file: Name, size: int, lines: int) -> int:
    """Give the offset at which the last lines begin, looking backwards block by block."""
    if lines == 0 or size == 0:
        return size
    position, newlines, block_size = size, 0, _TAIL_BLOCK
    while position > 0:
        length = min(block_size, position)
        block_size = min(2 * block_size, _LARGEST_TAIL_BLOCK)
        position -= length
        block = b"".join(context.guest.blocks(file, position, length))
        if position + length == size and block.endswith(b"\n"):
            newlines -= 1  # the newline that ends the last line
        found = block.count(b"\n")
        if newlines + found >= lines:
            place = len(block)
            for _ in range(lines - newlines):
                place = block.rfind(b"\n", 0, place)
            return position + place + 1
        newlines += found
    return 0


@command(category="read", examples=["less /var/log/syslog"])
@click.argument("file", nargs=-1, required=True, type=GuestPath())
@click.pass_obj
def less(context: Context, file: tuple[Name, ...]) -> Blob:
    """Show files in the pager, read only as far as is looked at."""
    return replace(_blob(context, file[0], _all_blocks(context, file)), paged=True)


@command(
    category="read", examples=["hexdump -n 64 /bin/ls", "hexdump -s 0x400 -n 1024 /var/log/wtmp"]
)
@click.option("-s", "--offset", type=str, default="0", help="Where to begin; 0x for hexadecimal.")
@click.option("-n", "--length", type=str, help="How many bytes; 0x for hexadecimal.")
@click.argument("file", type=GuestPath())
@click.pass_obj
def hexdump(context: Context, file: Name, offset: str, length: str | None) -> Text:
    """Show bytes as offsets, hexadecimal and ASCII."""
    try:
        start = int(offset, 0)
        count = None if length is None else int(length, 0)
    except ValueError:
        raise click.BadParameter("is not a number such as 512 or 0x200") from None
    if start < 0 or (count is not None and count < 0):
        raise click.BadParameter("cannot be negative")
    size = context.guest.size(file)
    return Text(_dump(context.blocks(file, min(start, size), count), start))


def _dump(blocks: Iterable[bytes], offset: int) -> Iterator[str]:
    rest = b""
    for block in blocks:
        data = rest + block
        whole = len(data) - len(data) % 16
        for position in range(0, whole, 16):
            yield _dump_line(offset, data[position : position + 16])
            offset += 16
        rest = data[whole:]
    if rest:
        yield _dump_line(offset, rest)
    yield f"{offset + len(rest):08x}"


def _dump_line(offset: int, data: bytes) -> str:
    left, right = data[:8].hex(" "), data[8:].hex(" ")
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f"{offset:08x}  {left:<23}  {right:<23}  |{text}|"


@command(category="read", examples=["strings /bin/ls", "strings -n 8 /usr/bin/passwd"])
@click.option("-n", "--length", type=click.IntRange(1, 4096), default=4, help="At least so long.")
@click.argument("file", type=GuestPath())
@click.pass_obj
def strings(context: Context, file: Name, length: int) -> Text:
    """Show the runs of printable ASCII in a file."""
    return Text(_strings(context.blocks(file), length))


def _strings(blocks: Iterable[bytes], length: int) -> Iterator[str]:
    run = re.compile(rb"[\x20-\x7e\t]{%d,}" % length)
    rest = b""
    for block in blocks:
        data = rest + block
        # the run at the end may go on in the next block, unless it is endless
        end = data[-_LONGEST_RUN:]
        rest = end[len(end.rstrip(_PRINTABLE)) :]
        if len(rest) == _LONGEST_RUN:
            rest = b""
        for match in run.finditer(data, 0, len(data) - len(rest)):
            yield match[0].decode("ascii")
    if len(rest) >= length:
        yield rest.decode("ascii")


@command(category="read", examples=["file /bin/ls", "file /var/log/wtmp /etc/localtime"])
@click.argument("path", nargs=-1, required=True, type=GuestPath())
@click.pass_obj
def file(context: Context, path: tuple[Name, ...]) -> Records[FileType]:
    """Say what files are, by their content."""
    rows = _each(context, path, lambda place: FileType(place, context.guest.describe(place)))
    return Records(rows, FileType, layout=Layout.LINES, separator=": ")


@command(category="read", examples=["stat /etc/passwd", "stat /etc/localtime"])
@click.argument("path", nargs=-1, required=True, type=GuestPath())
@click.pass_obj
def stat(context: Context, path: tuple[Name, ...]) -> Records[Stat]:
    """Show everything known of a path.

    Inode, mode, owners by the names the guest gives them, times in UTC and in nanoseconds since
    the epoch, extended attributes. A symbolic link is shown itself, not what it leads to.
    """
    return Records(
        _each(context, path, context.guest.stat),
        Stat,
        layout=Layout.DETAILS,
        human_sizes=False,
    )
