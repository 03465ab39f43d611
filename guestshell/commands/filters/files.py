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
from guestshell.errors import HostError
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
    assert piped.context.conversation is not None
    form = format_for(host, piped.context.settings.text("output"))
    copy = _Copy(HostFile(host, overwrite=force, remedy=_REMEDY), form)
    piped.context.conversation.on_finish(copy.finish)
    return copy.of(piped.result)


class _Copy:
    """What goes past, written into a file as it does."""

    def __init__(self, file: HostFile, form: str) -> None:
        self._file = file
        self._form = form
        self._passing: deque[Any] = deque()
        self._is_cut = False
        file.open()

    def of(self, result: Result) -> Result:
        """Give a result that writes itself while it is used."""
        if isinstance(result, Blob):
            return replace(result, blocks=self._blocks(result.blocks))
        if isinstance(result, Records):
            self._is_cut = (result.format or self._form) == "json"
            return replace(result, rows=self._rows(replace(result, rows=self._noted(result.rows))))
        if isinstance(result, Text):
            return Text(self._rows(Text(self._noted(result.lines))))
        return result

    def finish(self, well: bool) -> None:
        """End the file; raises HostError for one that would not be whole."""
        self._file.close(keep=well and not self._is_cut)
        if well and self._is_cut:
            raise HostError(
                f"{self._file.path}: not written, for a JSON document cannot end early",
                "a .jsonl file can",
            )

    def _blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._file.write(block)
            yield block

    def _noted(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            self._passing.append(row)
            yield row

    def _rows(self, source: Result) -> Iterator[Any]:
        for block in encoded(source, self._form):
            self._file.write(block)
            while self._passing:
                yield self._passing.popleft()
        self._is_cut = False
        while self._passing:
            yield self._passing.popleft()
