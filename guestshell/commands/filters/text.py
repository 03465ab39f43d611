"""Search and rewrite what comes: grep, jq."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from guestshell.commands.declaration import filter_command
from guestshell.commands.patterns import compile_pattern
from guestshell.commands.piped import Piped
from guestshell.errors import GuestShellError, HostError, UsageError
from guestshell.output.cells import columns_of
from guestshell.output.formats import json_text, plain_of
from guestshell.output.results import Records, Text

_MOST_JSON = 256 * 2**20
"""Bytes of a JSON text: it is parsed whole."""


@filter_command(examples=["cat /etc/passwd | grep -v nologin", "packages | grep -i 'ssh' | count"])
@click.option("-i", "--ignore-case", is_flag=True, help="Upper and lower case are the same.")
@click.option("-v", "--invert", is_flag=True, help="What does not fit.")
@click.option("-E", "--extended", is_flag=True, help="An extended expression: + ? | ( ) { }.")
@click.option("-F", "--fixed", is_flag=True, help="A plain string, not an expression.")
@click.argument("pattern")
@click.pass_obj
def grep(
    piped: Piped, pattern: str, ignore_case: bool, invert: bool, extended: bool, fixed: bool
) -> Records[Any] | Text:
    """Keep lines that fit a pattern, or rows of which a value shown does."""
    compiled = compile_pattern(pattern, extended=extended, fixed=fixed, ignore_case=ignore_case)
    if not isinstance(piped.result, Records):
        return Text(line for line in piped.lines() if (compiled.search(line) is not None) != invert)
    records = piped.records()
    columns = columns_of(records.type, records.columns, records.human_sizes)

    def fits(row: object) -> bool:
        texts = (_text(getattr(row, column.field), column.text) for column in columns)
        return any(compiled.search(text) for text in texts)

    return replace(records, rows=(row for row in records.rows if fits(row) != invert))


def _text(value: object, shown: Any) -> str:
    return value if isinstance(value, str) else str(shown(value))


@filter_command(
    examples=["ls /etc | jq .name", "packages | jq -r 'select(.size > 1000000) | .name'"]
)
@click.option("-c", "--compact", is_flag=True, help="One line a value.")
@click.option("-r", "--raw", is_flag=True, help="Texts without quotes.")
@click.argument("program")
@click.pass_obj
def jq(piped: Piped, program: str, compact: bool, raw: bool) -> Text:
    """Run a jq program on each row, or on each value of a JSON text.

    Rows that were asked for with -o json are one array."""
    try:
        import jq as binding
    except ImportError:
        raise HostError(
            "jq's Python binding is not installed", "pip install 'guestshell[jq]'"
        ) from None
    try:
        compiled = binding.compile(program)
    except ValueError as error:
        reason = str(error).partition("\n")[0].removeprefix("jq: error: ").rstrip(": ")
        raise UsageError(f"the jq program is malformed: {reason}") from None

    def values() -> Iterator[Any]:
        if isinstance(piped.result, Records) and piped.result.format != "json":
            plain = plain_of(piped.result.type)
            for row in piped.result.rows:
                yield from compiled.input_text(json.dumps(plain(row)))
        else:
            yield from compiled.input_text(_whole(piped.blocks()))

    def lines() -> Iterator[str]:
        try:
            for value in values():
                if raw and isinstance(value, str):
                    text = value
                else:
                    text = json_text(value, None if compact else 2, blanks=not compact)
                yield from text.split("\n")
        except ValueError as error:
            raise GuestShellError(f"jq: {str(error).partition(chr(10))[0]}") from None

    return Text(lines())


def _whole(blocks: Iterator[bytes]) -> str:
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > _MOST_JSON:
            raise GuestShellError(f"a JSON text over {_MOST_JSON >> 20} MiB is too large for jq")
    return data.decode("utf-8", "replace")
