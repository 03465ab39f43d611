"""Write what comes into files of this host: save, tee."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from guestshell.commands.declaration import filter_command
from guestshell.commands.parameters import HostPath
from guestshell.commands.piped import Piped
from guestshell.output.encoded import encoded
from guestshell.output.host_file import HostFile, format_for
from guestshell.output.results import Blob, Records, Result, Text
from guestshell.values import Name, Size

_REMEDY = "--force overwrites it"


@dataclass(frozen=True)
class Written:
    """A file of this host that was written."""

    size: Size
    sha256: str
    host: Name


@filter_command(
    examples=["packages | save packages.csv", "find / -perm -4000 | save --force suid.txt"],
    effects=True,
)
@click.option("--force", is_flag=True, help="Overwrite what has that name.")
@click.argument("host", type=HostPath(), metavar="FILE")
@click.pass_obj
def save(piped: Piped, host: Path, force: bool) -> Records[Written]:
    """Write what comes into a file of this host, complete or not at all.

    Its ending chooses the format of rows: .json, .jsonl, .csv, .yaml or .txt.
    """
    piped.context.guest.protect(host)
    digest = hashlib.sha256()
    size = 0
    form = format_for(host, piped.context.settings.text("output"))
    with HostFile(host, overwrite=force, remedy=_REMEDY) as file:
        for block in encoded(piped.result, form):
            digest.update(block)
            size += len(block)
            file.write(block)
    row = Written(Size(size), digest.hexdigest(), Name(str(host)))
    return Records([row], Written, human_sizes=False)


@filter_command(
    examples=["find / -perm -4000 | tee suid.txt | count", "cat /etc/passwd | tee copy | wc"],
    effects=True,
)
@click.option("--force", is_flag=True, help="Overwrite what has that name.")
@click.argument("host", type=HostPath(), metavar="FILE")
@click.pass_obj
def tee(piped: Piped, host: Path, force: bool) -> Any:
    """Write what comes into a file of this host and pass it on.

    The file holds what went past: a stage behind that wants no more ends it. It appears when the
    line has ended without an error; its ending chooses the format of rows.
    """
    piped.context.guest.protect(host)
    file = HostFile(host, overwrite=force, remedy=_REMEDY)
    file.open()
    assert piped.context.conversation is not None
    piped.context.conversation.on_finish(lambda well: file.close(keep=well))
    form = format_for(host, piped.context.settings.text("output"))
    return _copied(piped.result, form, file)


def _copied(result: Result, form: str, file: HostFile) -> Result:
    if isinstance(result, Blob):
        return replace(result, blocks=_copied_blocks(result.blocks, file))
    if isinstance(result, Records):
        passing: deque[Any] = deque()
        source = replace(result, rows=_noted(result.rows, passing))
        return replace(result, rows=_written(source, form, file, passing))
    if isinstance(result, Text):
        passing = deque()
        lines = _noted(result.lines, passing)
        return Text(_written(Text(lines), form, file, passing))
    return result


def _copied_blocks(blocks: Iterable[bytes], file: HostFile) -> Iterator[bytes]:
    for block in blocks:
        file.write(block)
        yield block


def _noted(rows: Iterable[Any], passing: deque[Any]) -> Iterator[Any]:
    for row in rows:
        passing.append(row)
        yield row


def _written(source: Result, form: str, file: HostFile, passing: deque[Any]) -> Iterator[Any]:
    for block in encoded(source, form):
        file.write(block)
        while passing:
            yield passing.popleft()
    while passing:
        yield passing.popleft()
