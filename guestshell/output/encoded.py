"""A result as the bytes that a file, a pipe or a program of the host gets."""

from collections.abc import Iterable, Iterator

from guestshell.output.formats import data_lines
from guestshell.output.results import Blob, Records, Result, Text


def encoded(result: Result, default_format: str) -> Iterator[bytes]:
    """Yield the bytes of a result as they come: guest files and names as they are.

    Rows are written in the format they ask for, else in the default one.
    """
    if isinstance(result, Blob):
        yield from result.blocks
        return
    for line in _lines(result, default_format):
        yield (line + "\n").encode("utf-8", "surrogateescape")


def _lines(result: Result, default_format: str) -> Iterable[str]:
    if isinstance(result, Text):
        return result.lines
    if not isinstance(result, Records):
        return ()
    form = result.format or default_format
    if form != "table":
        return data_lines(result, form)
    # rich's width tables are not loaded before there is something to lay out
    from guestshell.output.text import render

    return render(result, color=False, width=80, terminal=False)
